import Fakes
import Health
import Testing
import Vocabulary

@testable import Codecs
@testable import Mqtt
@testable import PlainJson

/// What a small gateway says and obeys.
extension PlainCodec {
    /// For times that are sure.
    func live(_ reading: Reading, at: WallTime) -> [MqttMessage] {
        live(reading, at: Timestamp(wall: at, monotonic: MonotonicInstant(nanoseconds: 0)))
    }
}

/// The codec of the small gateway that tests share.
typealias House = SampleGateway

extension House {
    static let codec = PlainCodec(profile: profile, upstream: UpstreamName("site"))
}

struct PlainCodecTests {
    let codec = House.codec

    @Test func `the last will says lost, the status online and at the end offline`() {
        #expect(codec.will?.topic == "tidegate/d1.demo.house1/status")
        #expect(codec.will?.isRetained == true && codec.will?.qos == .atLeastOnce)
        #expect(
            codec.will?.text.hasPrefix(
                #"{"state":"offline","cause":"connection lost","incarnation":"i7","at":null,"#)
                == true)
        #expect(
            codec.birth(at: House.now).map(\.topic) == ["tidegate/d1.demo.house1/birth"])
        for (state, word) in [(LinkStatus.State.connected, "online"), (.closed, "offline")] {
            let own = LinkStatus(
                who: "d1.demo.house1", incarnation: "i7", sequence: 1, state: state,
                interval: .seconds(10))
            let said = codec.status(own, links: [], queues: [], at: House.now)
            #expect(said.map(\.isRetained) == [true])
            #expect(said.first?.text.hasPrefix(#"{"state":"\#(word)","incarnation":"i7","#) == true)
        }
    }

    @Test func `the birth names every node and channel`() throws {
        let birth = try #require(codec.birth(at: House.now).first)
        #expect(birth.isRetained && birth.qos == .atLeastOnce)
        #expect(
            birth.text.contains(
                #"{"name":"tank","kind":"sensor","title":"The \"tank\"","driver":"pretend","#
                    + #""simulated":true,"channels":[{"name":"tank-top","unit":"celsius","#
                    + #""symbol":"°C","exponent":-3,"source":"level","pollPeriod":0.5,"#
                    + #""capturePeriod":60,"captureDelta":0.5}]}"#))
    }

    @Test func `a birth that is too large leaves out titles, then channels, then nodes`() throws {
        let whole = try #require(codec.birth(at: House.now).first)
        let reader = PlainReader()
        var seen: [String] = []
        for limit in stride(from: whole.packetSize, through: 0, by: -1) {
            let birth = try #require(codec.birth(at: House.now, within: limit).first)
            #expect(birth.packetSize <= limit || birth.text.contains(#""nodes":[]"#))
            guard seen.last != birth.text else { continue }
            seen.append(birth.text)
            guard case .birth(let profile)? = reader.read(birth)?.matter else {
                Issue.record("cannot be read: \(birth.text)")
                return
            }
            #expect(profile.incarnation == "i7")
            #expect(birth.text.contains("leftOut") == (seen.count > 1))
            switch seen.count {
            case 1: #expect(profile.nodes.map(\.title) == House.profile.nodes.map(\.title))
            case 2: #expect(profile.nodes.map(\.channels.count) == [1, 1, 1])
            case 3: #expect(profile.nodes.map(\.name) == House.profile.nodes.map(\.name))
            default: #expect(profile.nodes == [])
            }
        }
        #expect(seen.count == 4)
    }

    @Test func `a status or a list of faults that is too large says what it leaves out`() throws {
        let own = LinkStatus(
            who: "d1.demo.house1", incarnation: "i7", sequence: 1, state: .connected,
            interval: .seconds(10))
        let queues = (0..<20).map { QueueStatus(name: "q\($0)", counts: [:]) }
        func status(_ limit: Int) -> MqttMessage? {
            codec.status(
                own, links: Array(repeating: own, count: 20), queues: queues, at: House.now,
                within: limit
            ).first
        }
        let whole = try #require(status(.max))
        let shorter = try #require(status(whole.packetSize - 1))
        #expect(shorter.text.contains(#""leftOut":["queues"]"#))
        let shortest = try #require(status(shorter.packetSize - 1))
        #expect(shortest.text.contains(#""leftOut":["queues","links"]"#))
        #expect(shortest.packetSize < 600)
        let faults = (0..<100).map { number in
            ActiveFault(
                node: House.tank,
                fault: Fault(kind: .timeout, isOn: true, detail: "number \(number)"),
                since: House.now)
        }
        let list = try #require(codec.activeFaults(faults, at: House.now, within: 4_000).first)
        #expect(list.packetSize <= 4_000)
        guard case .activeFaults(let told)? = PlainReader().read(list)?.matter else {
            Issue.record("cannot be read")
            return
        }
        #expect(told == Array(faults.prefix(told.count)) && told.count > 10)
        #expect(list.text.contains(#""leftOut":\#(100 - told.count)"#))
    }

    @Test func `a live value is exact and retained`() throws {
        let reading = Reading(channel: House.tankTop, value: 21_500)
        let message = try #require(codec.live(reading, at: House.now).first)
        let doubtful = Timestamp(
            wall: House.now, monotonic: .init(nanoseconds: 0), isSynchronised: false)
        let doubt = try #require(codec.live(reading, at: doubtful).first)
        #expect(doubt.text == message.text.dropLast() + #","synchronised":false}"#)
        #expect(!message.text.contains("synchronised"))
        #expect(message.topic == "tidegate/d1.demo.house1/live/tank-top")
        #expect(message.isRetained && message.qos == .atLeastOnce)
        #expect(
            message.text
                == #"{"channel":"tank-top","node":"tank","value":21.5,"steps":21500,"#
                + #""exponent":-3,"unit":"celsius","time":1795234927250000000,"#
                + #""iso":"2026-11-21T04:22:07.250000000Z","quality":"good"}"#)
    }

    @Test func `a channel that is not known any more is deleted from what is retained`() {
        let messages = codec.clear(House.tankTop)
        #expect(messages.map(\.topic) == ["tidegate/d1.demo.house1/live/tank-top"])
        #expect(messages.map(\.payload) == [[]] && messages.map(\.isRetained) == [true])
    }

    @Test func `a switch says on or off beside its number`() throws {
        let on = codec.live(Reading(channel: House.heaterState, value: 1), at: House.now)
        #expect(on.first?.text.contains(#""value":1,"state":"on","steps":1,"#) == true)
    }

    @Test(arguments: [(Quality.stale, "last"), (.bad, "rejected")])
    func `a value that is not good is null, and stands under another name`(
        quality: Quality, name: String
    ) {
        let reading = Reading(channel: House.tankTop, value: 85_000, quality: quality)
        let text = codec.live(reading, at: House.now).first?.text ?? ""
        #expect(text.contains(#""value":null,"steps":null,"#))
        #expect(text.contains(#""quality":"\#(quality.rawValue)","\#(name)":85}"#))
    }

    @Test func `history carries its place in the journal and is not retained`() {
        let entry = House.entry(
            42, House.tank,
            .readings([
                Reading(channel: House.tankTop, value: -1),
                Reading(channel: DataChannelName("gone"), value: 1),
            ]))
        let messages = codec.history(entry)
        #expect(messages.map(\.topic) == ["tidegate/d1.demo.house1/readings/tank-top"])
        #expect(messages.map(\.isRetained) == [false] && messages.map(\.qos) == [.atLeastOnce])
        #expect(messages.first?.text.contains(#""value":-0.001,"steps":-1,"#) == true)
        #expect(messages.first?.text.hasSuffix(#""quality":"good","sequence":42}"#) == true)
    }

    @Test func `fault is reported once and listed while it stands`() {
        let fault = Fault(
            channel: House.tankTop, kind: .timeout, isOn: true, detail: "no reply\nat all")
        let told = codec.history(House.entry(7, House.tank, .fault(fault)))
        let body =
            #""node":"tank","channel":"tank-top","kind":"timeout","active":true,"#
            + #""detail":"no reply\nat all","time":1795234927250000000,"#
            + #""iso":"2026-11-21T04:22:07.250000000Z""#
        #expect(told.map(\.topic) == ["tidegate/d1.demo.house1/fault/tank"])
        #expect(told.map(\.text) == [#"{\#(body),"sequence":7}"#])
        let activeFaults = codec.activeFaults(
            [ActiveFault(node: House.tank, fault: fault, since: House.now)], at: House.now)
        #expect(activeFaults.map(\.topic) == ["tidegate/d1.demo.house1/faults"])
        #expect(activeFaults.map(\.isRetained) == [true])
        #expect(activeFaults.first?.text.hasSuffix(#""faults":[{\#(body)}]}"#) == true)
    }

    @Test func `answers go where the requester waits, with what the requester gave`() {
        let reply = Reply(topic: "answers/me", correlationData: [1, 2])
        // A second after the device confirmed it.
        let at = Timestamp(
            wall: House.now.advanced(by: .seconds(1)),
            monotonic: MonotonicInstant(nanoseconds: 1_000_000_001))
        let confirmed = codec.answer(
            .confirmed(1, at: MonotonicInstant(nanoseconds: 1)), id: House.id,
            node: House.heater, to: reply, at: at)[0]
        #expect(confirmed.topic == "answers/me" && confirmed.correlationData == [1, 2])
        #expect(!confirmed.isRetained)
        #expect(
            confirmed.text
                == #"{"id":"c1","node":"heater","outcome":"confirmed","value":1,"state":"on","#
                + #""steps":1,"exponent":0,"unit":"onOff","time":1795234927250000000,"#
                + #""iso":"2026-11-21T04:22:07.250000000Z","quality":"good","simulated":true,"#
                + #""detail":null}"#)
        let late = codec.answer(
            .timedOut("no answer within 5 s"), id: House.id, node: House.heater, to: reply,
            at: at)[0]
        #expect(
            late.text
                == #"{"id":"c1","node":"heater","outcome":"timedOut","value":null,"steps":null,"#
                + #""time":1795234928250000000,"iso":"2026-11-21T04:22:08.250000000Z","#
                + #""detail":"no answer within 5 s"}"#)
    }

    @Test(arguments: [
        (21_500, -3, "21.5"), (21_000, -3, "21"), (0, -3, "0"), (-5, -1, "-0.5"), (12, 2, "1200"),
        (100, 0, "100"), (.max, -18, "9.223372036854775807"), (.min, 0, "-9223372036854775808"),
    ])
    func `numbers are written without zeros that say nothing`(
        mantissa: Int64, exponent: Int, text: String
    ) {
        #expect(DecimalNumber(mantissa: mantissa, exponent: exponent).shortest == text)
    }
}
