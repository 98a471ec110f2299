import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct IioSensorDriverTests {
    private static let device = "/sys/bus/iio/devices/iio:device0"
    private var device: String { Self.device }

    /// A chip with these attributes, the only one of its bus.
    private func bench(_ name: String, _ attributes: [String: String]) -> FileBench {
        let bench = FileBench(["\(device)/name": name + "\n"])
        for (attribute, text) in attributes { bench.tree.set("\(device)/\(attribute)", text) }
        bench.tree.set("/sys/bus/i2c/devices/1-0076/iio:device0/name", name + "\n")
        return bench
    }

    // As drivers/iio/pressure/bmp280-core.c prints them.
    private static let bme280 = [
        "in_temp_input": "21480\n", "in_humidityrelative_input": "46333.007812500\n",
        "in_pressure_input": "96.386230468\n", "in_temp_oversampling_ratio": "2\n",
    ]
    // As drivers/iio/chemical/scd4x.c prints them: 667 ppm, 25 °C, 37 %.
    private static let scd41 = [
        "in_concentration_co2_raw": "667\n", "in_concentration_co2_scale": "0.000100\n",
        "in_temp_raw": "26215\n", "in_temp_scale": "2.670288085\n",
        "in_temp_offset": "-16852.114286\n",
        "in_humidityrelative_raw": "24248\n", "in_humidityrelative_scale": "1.525878906\n",
    ]

    @Test func `a chip that is known has its channels, finished values`() throws {
        let bench = bench("bme280", Self.bme280)
        var open = try bench.open(IioSensorDriver.self, #"{"device": "bme280"}"#)
        #expect(open.component.channels.map(\.source) == ["temperature", "humidity", "pressure"])
        #expect(try open.read() == ["21.480 °C", "46.333 %", "96386.2 Pa"])
    }

    @Test func `a count is offset and scaled exactly, also beyond 64 bits`() throws {
        let bench = bench("scd41", Self.scd41)
        var open = try bench.open(IioSensorDriver.self, #"{"device": "scd41"}"#)
        #expect(open.component.channels.map(\.source) == ["co2", "temperature", "humidity"])
        #expect(try open.read() == ["667 ppm", "25.002 °C", "37.000 %"])
        bench.tree.set("\(device)/in_temp_raw", "65535\n")
        #expect(try open.read()[1] == "129.997 °C")
        bench.tree.set("\(device)/in_temp_raw", "0\n")
        #expect(try open.read()[1] == "-45.000 °C")
    }

    @Test(arguments: [
        (
            "temp", ["in_temp_raw": "3200\n", "in_temp_scale": "7.812500\n"], "temperature",
            "25.000 °C"
        ),
        (
            "temp0", ["in_temp0_raw": "80\n", "in_temp_scale": "250.0\n"], "temperature-0",
            "20.000 °C"
        ),
        (
            "temp_ambient", ["in_temp_ambient_raw": "80\n", "in_temp_scale": "62.5\n"],
            "temperature-ambient", "5.000 °C"
        ),
        (
            "illuminance", ["in_illuminance_raw": "361\n", "in_illuminance_scale": "0.833333\n"],
            "illuminance", "300.83 lx"
        ),
        (
            "distance", ["in_distance_raw": "1234\n", "in_distance_scale": "0.001\n"], "distance",
            "1.234 m"
        ),
        ("resistance", ["in_resistance_input": "12946\n"], "resistance", "12946 Ω"),
        (
            "current3", ["in_current3_raw": "-850\n", "in_current3_scale": "1\n"], "current-3",
            "-0.850000 A"
        ),
        (
            "power2", ["in_power2_raw": "412\n", "in_power2_scale": "25.000000000\n"], "power-2",
            "10.300000 W"
        ),
        (
            "voltage1", ["in_voltage1_raw": "9590\n", "in_voltage1_scale": "1.250000000\n"],
            "voltage-1", "11.987500 V"
        ),
        (
            "pressure", ["in_pressure_raw": "101325\n", "in_pressure_scale": "0.001\n"], "pressure",
            "101325.0 Pa"
        ),
        (
            "concentration_voc", ["in_concentration_voc_input": "0.0000125\n"],
            "concentration-voc", "0.125 ppm"
        ),
    ])
    func `the input's name shows what it measures, and the kernel's unit becomes the channel's`(
        _ input: String, attributes: [String: String], source: String, value: String
    ) throws {
        let bench = bench("chip", attributes)
        var open = try bench.open(
            IioSensorDriver.self, #"{"device": "chip", "inputs": ["\#(input)"]}"#)
        #expect(open.component.channels.map(\.source) == [source])
        #expect(try open.read() == [value])
    }

    @Test func `a chip of another name at the address is not taken for the one asked for`() throws {
        let bench = bench("bmp280", Self.bme280)
        let settings = #"{"device": "bme280", "address": "i2c/1-0076"}"#
        let error = #expect(throws: DriverError.self) {
            try bench.open(IioSensorDriver.self, settings)
        }
        #expect(
            error
                == DriverError(
                    .notConnected,
                    "IIO device bme280: is not in /sys/bus/i2c/devices/1-0076, which shows bmp280; "
                        + "did you mean bmp280"))
        let right = self.bench("bme280", Self.bme280)
        var open = try right.open(IioSensorDriver.self, settings)
        right.tree.set("\(device)/name", "ads1015\n")
        #expect(
            throws: DriverError(
                .notConnected, "IIO device bme280: iio:device0 is a different device now")
        ) { try open.read() }
    }

    /// What a file is made to be, and what its channel's answer then is.
    private static let troubles: [(String?, DriverError?, DriverError)] = [
        (nil, nil, DriverError(.notConnected, "\(device)/in_pressure_input: does not exist")),
        ("", nil, DriverError(.malformedReply, "\(device)/in_pressure_input: is empty")),
        (
            "n/a\n", nil,
            DriverError(
                .malformedReply, "\(device)/in_pressure_input: \"n/a\" is not a number")
        ),
        (
            "", DriverError(.malformedReply, "EIO"), DriverError(.malformedReply, "EIO")
        ),
        ("", DriverError(.timeout, "ETIMEDOUT"), DriverError(.timeout, "ETIMEDOUT")),
    ]

    @Test(arguments: troubles.indices)
    func `an attribute in trouble costs its own channel and no other`(_ index: Int) throws {
        let (text, thrown, fault) = Self.troubles[index]
        let bench = bench("bme280", Self.bme280)
        var open = try bench.open(IioSensorDriver.self, #"{"device": "bme280"}"#)
        let path = "\(device)/in_pressure_input"
        if let thrown {
            bench.tree.set(path) { _ throws(DriverError) in throw thrown }
        } else if let text {
            bench.tree.set(path, text)
        } else {
            bench.tree.remove(path)
        }
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        #expect(answers.map(\.value) == [21_480, 46_333, nil])
        #expect(answers[2].fault == fault)
        bench.tree.set(path, "96.5\n")
        #expect(try open.read()[2] == "96500.0 Pa")
    }

    @Test func `an input that the chip does not have costs its channel, with those that are there`()
        throws
    {
        let bench = bench("bme280", Self.bme280)
        var open = try bench.open(
            IioSensorDriver.self, #"{"device": "bme280", "inputs": ["temp", "resistance"]}"#)
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        #expect(answers[0].value == 21_480)
        #expect(
            answers[1].fault
                == DriverError(
                    .unsupported,
                    "IIO device bme280: has no input resistance; it has humidityrelative, pressure, temp"
                ))
        let unscaled = self.bench("chip", ["in_temp_raw": "1\n"])
        var count = try unscaled.open(
            IioSensorDriver.self, #"{"device": "chip", "inputs": ["temp"]}"#)
        #expect(
            throws: DriverError(
                .notConnected, "IIO device chip temp: the kernel shows no scale for it")
        ) { try count.read() }
    }

    @Test func `a device that goes is a fault of the whole chip`() throws {
        let bench = bench("bme280", Self.bme280)
        var open = try bench.open(IioSensorDriver.self, #"{"device": "bme280"}"#)
        bench.tree.remove(device)
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .notConnected)
    }

    @Test(arguments: [
        ("bme280", "temperature", Int64(-40_000)), ("bme280", "pressure", 0),
        ("bme280", "humidity", 100_001), ("bme680", "pressure", 9_638_620),
        ("scd41", "co2", 0), ("tmp117", "temperature", -256_000), ("vl53l0x", "distance", 8_190),
    ])
    func `what a chip shows in place of a measurement is not plausible`(
        _ name: String, source: String, value: Int64
    ) throws {
        let component = try Component.of(IioSensorDriver.self, #"{"device": "\#(name)"}"#)
        let channel = try #require(component.channels.first { $0.source == source })
        #expect(!channel.plausibility.range.contains(value))
        // The same holds for an input that is listed.
        let listed = try Component.of(
            IioSensorDriver.self, #"{"device": "tmp117", "inputs": ["temp"]}"#)
        #expect(!listed.channels[0].plausibility.range.contains(-256_000))
    }

    @Test(arguments: [
        (#""inputs": ["temp/../x"]"#, "inputs[0]: temp/../x is no input of a sensor"),
        (#""inputs": ["volt1"]"#, "inputs[0]: volt1 is no input"),
        (#""inputs": ["temp", "temp"]"#, "inputs[1]: temp is there twice"),
        (#""inputs": ["temp999"]"#, "inputs[0]: temp999 is no input"),
        (#""inputs": ["temp_Y"]"#, "inputs[0]: temp_Y is no input"),
        (#""inputs": []"#, "at least one input"),
        (#""inputs": [1]"#, "inputs[0]"),
        ("", "inputs: is missing, must be a list such as"),
    ])
    func `settings that are invalid are named`(_ settings: String, words: String) {
        let error = #expect(throws: DriverError.self) {
            try Component.of(
                IioSensorDriver.self,
                #"{"device": "chip"\#(settings.isEmpty ? "" : ", ")\#(settings)}"#)
        }
        #expect(error?.kind == .invalidComponent)
        #expect(error?.detail.contains(words) == true, "\(error?.detail ?? "")")
    }

    @Test(arguments: [
        "9223372036854775807", "2147483648", "-2147483649", "1e20", "0x10", "+5", "1 2", "nan",
    ])
    func `a count that no converter has is a malformed reply`(_ raw: String) throws {
        let bench = bench("scd41", Self.scd41)
        var open = try bench.open(
            IioSensorDriver.self, #"{"device": "scd41", "inputs": ["temp"]}"#)
        bench.tree.set("\(device)/in_temp_raw", raw + "\n")
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .malformedReply)
    }

    @Test func `two users of one input are reported, two inputs of one chip are not`() throws {
        let one = try Component.of(
            IioSensorDriver.self, #"{"device": "bme280", "inputs": ["temp"]}"#)
        let two = try Component.of(IioSensorDriver.self, #"{"device": "bme280"}"#)
        let claims = try IioSensorDriver.claims(of: two)
        #expect(claims.contains(try IioSensorDriver.claims(of: one)[0]))
        #expect(Set(claims).count == 3)
    }
}
