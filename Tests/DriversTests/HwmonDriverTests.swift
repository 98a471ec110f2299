import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct HwmonDriverTests {
    private let chip = "/sys/class/hwmon/hwmon0"

    @Test(arguments: [
        ("temp1", "25500", "temperature", "25.500 °C"),
        ("temp2", "-40000", "temperature", "-40.000 °C"),
        ("fan1", "1200", "fan-speed", "1200 rpm"), ("in0", "3312", "voltage", "3.312 V"),
        ("curr1", "-150", "current", "-0.150 A"), ("power1", "7500001", "power", "7.500001 W"),
        ("humidity1", "45250", "humidity", "45.250 %"),
        ("energy1", "1250000", "energy", "1.250000 J"),
    ])
    func `the input's name shows the unit`(
        _ input: String, text: String, source: String, value: String
    ) throws {
        let bench = FileBench(KernelFiles.monitors)
        bench.tree.set("\(chip)/\(input)_input", text + "\n")
        var open = try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "\#(input)"}"#)
        #expect(open.component.channels.map { $0.source } == [source])
        #expect(try open.read() == [value])
    }

    // Source: Documentation/hwmon/ina3221.rst of Linux.
    @Test(arguments: [
        ("in1", "12040", "12.040 V"), ("in4", "12040", "0.012040 V"), ("in7", "-40", "-0.000040 V"),
    ])
    func `the shunts of an INA3221 are in microvolts`(_ input: String, text: String, value: String)
        throws
    {
        let bench = FileBench([
            "\(chip)/name": "ina3221\n", "\(chip)/\(input)_input": text + "\n",
        ])
        var open = try bench.open(
            HwmonDriver.self, #"{"chip": "ina3221", "input": "\#(input)"}"#)
        #expect(try open.read() == [value])
    }

    @Test func `energy is a counter`() throws {
        let component = try Component.of(
            HwmonDriver.self, #"{"chip": "ina238", "input": "energy1"}"#)
        #expect(component.channels[0].plausibility.isCounter)
    }

    @Test func `a power meter that shows only a mean is read`() throws {
        let bench = FileBench(KernelFiles.monitors)
        bench.tree.set("\(chip)/power1_average", "2000000\n")
        var open = try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "power1"}"#)
        #expect(try open.read() == ["2.000000 W"])
    }

    @Test func `a sensor that the chip calls broken is a bad reply`() throws {
        let bench = FileBench(KernelFiles.monitors)
        bench.tree.set("\(chip)/temp1_fault", "1\n")
        var open = try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(
            error
                == DriverError(
                    .malformedReply,
                    "hwmon chip lm75: reports the sensor at temp1 as broken or missing"))
        bench.tree.set("\(chip)/temp1_fault", "0\n")
        #expect(try open.read() == ["25.500 °C"])
    }

    @Test func `chips of one name are distinguished by their place on a bus`() throws {
        let bench = FileBench(KernelFiles.monitors)
        let error = #expect(throws: DriverError.self) {
            try bench.open(HwmonDriver.self, #"{"chip": "w1_slave_temp", "input": "temp1"}"#)
        }
        #expect(
            error
                == DriverError(
                    .invalidComponent,
                    "hwmon chip w1_slave_temp: hwmon1, hwmon2 have this name; "
                        + "choose one with address, for example \"i2c/1-0048\""))
        var open = try bench.open(
            HwmonDriver.self,
            #"{"chip": "w1_slave_temp", "input": "temp1", "address": "w1/28-000000000001"}"#)
        #expect(try open.read() == ["21.500 °C"])
    }

    @Test func `a chip or input that is not there is reported with those that are`() {
        let bench = FileBench(KernelFiles.monitors)
        let chip = #expect(throws: DriverError.self) {
            try bench.open(HwmonDriver.self, #"{"chip": "lm57", "input": "temp1"}"#)
        }
        #expect(
            chip
                == DriverError(
                    .notConnected,
                    "hwmon chip lm57: is not in /sys/class/hwmon, which shows lm75, w1_slave_temp; "
                        + "did you mean lm75"))
        let input = #expect(throws: DriverError.self) {
            try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp2"}"#)
        }
        #expect(
            input
                == DriverError(.notConnected, "hwmon chip lm75: has no input temp2; it has temp1"))
        let nothing = #expect(throws: DriverError.self) {
            try FileBench().open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#)
        }
        #expect(nothing?.kind == .notConnected)
        let address = #expect(throws: DriverError.self) {
            try bench.open(
                HwmonDriver.self, #"{"chip": "lm75", "input": "temp1", "address": "i2c/0-0049"}"#)
        }
        #expect(address?.kind == .notConnected)
    }

    @Test(arguments: ["", "temp", "1", "temp-1", "volt1", "temp1_input", "../temp1"])
    func `an input's name must be one`(_ input: String) {
        let error = #expect(throws: DriverError.self) {
            try Component.of(HwmonDriver.self, #"{"chip": "lm75", "input": "\#(input)"}"#)
        }
        #expect(error?.kind == .invalidComponent)
        #expect(error?.detail.contains("input") == true)
    }

    @Test(arguments: ["i2c", "i2c/", "/1-0048", "../../x", "i2c/..", "i2c/1/2"])
    func `an address must be a bus and a place`(_ address: String) throws {
        let component = try Component.of(
            HwmonDriver.self, #"{"chip": "lm75", "input": "temp1", "address": "\#(address)"}"#)
        let error = #expect(throws: DriverError.self) { try HwmonDriver.claims(of: component) }
        #expect(error?.kind == .invalidComponent)
    }

    @Test(arguments: ["", "n/a\n"])
    func `what is not a number is a bad reply`(_ text: String) throws {
        let bench = FileBench(KernelFiles.monitors)
        bench.tree.set("\(chip)/temp1_input", text)
        var open = try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.hasPrefix("\(chip)/temp1_input: ") == true)
    }

    @Test func `a chip that took over the number is not taken for the one asked for`() throws {
        let bench = FileBench(KernelFiles.monitors)
        var open = try bench.open(HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#)
        bench.tree.set("\(chip)/name", "coretemp\n")
        let other = #expect(throws: DriverError.self) { try open.read() }
        #expect(
            other == DriverError(.notConnected, "hwmon chip lm75: hwmon0 is a different device now")
        )
        // Two thermometers that swap their numbers keep their names.
        var first = try bench.open(
            HwmonDriver.self,
            #"{"chip": "w1_slave_temp", "input": "temp1", "address": "w1/28-000000000001"}"#)
        bench.tree.remove("/sys/bus/w1/devices/28-000000000001/hwmon/hwmon2")
        bench.tree.set("/sys/bus/w1/devices/28-000000000001/hwmon/hwmon1/name", "w1_slave_temp\n")
        #expect(#expect(throws: DriverError.self) { try first.read() }?.kind == .notConnected)
    }
}
