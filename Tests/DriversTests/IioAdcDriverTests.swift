import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct IioAdcDriverTests {
    private let device = "/sys/bus/iio/devices/iio:device0"
    private let first = #""device": "ads1015", "input": "voltage0", "address": "i2c/0-0049""#

    /// A bench whose converter shows `millivolts`.
    private func bench(_ millivolts: Double) -> FileBench {
        let bench = FileBench(KernelFiles.converters)
        bench.tree.set("\(device)/in_voltage0_raw", "\(Int((millivolts * 16).rounded()))\n")
        return bench
    }

    @Test func `raw times scale is the voltage`() throws {
        let bench = FileBench(KernelFiles.converters)
        var open = try bench.open(IioAdcDriver.self, "{\(first)}")
        #expect(open.component.channels.map { $0.source } == ["voltage"])
        #expect(try open.read() == ["0.100 V"])
        var second = try bench.open(
            IioAdcDriver.self,
            #"{"device": "ads1015", "input": "voltage0", "address": "i2c/0-004a"}"#)
        #expect(try second.read() == ["0.040 V"])
    }

    @Test(arguments: [
        (["in_voltage0_offset": "-100\n"], "0.094 V"),
        (["in_voltage0_offset": "-100.5\n"], "0.094 V"),
        (["in_voltage_offset": "800\n"], "0.150 V"),
        (["in_voltage0_offset": "0\n", "in_voltage_offset": "800\n"], "0.100 V"),
    ])
    func `an offset is added before scaling, the input's own before a shared one`(
        _ files: [String: String], value: String
    ) throws {
        let bench = FileBench(KernelFiles.converters)
        for (name, text) in files { bench.tree.set("\(device)/\(name)", text) }
        var open = try bench.open(IioAdcDriver.self, "{\(first)}")
        #expect(try open.read() == [value])
    }

    @Test func `a scale may be shared by all inputs, and is read again each time`() throws {
        let bench = FileBench(KernelFiles.converters)
        bench.tree.remove("\(device)/in_voltage0_scale")
        bench.tree.set("\(device)/in_voltage_scale", "0.125000000\n")
        var open = try bench.open(IioAdcDriver.self, "{\(first)}")
        #expect(try open.read() == ["0.200 V"])
        bench.tree.set("\(device)/in_voltage_scale", "0.5\n")
        #expect(try open.read() == ["0.800 V"])
    }

    @Test func `a pair of inputs is an input`() throws {
        let bench = FileBench(KernelFiles.converters)
        bench.tree.set("\(device)/in_voltage0-voltage1_raw", "-320\n")
        var open = try bench.open(
            IioAdcDriver.self,
            #"{"device": "ads1015", "input": "voltage0-voltage1", "address": "i2c/0-0049"}"#)
        #expect(try open.read() == ["-0.020 V"])
    }

    // Source: 10 kΩ NTC, β 3950, by the beta equation.
    @Test(arguments: [
        (10_000.0, "25.000"), (33_620.6, "0.000"), (3_588.2, "50.000"), (697.5, "100.000"),
        (105_384.7, "-20.000"),
    ])
    func `a thermistor on either side shows its temperature`(_ ohm: Double, celsius: String) throws
    {
        for side in ["low", "high"] {
            let share = side == "low" ? ohm / (ohm + 10_000) : 10_000 / (ohm + 10_000)
            var open = try bench(3_300 * share).open(
                IioAdcDriver.self,
                """
                {\(first), "thermistor": {"beta": 3950, "r0": 10000, "seriesOhm": 10000,
                    "supplyMillivolt": 3300, "thermistorSide": "\(side)"}}
                """)
            #expect(open.component.channels.map { $0.source } == ["temperature"])
            let reading = try open.driver.read(open.component.channels, at: open.clock.now)
                .readings()[0]
            let expected = try #require(DecimalNumber(celsius)?.wholeSteps(exponent: -3))
            // One step of the converter is 1/16 mV, which is up to 0.02 °C here.
            #expect(abs(reading.value - expected) <= 30, "\(side): \(reading.value)")
        }
    }

    @Test(arguments: [
        ("low", 3_300.0, "not connected"), ("low", 0, "shorted"), ("high", 0, "not connected"),
        ("high", 3_300, "shorted"), ("low", 3_290, "not connected"),
        ("low", 2_000_000, "not connected"),
        ("low", -50, "shorted"),
    ])
    func `an open or shorted thermistor is a bad reply in words`(
        _ side: String, millivolts: Double, words: String
    ) throws {
        var open = try bench(millivolts).open(
            IioAdcDriver.self,
            """
            {\(first), "thermistor": {"beta": 3950, "r0": 10000, "seriesOhm": 10000,
                "supplyMillivolt": 3300, "thermistorSide": "\(side)"}}
            """)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(
            error?.detail.hasPrefix("IIO device ads1015 voltage0: the thermistor is \(words)")
                == true)
    }

    private let divider = """
        "thermistor": {"beta": 3977, "r0": 10000, "seriesOhm": 10000, "supplyMillivolt": 4850,
            "openMillivolt": 4700, "withVoltage": true}
        """

    @Test func `a thermistor's voltage can be read beside its temperature`() throws {
        let bench = bench(2_000)
        var open = try bench.open(
            IioAdcDriver.self, "{\(first), \(divider)}")
        #expect(open.component.channels.map(\.source) == ["temperature", "voltage"])
        // By GridWorks' own formula, whose 298 K and 273 K are rounded, it is 33.12 °C.
        #expect(try open.read() == ["33.132 °C", "2.000000 V"])
        bench.tree.set("\(device)/in_voltage0_raw", "\(4_700 * 16)\n")
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        #expect(throws: DriverError.self) { try answers[0].get() }
        #expect(try answers[1].get().value == 4_700_000)
    }

    @Test(arguments: [(4_699.0, true), (4_700, false), (4_820, false)])
    func `a thermistor is open from the voltage that says so`(_ millivolts: Double, isRead: Bool)
        throws
    {
        var open = try bench(millivolts).open(IioAdcDriver.self, "{\(first), \(divider)}")
        #expect(((try? open.read()) != nil) == isRead)
    }

    @Test func `an average takes a fifth of each new measurement, and begins anew after a fault`()
        throws
    {
        let bench = bench(2_000)
        var open = try bench.open(
            IioAdcDriver.self, "{\(first), \(divider), \"averaging\": 0.2}", ["voltage"])
        func read(_ millivolts: Int) throws -> [String] {
            bench.tree.set("\(device)/in_voltage0_raw", "\(millivolts * 16)\n")
            return try open.read()
        }
        #expect(try read(2_000) == ["2.000000 V"])
        #expect(try read(3_000) == ["2.200000 V"])
        #expect(try read(3_000) == ["2.360000 V"])
        #expect(try read(4_800) == ["4.800000 V"])
        #expect(try read(1_000) == ["1.000000 V"])
    }

    @Test(arguments: [
        (400.0, "0.00 °C"), (2_000, "200.00 °C"), (1_200, "100.00 °C"), (1_200.0625, "100.01 °C"),
        (240, "-20.00 °C"),
    ])
    func `a linear sensor shows its span`(_ millivolts: Double, value: String) throws {
        var open = try bench(millivolts).open(
            IioAdcDriver.self,
            """
            {\(first), "linear": {"fromLow": 400, "fromHigh": 2000, "toLow": 0, "toHigh": 200,
                "unit": "celsius"}}
            """)
        #expect(open.component.channels.map { $0.source } == ["value"])
        #expect(try open.read() == [value])
    }

    @Test func `a broken current loop is out of a linear sensor's range and a high signal is not`()
        throws
    {
        let component = try Component.of(
            IioAdcDriver.self,
            """
            {\(first), "linear": {"fromLow": 400, "fromHigh": 2000, "toLow": 0, "toHigh": 100,
                "unit": "percent"}}
            """)
        // 3.8 and 20.5 mA over 100 Ω measure; 3.6 and 21 mA mean a failure.
        let range = component.channels[0].plausibility.range
        let percents = [380.0, 2_050, 360, 2_100].map { Int64(($0 - 400) / 16 * 100) }
        #expect(percents.map { range.contains($0) } == [true, true, false, false])
    }

    @Test(arguments: [
        (#""input": "voltage0", "averaging": 0"#, "averaging"),
        (#""input": "voltage0", "averaging": 1.5"#, "averaging"),
        (
            #""input": "voltage0", "thermistor": {"beta": 1, "r0": 1, "seriesOhm": 1, "supplyMillivolt": 1, "openMillivolt": 1}"#,
            "thermistor.openMillivolt"
        ),
        (
            #""input": "voltage0", "thermistor": {"beta": 1, "r0": 1, "seriesOhm": 1, "supplyMillivolt": 2, "openMillivolt": 1, "thermistorSide": "high"}"#,
            "thermistor.openMillivolt"
        ),
        (#""input": "current0""#, "input"), (#""input": "voltage""#, "input"),
        (#""input": "voltage0/../x""#, "input"),
        (
            #""input": "voltage0", "thermistor": {"beta": 0, "r0": 1, "seriesOhm": 1, "supplyMillivolt": 1}"#,
            "thermistor.beta"
        ),
        (
            #""input": "voltage0", "thermistor": {"r0": 1, "seriesOhm": 1, "supplyMillivolt": 1}"#,
            "beta is missing"
        ),
        (
            #""input": "voltage0", "linear": {"fromLow": 1, "fromHigh": 1, "toLow": 0, "toHigh": 1, "unit": "volt"}"#,
            "linear.fromHigh"
        ),
        (
            #""input": "voltage0", "linear": {"fromLow": 0, "fromHigh": 1, "toLow": 1, "toHigh": 1, "unit": "volt"}"#,
            "linear.toHigh"
        ),
        (
            #""input": "voltage0", "linear": {"fromLow": 0, "fromHigh": 1, "toLow": -9e9, "toHigh": 9e9, "unit": "volt", "exponent": -9}"#,
            "linear.toLow"
        ),
        (
            #""input": "voltage0", "linear": {"fromLow": 0, "fromHigh": 1, "toLow": 0, "toHigh": 1e12, "unit": "volt", "exponent": -9}"#,
            "linear.toHigh"
        ),
        (
            #""input": "voltage0", "linear": {"fromLow": 0, "fromHigh": 1, "toLow": 0, "toHigh": 1, "unit": "volts"}"#,
            "write volt"
        ),
        (
            #""input": "voltage0", "linear": {"fromLow": 0, "fromHigh": 1, "toLow": 0, "toHigh": 1, "unit": "volt"}, "thermistor": {"beta": 1, "r0": 1, "seriesOhm": 1, "supplyMillivolt": 1}"#,
            "leave out with a thermistor"
        ),
    ])
    func `settings that are invalid are named`(_ settings: String, words: String) {
        let error = #expect(throws: DriverError.self) {
            try Component.of(IioAdcDriver.self, #"{"device": "ads1015", \#(settings)}"#)
        }
        #expect(error?.kind == .invalidComponent)
        #expect(error?.detail.contains(words) == true, "\(error?.detail ?? "")")
    }

    @Test func `converters of one name are distinguished by their place on the bus`() throws {
        let bench = FileBench(KernelFiles.converters)
        let error = #expect(throws: DriverError.self) {
            try bench.open(IioAdcDriver.self, #"{"device": "ads1015", "input": "voltage0"}"#)
        }
        #expect(
            error
                == DriverError(
                    .invalidComponent,
                    "IIO device ads1015: iio:device0, iio:device1 have this name; "
                        + "choose one with address, for example \"i2c/1-0048\""))
        bench.tree.remove("/sys/bus/iio/devices/iio:device0")
        bench.clock.advance(by: DeviceClasses.freshness)
        var open = try bench.open(
            IioAdcDriver.self, #"{"device": "ads1015", "input": "voltage0"}"#)
        #expect(try open.read() == ["0.040 V"])
    }

    @Test func `what is not there is reported`() throws {
        let bench = FileBench(KernelFiles.converters)
        let input = #expect(throws: DriverError.self) {
            try bench.open(
                IioAdcDriver.self,
                #"{"device": "ads1015", "input": "voltage7", "address": "i2c/0-0049"}"#)
        }
        #expect(
            input
                == DriverError(
                    .notConnected,
                    "IIO device ads1015: has no input voltage7; it has voltage0-voltage1, voltage0")
        )
        var open = try bench.open(IioAdcDriver.self, "{\(first)}")
        bench.tree.set("\(device)/in_voltage0_raw", "\n")
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .malformedReply)
        bench.tree.set("\(device)/in_voltage0_raw", "9223372036854775807\n")
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .malformedReply)
        bench.tree.remove(device)
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .notConnected)
        bench.tree.remove("/sys/bus/iio")
        let none = #expect(throws: DriverError.self) {
            try bench.open(IioAdcDriver.self, "{\(first)}")
        }
        #expect(none?.kind == .notConnected)
    }
}
