import Conformance
import Documents
import DriverKit
import Drivers
import Fakes
import Foundation
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Wires

/// Where the server stands that has every profile, made by pymodbus and by Python alone.
private enum ProfileServer {
    /// A Python that has pymodbus; nil where none was named.
    static let python = ProcessInfo.processInfo.environment["TIDEGATE_PYMODBUS"]
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What each channel of a profile must show.
    struct Truth: Decodable {
        let unit: Int
        let steps: [String: String]
    }
}

@Suite(
    "Profiles and genuine pymodbus", .ownThread, .serialized,
    .enabled(if: ProfileServer.python != nil, "TIDEGATE_PYMODBUS names no Python"))
struct ProfilePymodbusTests {
    private static let bus = BusName(known: "bench")

    private func component(_ profile: String, unit: Int) throws -> Component {
        let described = ModbusMeterDriver.description.settings
        let text =
            #"{"bus": "bench", "unit": \#(unit), "profile": "\#(profile)", "replyTimeout": "5s"}"#
        let settings = Settings(
            try #require(JsonParser.parse(Array(text.utf8)).document), described: described)
        return Component(
            name: ComponentName(known: "device"), model: ModbusMeterDriver.model,
            settings: settings,
            channels: try ModbusMeterDriver.channels(offeredWith: settings).map {
                DataChannel(
                    name: try #require(DataChannelName($0.source)),
                    node: ShNodeName(known: "device"), source: $0.source, unit: $0.unit,
                    exponent: $0.exponent, pollPeriod: $0.pollPeriod,
                    capture: CaptureRule(period: $0.capturePeriod, delta: nil))
            })
    }

    /// What every channel of one profile shows beside what it must, when all are read at once and when
    /// each is read alone.
    private func wrongValues(
        _ profile: String, _ truth: ProfileServer.Truth, _ wiring: any Wiring
    ) throws -> (count: Int, wrong: [String]) {
        let component = try component(profile, unit: truth.unit)
        var driver = try ModbusMeterDriver(component: component, wiring: wiring)
        let now = ManualClock().now
        var wrong: [String] = []
        func compare(_ readings: [Reading]) {
            for (channel, reading) in zip(component.channels, readings)
            where truth.steps[channel.source] != "\(reading.value)" {
                let right = truth.steps[channel.source] ?? "nothing"
                wrong.append("\(profile) \(channel.source): \(reading.value), must be \(right)")
            }
        }
        compare(try driver.read(component.channels, at: now).readings())
        compare(
            try component.channels.flatMap { try driver.read([$0], at: now).readings() })
        if component.channels.count != truth.steps.count {
            wrong.append(
                "\(profile): \(component.channels.count) of \(truth.steps.count) registers")
        }
        return (component.channels.count, wrong)
    }

    @Test func `show the value of every register, over one connection`() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(component: "tidegate-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // A port that was free a moment ago.
        let free = try SimulatedModbusServer(.tcp, units: [:])
        free.stop()
        guard case .tcp(_, let port, _) = free.line else { throw PeerFailure(what: "no port") }
        let file = folder.appending(component: "truth.json")
        let server = try PeerProcess(
            try #require(ProfileServer.python),
            [
                ProfileServer.root.appending(path: "Tests/RealInput/modbus-profiles.py").path,
                ProfileServer.root.appending(path: "profiles").path, "\(port)", file.path,
            ], readyAt: "ready")
        defer { server.end() }
        var truths = try JSONDecoder().decode(
            [String: ProfileServer.Truth].self, from: Data(contentsOf: file))
        let device = truths.removeValue(forKey: "sunspec")
        let sunspec = try #require(device)
        #expect(truths.keys.sorted() == DeviceProfile.builtInNames)
        let clock = ManualClock()
        let pool = ModbusBusPool([Bus(name: Self.bus, line: free.line, gap: .zero)], clock: clock)
        let wiring = RealWiring(
            bus: { name throws(DriverError) in try pool.bus(name) }, files: SystemFiles(),
            clock: clock, stateDirectory: folder.path)
        var count = 0
        var wrong: [String] = []
        for (profile, truth) in truths.sorted(by: { $0.key < $1.key }) {
            let found = try wrongValues(profile, truth, wiring)
            count += found.count
            wrong += found.wrong
        }
        let inverter = try Component.of(
            SunspecDriver.self,
            #"{"bus": "bench", "unit": \#(sunspec.unit), "device": "inverter"}"#)
        var driver = try SunspecDriver(component: inverter, wiring: wiring)
        let readings = try driver.read(inverter.channels, at: clock.now).readings()
        #expect(
            Dictionary(
                uniqueKeysWithValues: zip(
                    inverter.channels.map(\.source), readings.map { "\($0.value)" }))
                == sunspec.steps)
        print("\(truths.count) profiles, \(count) registers, \(wrong.count) wrong values")
        #expect(wrong == [])
        #expect(count > 1_000)
    }
}
