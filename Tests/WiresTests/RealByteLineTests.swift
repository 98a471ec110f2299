import Conformance
import DriverKit
import Drivers
import Fakes
import Foundation
import Glibc
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Wires

/// A driver on a real line, with a simulated meter's bytes at its other end.
private final class MeterPortBench {
    let port: SimulatedMeterPort
    let wiring: RealWiring
    let clock = ManualClock()
    let settings: String
    private let folder: URL

    init(
        _ isTcp: Bool, _ telegram: [UInt8], every pause: Duration = .milliseconds(150)
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(component: "tidegate-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let link = folder.appending(component: "ttyMETER").path
        port = try SimulatedMeterPort(
            isTcp ? .tcp : .terminal(link: link), RecordedMeter([telegram]), every: pause)
        switch port.address {
        case .serial(let path): settings = #"{"port": "\#(path)"}"#
        case .tcp(let host, let number):
            settings = #"{"host": "\#(host)", "tcpPort": \#(number)}"#
        }
        wiring = RealWiring(
            bus: { (bus: BusName) throws(DriverError) -> any ModbusBus in
                throw DriverError(.invalidComponent, "bus \(bus): there is none here")
            }, files: SystemFiles(root: folder.path), clock: clock,
            stateDirectory: "/nowhere")
    }

    deinit {
        port.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    func driver(_ sources: [String]) throws -> (SmlMeterDriver, [DataChannel]) {
        let component = try Component.of(SmlMeterDriver.self, settings, sources: sources)
        return (try SmlMeterDriver(component: component, wiring: wiring), component.channels)
    }
}

@Suite(.ownThread) struct RealByteLineTests {
    private let telegram = SmlWriter.telegram([
        SmlWriter.Entry(code: "1-0:16.7.0", unit: 27, scaler: 0, value: -42)
    ])

    @Test(arguments: [false, true])
    func `a meter that sends by itself is read on a terminal and over TCP`(isTcp: Bool) throws {
        let bench = try MeterPortBench(isTcp, telegram)
        var (driver, channels) = try bench.driver(["power-active"])
        for _ in 0..<3 {
            let answers = try driver.read(channels, at: MonotonicInstant(nanoseconds: 0))
            #expect(try answers.readings().map(\.value) == [-4200])
        }
    }

    @Test(arguments: [false, true])
    func `a line that was pulled is not connected, and good again when it is back`(isTcp: Bool)
        throws
    {
        let bench = try MeterPortBench(isTcp, telegram)
        var (driver, channels) = try bench.driver(["power-active"])
        let at = MonotonicInstant(nanoseconds: 0)
        _ = try driver.read(channels, at: at)
        bench.port.unplug()
        let error = #expect(throws: DriverError.self) { try driver.read(channels, at: at) }
        #expect(error?.kind == .notConnected)
        try bench.port.plugIn()
        #expect(try driver.read(channels, at: at).readings().map(\.value) == [-4200])
    }

    @Test func `a silent line is a timeout after its limit`() throws {
        let bench = try MeterPortBench(false, telegram, every: .seconds(60))
        let settings = String(bench.settings.dropLast()) + #", "timeout": "200ms"}"#
        let component = try Component.of(
            SmlMeterDriver.self, settings, sources: ["power-active"])
        var driver = try SmlMeterDriver(component: component, wiring: bench.wiring)
        let error = #expect(throws: DriverError.self) {
            try driver.read(component.channels, at: MonotonicInstant(nanoseconds: 0))
        }
        #expect(error == DriverError(.timeout, "nothing came from ttyMETER within 200ms"))
    }

    @Test func `a line that never ends is read no longer than its limit and a late thread's time`()
        throws
    {
        let bench = try MeterPortBench(true, telegram, every: .milliseconds(1))
        let line = try bench.wiring.byteLine(bench.port.address)
        let mode = try #require(SerialMode(baud: 9600, format: "8N1"))
        try line.use(mode, for: "a test") { stream throws(DriverError) in
            stream.limit(.seconds(10))
            _ = try stream.receive()
            // More comes in meanwhile.
            stream.pause(.milliseconds(200))
            bench.clock.advance(by: .milliseconds(10_500))
            let late = try stream.receive()
            #expect(!late.isEmpty)
            stream.pause(.milliseconds(200))
            bench.clock.advance(by: .milliseconds(500))
            let after = try stream.receive()
            #expect(after.isEmpty)
        }
    }

    @Test func `a silent connection is made again, for its host may have gone without a word`()
        throws
    {
        let listener = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        let port = try reservedPort()
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isBound && listen(listener, 8) == 0)
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        let bench = try MeterPortBench(false, telegram)
        let component = try Component.of(
            SmlMeterDriver.self,
            #"{"host": "127.0.0.1", "tcpPort": \#(port), "timeout": "100ms"}"#)
        var driver = try SmlMeterDriver(component: component, wiring: bench.wiring)
        for _ in 0..<2 {
            let error = #expect(throws: DriverError.self) {
                try driver.read(component.channels, at: MonotonicInstant(nanoseconds: 0))
            }
            #expect(error?.kind == .timeout)
        }
        let connections = (0..<8).map { _ in accept(listener, nil, nil) }.filter { $0 >= 0 }
        #expect(connections.count == 2)
        for connection in connections { close(connection) }
    }

    @Test func `a port takes seven bits and even parity, and no speed that there is not`() throws {
        let bench = try MeterPortBench(false, telegram)
        let line = try bench.wiring.byteLine(bench.port.address)
        let mode = try #require(SerialMode(baud: 300, format: "7E1"))
        try line.use(mode, for: "a test") { stream throws(DriverError) in
            try stream.send(Array("/?!\r\n".utf8))
        }
        let odd = try #require(SerialMode(baud: 301, format: "8N1"))
        let error = #expect(throws: DriverError.self) {
            try line.use(odd, for: "a test") { _ throws(DriverError) in }
        }
        #expect(error?.detail == "ttyMETER does not take 301 baud: Invalid argument")
    }

    @Test func `what is no terminal, and what is not there, is named by its path`() throws {
        let bench = try MeterPortBench(false, telegram)
        for path in ["/dev/null", "/dev/ttyNONE"] {
            let line = try bench.wiring.byteLine(.serial(port: path))
            let mode = try #require(SerialMode(baud: 9600, format: "8N1"))
            let error = #expect(throws: DriverError.self) {
                try line.use(mode, for: "a test") { _ throws(DriverError) in }
            }
            #expect(error?.kind == .notConnected)
            #expect(error?.detail.contains(path) == true)
        }
    }

    @Test func `nodes with the same address share one line, and the last one closes it`() throws {
        let bench = try MeterPortBench(false, telegram)
        var (one, channels) = try bench.driver(["power-active"])
        var (two, _) = try bench.driver(["power-active"])
        let at = MonotonicInstant(nanoseconds: 0)
        _ = try one.read(channels, at: at)
        _ = try two.read(channels, at: at)
        #expect(
            try bench.wiring.byteLine(bench.port.address)
                === bench.wiring.byteLine(bench.port.address))
    }
}
