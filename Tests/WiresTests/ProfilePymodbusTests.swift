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

/// What each channel of a device must show.
private struct Truth: Decodable {
    let unit: Int
    let steps: [String: String]
}

@Suite(
    "Profiles and genuine pymodbus", .ownThread, .serialized,
    .enabled(if: ProfileServer.python != nil, "TIDEGATE_PYMODBUS names no Python"))
struct ProfilePymodbusTests {
    private static let bus = BusName(known: "bench")

    /// What every channel of one profile shows beside what it must, when all are read at once and when
    /// each is read alone.
    private func wrongValues(
        _ profile: String, _ truth: Truth, _ wiring: any Wiring
    ) throws -> (count: Int, wrong: [String]) {
        let component = try Component.of(
            ModbusMeterDriver.self,
            #"{"bus": "bench", "unit": \#(truth.unit), "profile": "\#(profile)", "replyTimeout": "5s"}"#
        )
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
        let file = folder.appending(component: "truth.json")
        let server = try ProfileServer(truth: file.path)
        defer { server.end() }
        var truths = try JSONDecoder().decode(
            [String: Truth].self, from: Data(contentsOf: file))
        let device = truths.removeValue(forKey: "sunspec")
        let sunspec = try #require(device)
        #expect(truths.keys.sorted() == DeviceProfile.builtInNames)
        let clock = ManualClock()
        let pool = ModbusBusPool([Bus(name: Self.bus, line: server.line, gap: .zero)], clock: clock)
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
