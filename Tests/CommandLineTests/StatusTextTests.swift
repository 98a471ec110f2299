import Codecs
import Fakes
import Health
import PlainJson
import Testing
import Vocabulary

@testable import CommandLine

@Suite struct `A status in words` {
    private let now = Timestamp(
        wall: WallTime(nanoseconds: 1_000_000_000_000), monotonic: MonotonicInstant(nanoseconds: 0))
    private let profile = GatewayProfile(
        gateway: "d1.a.scada", incarnation: "1",
        nodes: [
            NodeProfile(
                name: "meter", kind: .meter, title: "meter", driver: "modbus-meter",
                isSimulated: false,
                channels: [
                    DataChannel(
                        name: "meter-energy", node: "meter", source: "energy", unit: .wattHour,
                        exponent: 1, pollPeriod: .seconds(1),
                        capture: CaptureRule(period: .seconds(60), delta: nil))
                ])
        ])

    private func link(_ who: String, _ state: LinkStatus.State, cause: String? = nil) -> LinkStatus
    {
        LinkStatus(
            who: who, incarnation: "1", sequence: 1, state: state, interval: .seconds(10),
            counts: [.received: 3, .sent: 4], cause: cause)
    }

    private func lines(_ quality: Quality) throws -> [String] {
        let text = PlainDocuments(of: profile).report(
            PlainStatus(
                own: link("d1.a.scada", .connected),
                links: [
                    link("house", .unreachable, cause: "connection refused"),
                    link("driver meter", .connected),
                ], at: now.wall),
            [
                ActiveFault(
                    node: "pump",
                    fault: Fault(kind: .command, isOn: true, detail: "it is stuck"),
                    since: now.wall)
            ],
            [
                LiveValue(
                    node: "meter",
                    reading: Reading(channel: "meter-energy", value: 123_456, quality: quality),
                    at: now)
            ])
        let report = try #require(PlainReader().report(in: text))
        return StatusText(report: report).lines(in: LiveTable.Window(width: 80), at: now)
    }

    @Test func `has links with their reasons, values as people read them, and faults`() throws {
        let lines = try lines(.good)
        #expect(lines.first == "gateway d1.a.scada: online")
        let house = try #require(lines.first { $0.hasPrefix("house ") })
        #expect(house.contains("unreachable") && house.hasSuffix("connection refused"))
        #expect(!lines.contains { $0.contains("driver meter") })
        #expect(lines.contains { $0.contains("1234.6 kWh") && $0.contains("good") })
        #expect(lines.contains("1 active fault"))
        #expect(lines.last?.hasSuffix("it is stuck") == true)
    }

    @Test func `shows no number for what is not a number`() throws {
        #expect(!(try lines(.bad)).contains { $0.contains("kWh") })
        #expect(try lines(.stale).contains { $0.contains("1234.6 kWh") && $0.contains("stale") })
    }

    @Test func `is none of anything else`() {
        for text in ["", "{}", "[1]", #"{"refused": "no"}"#, #"{"gateway": "d1.a.scada"}"#] {
            #expect(PlainReader().report(in: Array(text.utf8)) == nil)
        }
    }
}
