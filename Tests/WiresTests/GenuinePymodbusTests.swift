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

/// Where the independent meters are: meters served by pymodbus, a Modbus stack that is not ours.
private enum Peers {
    /// A Python that has pymodbus; nil where none was named.
    static let python = ProcessInfo.processInfo.environment["TIDEGATE_PYMODBUS"]

    static let folder: URL = {
        let environment = ProcessInfo.processInfo.environment["TIDEGATE_SHARED"]
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let shared = environment.map { URL(filePath: $0) } ?? root.appending(path: "../shared")
        return shared.appending(path: "peers/modbus")
    }()

    static var areHere: Bool {
        python != nil
            && FileManager.default.fileExists(atPath: folder.appending(path: "meter_sim.py").path)
    }
}

/// An SDM120 as unit 1 and an SDM630 as unit 2, whose registers show 1000 × unit + address ÷ 100.
private final class GenuineMeters {
    enum Kind: String, CaseIterable, Sendable { case rtu, tcp, rtuOverTcp }

    let clock = ManualClock()
    let pool: ModbusBusPool
    private let folder: URL
    private let kind: Kind
    private let port: UInt16
    private var cable: PeerProcess?
    private var meters: PeerProcess?

    init(_ kind: Kind) throws {
        self.kind = kind
        folder = FileManager.default.temporaryDirectory
            .appending(component: "tidegate-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let line: Bus.Line
        switch kind {
        case .rtu:
            port = 0
            line = .serial(
                SerialSettings(
                    port: folder.appending(component: "gateway").path, baud: 9600, parity: .none,
                    stopBits: 1))
        case .tcp, .rtuOverTcp:
            port = try reservedPort()
            line = .tcp(host: "127.0.0.1", port: port, carriesRtu: kind == .rtuOverTcp)
        }
        pool = ModbusBusPool(
            [Bus(name: BusName(known: "bench"), line: line, gap: .milliseconds(20))], clock: clock)
        try fault("{}")
        try plugIn()
    }

    deinit {
        unplug()
        try? FileManager.default.removeItem(at: folder)
    }

    func plugIn() throws {
        let gateway = folder.appending(component: "gateway").path
        let far = folder.appending(component: "meters").path
        let near = kind == .rtu ? "pty,raw,echo=0,link=\(gateway)" : "tcp-listen:\(port),reuseaddr"
        if kind != .tcp {
            cable = try PeerProcess(
                "socat", ["-d", "-d", "pty,raw,echo=0,link=\(far)", near],
                readyAt: kind == .rtu ? "starting data transfer loop" : "listening on")
        }
        let place = kind == .tcp ? ["--tcp", "\(port)"] : ["--serial", far]
        meters = try PeerProcess(
            try #require(Peers.python),
            [Peers.folder.appending(path: "meter_sim.py").path] + place + [
                "--unit", "1:SDM120", "--unit", "2:SDM630", "--static", "--faults",
                folder.appending(component: "faults.json").path,
            ], readyAt: "\"ready\"")
    }

    /// Pulls the serial cable, or stops the TCP server.
    func unplug() {
        cable?.end()
        meters?.end()
    }

    /// Source: the faults that meter_sim.py describes at its top.
    func fault(_ json: String) throws {
        try Data(json.utf8).write(
            to: folder.appending(component: "faults.json"), options: .atomic)
    }

    func component(unit: Int, profile: String) throws -> Component {
        try Component.of(
            ModbusMeterDriver.self,
            #"{"bus": "bench", "unit": \#(unit), "profile": "\#(profile)"}"#)
    }

    func driver(_ component: Component) throws -> ModbusMeterDriver {
        let pool = pool
        return try ModbusMeterDriver(
            component: component,
            wiring: RealWiring(
                bus: { name throws(DriverError) in try pool.bus(name) }, files: SystemFiles(),
                clock: ManualClock(), stateDirectory: folder.path))
    }

    /// What every channel must show, in its own steps.
    static func truth(_ component: Component, unit: Int64) throws -> [Int64] {
        let map = try RegisterMap(component.settings)
        return try component.channels.map { channel in
            let register = try map.register(for: channel)
            let shown = DecimalNumber(
                mantissa: 100_000 * unit + Int64(register.address), exponent: -2)
            let scaled = try #require(shown.multiplied(by: register.scale))
            return try #require(scaled.nearestSteps(exponent: channel.exponent))
        }
    }
}

@Suite(
    "Genuine pymodbus meters", .ownThread, .serialized,
    .enabled(if: Peers.areHere, "TIDEGATE_PYMODBUS names no Python, or the peers are not there"))
struct GenuinePymodbusTests {
    @Test(arguments: GenuineMeters.Kind.allCases, [("SDM120", 1), ("SDM630", 2)])
    private func `every register of the profile shows its own value`(
        kind: GenuineMeters.Kind, meter: (model: String, unit: Int)
    ) throws {
        let meters = try GenuineMeters(kind)
        let component = try meters.component(
            unit: meter.unit, profile: "eastron-" + meter.model.lowercased())
        var driver = try meters.driver(component)
        let readings = try driver.read(component.channels, at: meters.clock.now).readings()
        let truth = try GenuineMeters.truth(component, unit: Int64(meter.unit))
        #expect(readings.count == (meter.model == "SDM120" ? 16 : 42))
        for (reading, truth) in zip(readings, truth) {
            #expect(reading.value == truth, "\(reading.channel)")
        }
        // One at a time as well, since a request of its own has a place of its own to go wrong.
        for (channel, truth) in zip(component.channels, truth) {
            #expect(
                try driver.read([channel], at: meters.clock.now).readings().map(\.value) == [truth],
                "\(channel.name)")
        }
    }

    @Test(arguments: ["SDM120", "SDM630"])
    func `the profile has the addresses and units of the peer's own table`(model: String) throws {
        let table = try String(
            contentsOf: Peers.folder.appending(path: "meters.py"), encoding: .utf8)
        let start = try #require(table.range(of: "\(model) = ["))
        let end = try #require(table[start.upperBound...].range(of: "\n]"))
        let rows = table[start.upperBound..<end.lowerBound]
            .matches(of: #/\((0x[0-9A-F]{4}), 2, F, "[a-z0-9_]+", "([A-Za-z]*)", 1\)/#)
            .map { "\($0.output.1) \($0.output.2)" }
        let settings = Settings(
            try #require(
                JsonParser.parse(
                    Array(#"{"profile": "eastron-\#(model.lowercased())"}"#.utf8)
                ).document), described: ModbusMeterDriver.description.settings)
        let ours = try RegisterMap(settings).registers.map { register in
            let digits = String(register.address, radix: 16, uppercase: true)
            let unit: String =
                switch register.channel.unit {
                case .wattHour: "kWh"
                case .varHour: "kvarh"
                case .degree: "deg"
                default: register.channel.unit.symbol
                }
            #expect(register.scale.nearestSteps(exponent: 0) == (unit.hasPrefix("k") ? 1000 : 1))
            return "0x" + String(repeating: "0", count: 4 - digits.count) + digits + " " + unit
        }
        #expect(!rows.isEmpty)
        #expect(ours == rows)
    }

    @Test(
        arguments: [GenuineMeters.Kind.rtu, .rtuOverTcp],
        [
            (#"{"silent": [1]}"#, DriverError.Kind.timeout),
            (#"{"crc": [1]}"#, .malformedReply), (#"{"truncate": [1]}"#, .timeout),
            (#"{"exception": [1]}"#, .busy), (#"{"delay": {"1": 0.7}}"#, .timeout),
        ])
    private func `a fault is one clear error, and the meter is good again after it`(
        wire: GenuineMeters.Kind, fault: (json: String, kind: DriverError.Kind)
    ) throws {
        let meters = try GenuineMeters(wire)
        let component = try meters.component(unit: 1, profile: "eastron-sdm120")
        let truth = try GenuineMeters.truth(component, unit: 1)
        var driver = try meters.driver(component)
        #expect(
            try driver.read(component.channels, at: meters.clock.now).readings().map(\.value)
                == truth)
        try meters.fault(fault.json)
        let error = #expect(throws: DriverError.self) {
            try driver.read(component.channels, at: meters.clock.now).readings()
        }
        #expect(error?.kind == fault.kind, "\(String(describing: error))")
        try meters.fault("{}")
        // A reply that is late may spoil the rounds that it falls into, never a value.
        var rounds: [Bool] = []
        for _ in 0..<6 {
            let readings = try? driver.read(component.channels, at: meters.clock.now).readings()
            if let readings { #expect(readings.map(\.value) == truth) }
            rounds.append(readings != nil)
        }
        #expect(rounds.suffix(2) == [true, true], "\(rounds)")
        if !fault.json.contains("delay") { #expect(!rounds.contains(false), "\(rounds)") }
    }

    @Test func `a meter that is late again and again never shows a wrong value`() throws {
        let meters = try GenuineMeters(.rtu)
        let component = try meters.component(unit: 1, profile: "eastron-sdm120")
        let truth = try GenuineMeters.truth(component, unit: 1)
        var driver = try meters.driver(component)
        try meters.fault(#"{"delay": {"1": 0.7}}"#)
        var bad = 0
        for round in 0..<10 {
            // Channels whose registers are asked for with the same number of words.
            let index = round % 2 == 0 ? 0 : 2
            do throws(DriverError) {
                let readings = try driver.read(
                    [component.channels[index]], at: meters.clock.now
                ).readings()
                #expect(readings.map(\.value) == [truth[index]])
            } catch {
                bad += 1
            }
        }
        #expect(bad > 0)
    }

    @Test func `a silent meter leaves its neighbour's values alone`() throws {
        let meters = try GenuineMeters(.rtu)
        let silent = try meters.component(unit: 1, profile: "eastron-sdm120")
        let good = try meters.component(unit: 2, profile: "eastron-sdm630")
        var drivers = (try meters.driver(silent), try meters.driver(good))
        try meters.fault(#"{"silent": [1]}"#)
        for _ in 0..<3 {
            #expect(throws: DriverError.self) {
                try drivers.0.read(silent.channels, at: meters.clock.now).readings()
            }
            #expect(
                try drivers.1.read(good.channels, at: meters.clock.now).readings().map(\.value)
                    == GenuineMeters.truth(good, unit: 2))
        }
    }

    @Test(arguments: GenuineMeters.Kind.allCases)
    private func `a line that was pulled is reported, and goes on when it is back`(
        kind: GenuineMeters.Kind
    ) throws {
        let meters = try GenuineMeters(kind)
        let component = try meters.component(unit: 1, profile: "eastron-sdm120")
        let truth = try GenuineMeters.truth(component, unit: 1)
        var driver = try meters.driver(component)
        #expect(
            try driver.read(component.channels, at: meters.clock.now).readings().map(\.value)
                == truth)
        meters.unplug()
        for _ in 0..<2 {
            let error = #expect(throws: DriverError.self) {
                try driver.read(component.channels, at: meters.clock.now).readings()
            }
            #expect(error?.kind == .notConnected, "\(String(describing: error))")
        }
        try meters.plugIn()
        #expect(
            try driver.read(component.channels, at: meters.clock.now).readings().map(\.value)
                == truth)
    }
}
