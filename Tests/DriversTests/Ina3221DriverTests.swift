import Conformance
import DriverKit
import Drivers
import Simulators
import Testing
import Vocabulary

@Suite struct Ina3221DriverTests {
    /// 50 mV over 0.1 Ω, and 12 V; nothing; 20 mV the other way, and 5 V.
    private func chip() -> SimulatedIna3221 {
        SimulatedIna3221 { _ in [(50, 12), (0, 0), (-20, 5)] }
    }

    @Test func `is identified, set and read, byte by byte`() throws {
        // 1250 steps of 40 µV and 1500 steps of 8 mV, each in the upper 13 bits.
        let bench = I2cBench(
            RecordedChip(answers: [
                [0x54, 0x49], [0x32, 0x20], [0x71, 0x27], [0x2E, 0xE0], [0x27, 0x10],
            ]), at: 0x40)
        var open = try bench.open(Ina3221Driver.self, "{}", ["voltage-1", "current-1"])
        #expect(try open.read() == ["12.000 V", "0.500000 A"])
        #expect(
            bench.transfers == [
                "w fe", "r 54 49", "w ff", "r 32 20", "w 00 71 27", "pause 10ms",
                "w 00", "r 71 27", "w 02", "r 2e e0", "w 01", "r 27 10",
            ])
    }

    @Test func `three supplies, their signs and their power`() throws {
        let bench = I2cBench(chip(), at: 0x41)
        var open = try bench.open(Ina3221Driver.self, #"{"address": "0x41"}"#)
        #expect(
            try open.read() == [
                "12.000 V", "0.500000 A", "6.000000 W", "0.000 V", "0.000000 A", "0.000000 W",
                "5.000 V", "-0.200000 A", "-1.000000 W",
            ])
        var shunts = try bench.open(
            Ina3221Driver.self, #"{"address": 65, "shuntsOhm": [0.01, 0.1, 0.05]}"#)
        #expect(
            try [1, 7].map { index in try shunts.read()[index] } == ["5.000000 A", "-0.400000 A"])
    }

    @Test(arguments: [163.8, 500, -163.8, -500])
    func `a current beyond the shunt's range has no value, and costs itself alone`(
        _ millivolts: Double
    ) throws {
        let bench = I2cBench(
            SimulatedIna3221 { _ in [(millivolts, 12), (0, 0), (0, 0)] }, at: 0x40)
        let open = try bench.open(
            Ina3221Driver.self, "{}", ["voltage-1", "current-1", "power-1", "current-2"])
        var driver = open.driver
        let answers = try driver.read(open.component.channels, at: bench.clock.now)
        #expect(answers.map(\.value) == [12_000, nil, nil, 0])
        #expect(
            answers[1].fault
                == DriverError(
                    .noValue,
                    "i2c-1 0x40: the current of supply 1 is beyond what its shunt of 0.1 Ω can show, 163.8 mV"
                ))
    }

    @Test func `another chip at the address is not taken for one`() throws {
        var other = chip()
        other.identification = (0x5449, 0x2260)
        let bench = I2cBench(other, at: 0x40)
        #expect(
            throws: DriverError(
                .notConnected,
                "i2c-1 0x40: is no INA3221, whose identification is 54 49 32 20, but 54 49 22 60")
        ) { try bench.open(Ina3221Driver.self) }
    }

    @Test func `a chip that was set otherwise reads nothing until it is set again`() throws {
        var chip = chip()
        let bench = I2cBench(chip, at: 0x40)
        var open = try bench.open(Ina3221Driver.self, "{}", ["voltage-1"])
        _ = chip.take([0x00, 0x71, 0x20], at: bench.clock.now)
        bench.wiring.i2c.plug(chip, at: bench.address)
        #expect(
            throws: DriverError(
                .malformedReply,
                "i2c-1 0x40: was set to 71 20 by another program, set to 71 27 again")
        ) { try open.read() }
        #expect(try open.read() == ["12.000 V"])
        bench.wiring.i2c.silence(bench.address)
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .timeout)
    }

    @Test(arguments: [
        (#"{"address": "0x44"}"#, "address"), (#"{"address": 300}"#, "address"),
        (#"{"shuntOhm": 0}"#, "shuntOhm"), (#"{"shuntsOhm": [0.1, 0.1]}"#, "shuntsOhm"),
        (#"{"shuntsOhm": [0.1, 0.1, -1]}"#, "shuntsOhm"),
    ])
    func `settings that are invalid are named`(_ settings: String, name: String) throws {
        let component = try Component.of(Ina3221Driver.self, settings)
        let error = #expect(throws: DriverError.self) { try Ina3221Driver.claims(of: component) }
        #expect(error?.kind == .invalidComponent)
        #expect(error?.detail.contains(name) == true)
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        let bench = I2cBench(chip(), at: 0x40)
        let component = try Component.of(Ina3221Driver.self, "{}")
        try bench.wiring.plugIn([component], seed: 7)
        let (wiring, at) = (bench.wiring, bench.clock.now)
        #expect(
            DriverConformance.complaints(of: Ina3221Driver.self, component, wiring: wiring, at: at)
                == [])
        #expect(SensorConformance.broken(by: Ina3221Driver.self, component, wiring, at: at) == [])
    }
}
