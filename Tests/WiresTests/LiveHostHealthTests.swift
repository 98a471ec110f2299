import Conformance
import DriverKit
import Drivers
import TestMachine
import Testing
import Vocabulary
import Wires

/// The host's health over the live `/proc` of the machine that tests.
@Suite(.ownThread) struct LiveHostHealthTests {
    private let files = SystemFiles()
    private let now = MonotonicInstant(nanoseconds: 0)

    @Test func `every channel is read from the running machine`() throws {
        let hasPressure = (try? files.names(in: "/proc/pressure")) != nil
        let component = try Component.of(HostHealthDriver.self, #"{"pressure": \#(hasPressure)}"#)
        #expect(
            SensorConformance.broken(
                by: HostHealthDriver.self, component, RealWiring.only(files), at: now) == [])
    }

    @Test(arguments: [
        ("load-1", "/proc/loadavg", 0), ("load-5", "/proc/loadavg", 1),
        ("load-15", "/proc/loadavg", 2), ("uptime", "/proc/uptime", 0),
    ])
    func `a number equals the file's at that moment`(
        _ source: String, path: String, word: Int
    ) throws {
        try expectSame(source, exponent: -2) {
            DecimalNumber(try self.files.text(of: path).split { $0.isWhitespace }[word])
        }
    }

    @Test(arguments: [("memory-total", "MemTotal"), ("memory-available", "MemAvailable")])
    func `memory equals the kernel's at that moment`(_ source: String, entry: String) throws {
        try expectSame(source, exponent: 0) {
            let line = try #require(
                self.files.text(of: "/proc/meminfo").split(separator: "\n")
                    .first { $0.hasPrefix("\(entry):") })
            return Int64(line.split(separator: " ")[1]).map { DecimalNumber(mantissa: $0 * 1_024) }
        }
    }

    @Test func `the disk's space equals the kernel's`() throws {
        try expectSame("disk-free", exponent: 0) {
            DecimalNumber(mantissa: try self.files.space(at: "/").available)
        }
    }

    /// The driver must once read just what the file showed both before and after it.
    ///
    /// The machine goes on meanwhile, so that a value may move between the looks. It does not in
    /// nearly all of a thousand tries, and a wrong value agrees in none.
    private func expectSame(
        _ source: String, exponent: Int, _ look: () throws -> DecimalNumber?
    ) throws {
        let component = try Component.of(
            HostHealthDriver.self, #"{"pressure": false}"#, sources: [source])
        var driver = try HostHealthDriver(component: component, wiring: RealWiring.only(files))
        for _ in 0..<1_000 {
            let before = try #require(try look()).wholeSteps(exponent: exponent)
            let value = try driver.read(component.channels, at: now).readings().map { $0.value }
            let after = try #require(try look()).wholeSteps(exponent: exponent)
            if before == after, value == [try #require(before)] { return }
        }
        Issue.record("\(source): never what the file shows")
    }
}
