import Conformance
import DriverKit
import Drivers
import Simulators
import Testing
import Vocabulary

@Suite struct Dfr0971DriverTests {
    private func open(
        _ settings: String = "{}", _ safe: SafeState = .off
    ) throws -> (bench: I2cBench, driver: Dfr0971Driver, channel: DataChannel) {
        let bench = I2cBench(SimulatedDfr0971(), at: 0x58)
        let plain = try Component.of(Dfr0971Driver.self, settings)
        let component = Component(
            name: plain.name, model: plain.model, settings: plain.settings,
            channels: plain.channels, safeState: safe)
        let driver = try Dfr0971Driver(component: component, wiring: bench.wiring)
        return (bench, driver, try #require(component.channels.first))
    }

    @Test func `is at 0 V with a range of 10 V once it is open`() throws {
        #expect(try open().bench.transfers == ["w 01 11 00", "w 02 00 00"])
        #expect(try open(#"{"output": 1}"#).bench.transfers == ["w 01 11 00", "w 04 00 00"])
    }

    @Test(
        arguments: [
            (0, "w 02 00 00"), (10_000, "w 02 f0 ff"), (2_000, "w 02 30 33"), (5_000, "w 02 f0 7f"),
            (1, "w 02 00 00"), (3, "w 02 10 00"),
        ] as [(Int64, String)])
    func `a voltage is twelve bits of 10 V, the low byte first`(
        _ millivolts: Int64, transfer: String
    ) throws {
        var (bench, driver, _) = try open()
        #expect(try driver.apply(millivolts).value == millivolts)
        #expect(bench.transfers.last == transfer)
    }

    @Test func `each poll sends the voltage again, for a chip that lost its supply`() throws {
        var (bench, driver, channel) = try open()
        _ = try driver.apply(2_000)
        bench.wiring.i2c.plug(SimulatedDfr0971(), at: bench.address)
        let answers = try driver.read([channel], at: bench.clock.now)
        #expect(try answers.map { try $0.get().value } == [2_000])
        #expect(bench.transfers == ["w 01 11 00", "w 02 30 33"])
    }

    @Test(arguments: [-1, 10_001, .max, .min] as [Int64])
    func `what is beyond 0 to 10 V is refused and changes nothing`(_ millivolts: Int64) throws {
        var (bench, driver, channel) = try open()
        _ = try driver.apply(3_000)
        let before = bench.transfers.count
        let error = #expect(throws: DriverError.self) { try driver.apply(millivolts) }
        #expect(error?.kind == .unsupported)
        #expect(bench.transfers.count == before)
        #expect(try driver.read([channel], at: bench.clock.now)[0].get().value == 3_000)
    }

    @Test func `safe state hold leaves the output as it was, and does not claim to know it`() throws
    {
        var (bench, driver, channel) = try open("{}", .hold)
        #expect(bench.transfers == [])
        let answer = try driver.read([channel], at: bench.clock.now)[0]
        #expect(#expect(throws: DriverError.self) { try answer.get() }?.kind == .noValue)
        _ = try driver.apply(1_000)
        #expect(try driver.read([channel], at: bench.clock.now)[0].get().value == 1_000)
    }

    @Test func `safe state on is refused, because it is no voltage`() throws {
        let error = #expect(throws: DriverError.self) { try open("{}", .on) }
        #expect(error?.kind == .invalidComponent && error?.detail.contains("off for 0 V") == true)
    }

    @Test func `a board is shared by its outputs and no output by two`() throws {
        func claims(_ settings: String) throws -> [WireClaim] {
            try Dfr0971Driver.claims(of: try Component.of(Dfr0971Driver.self, settings))
        }
        let (first, second) = (try claims("{}"), try claims(#"{"output": 1}"#))
        #expect(first[0] == second[0] && first[0].shared == "DFR0971")
        #expect(first[1] != second[1])
        #expect(try claims(#"{"address": "0x5f"}"#)[0] != first[0])
    }

    @Test func `a board that is gone is a timeout and takes the voltage when it is back`() throws {
        var (bench, driver, channel) = try open()
        bench.wiring.i2c.silence(bench.address)
        let error = #expect(throws: DriverError.self) { try driver.apply(1_000) }
        #expect(error?.kind == .timeout)
        bench.wiring.i2c.plug(SimulatedDfr0971(), at: bench.address)
        // What was not acknowledged was not set.
        #expect(try driver.read([channel], at: bench.clock.now)[0].get().value == 0)
    }

    @Test func `keeps to what every driver does, with its twin`() throws {
        let bench = I2cBench(SimulatedDfr0971(), at: 0x58)
        let component = try Component.of(Dfr0971Driver.self, "{}")
        try bench.wiring.plugIn([component], seed: 7)
        #expect(
            DriverConformance.complaints(
                of: Dfr0971Driver.self, component, wiring: bench.wiring, at: bench.clock.now) == [])
    }
}
