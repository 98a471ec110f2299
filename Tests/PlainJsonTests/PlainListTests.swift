import Codecs
import Fakes
import Testing
import Vocabulary

@testable import PlainJson

@Suite struct `Lists in plain JSON` {
    private let documents = PlainDocuments(of: SampleGateway.profile)
    private let now = Timestamp(
        wall: SampleGateway.now, monotonic: MonotonicInstant(nanoseconds: 1))

    @Test func `a record becomes the messages that it has upstream`() {
        let readings = [
            Reading(channel: SampleGateway.tankTop, value: 21_500),
            Reading(channel: "removed-meanwhile", value: 1),
        ]
        let entry = SampleGateway.entry(7, SampleGateway.tank, .readings(readings))
        let messages = documents.messages(of: entry)
        #expect(messages.map(\.topic) == ["readings/tank-top"])
        let text = String(decoding: messages[0].message, as: UTF8.self)
        #expect(text.contains(#""value":21.5"#) && text.contains(#""sequence":7"#), "\(text)")

        let fault = Fault(kind: .timeout, isOn: true, detail: "no reply")
        let fact = SampleGateway.entry(8, SampleGateway.tank, .fault(fault))
        #expect(documents.messages(of: fact).map(\.topic) == ["fault/tank"])
        let event = SampleGateway.entry(
            9, .gateway, .event(GatewayEvent(.started, detail: "i7")))
        #expect(documents.messages(of: event).map(\.topic) == ["events"])
    }

    @Test func `a node has its own faults and values`() {
        let values = [
            LiveValue(
                node: SampleGateway.heater,
                reading: Reading(channel: SampleGateway.heaterState, value: 1), at: now)
        ]
        let faults = [SampleGateway.heater, SampleGateway.tank].map { node in
            ActiveFault(
                node: node, fault: Fault(kind: .timeout, isOn: true, detail: "of \(node)"),
                since: SampleGateway.now)
        }
        let text = String(
            decoding: documents.text(
                SampleGateway.profile.nodes[0], nil, faults, values, at: now
            ).bytes, as: UTF8.self)
        for part in [
            #""name":"heater""#, #""control":null"#, #""state":"on""#, "of heater",
            #""unit":"onOff""#,
        ] { #expect(text.contains(part), "\(part): \(text)") }
        #expect(!text.contains("of tank"))
    }
}
