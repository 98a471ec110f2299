import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

/// The simulated twins of everything behind kernel files, seen through the real drivers.
@Suite struct FileTwinsTests {
    static let adc = #""device": "ads1015", "input": "voltage0""#
    static let components: [(driver: any Driver.Type, settings: String)] = [
        (Ds18b20Driver.self, #"{"sensor": "28-00000a1b2c3d"}"#),
        (HostHealthDriver.self, "{}"),
        (HostHealthDriver.self, #"{"interface": "wlan0", "path": "/var/lib", "pressure": false}"#),
        (HwmonDriver.self, #"{"chip": "lm75", "input": "temp1"}"#),
        (HwmonDriver.self, #"{"chip": "lm75", "input": "temp1", "address": "i2c/1-0048"}"#),
        (HwmonDriver.self, #"{"chip": "x", "input": "fan1"}"#),
        (HwmonDriver.self, #"{"chip": "x", "input": "in0"}"#),
        (HwmonDriver.self, #"{"chip": "x", "input": "curr1"}"#),
        (HwmonDriver.self, #"{"chip": "x", "input": "power1"}"#),
        (HwmonDriver.self, #"{"chip": "x", "input": "humidity1"}"#),
        (IioAdcDriver.self, "{\(adc)}"),
        (
            IioAdcDriver.self,
            """
            {\(adc), "thermistor": {"beta": 3950, "r0": 10000, "seriesOhm": 10000,
                "supplyMillivolt": 3300}}
            """
        ),
        (
            IioAdcDriver.self,
            """
            {\(adc), "address": "i2c/1-0049", "thermistor": {"beta": 3435, "r0": 100000, "t0": 20,
                "seriesOhm": 47000, "supplyMillivolt": 5000, "thermistorSide": "high"}}
            """
        ),
        (
            IioAdcDriver.self,
            """
            {\(adc), "linear": {"fromLow": 400, "fromHigh": 2000, "toLow": 10, "toHigh": 0,
                "unit": "pascal", "exponent": 0}}
            """
        ),
        (HwmonDriver.self, #"{"chip": "x", "input": "energy1"}"#),
        (IioSensorDriver.self, #"{"device": "bme280"}"#),
        (IioSensorDriver.self, #"{"device": "bme680", "address": "i2c/1-0076"}"#),
        (IioSensorDriver.self, #"{"device": "scd41"}"#),
        (IioSensorDriver.self, #"{"device": "ina226"}"#),
        (
            IioSensorDriver.self,
            #"{"device": "x", "inputs": ["temp_ambient", "illuminance", "distance", "resistance"]}"#
        ),
        (ThermalZoneDriver.self, #"{"type": "cpu-thermal"}"#),
        (ThermalZoneDriver.self, #"{"type": "cpu-thermal", "zone": "thermal_zone3"}"#),
    ]

    @Test(arguments: components.indices)
    func `a driver finds its twin and reads plausible values for a day`(_ index: Int) throws {
        let (driver, settings) = Self.components[index]
        let component = try Component.of(driver, settings)
        let bench = FileBench()
        try bench.wiring.plugIn([component], seed: 7)
        for _ in 0..<96 {
            #expect(
                SensorConformance.broken(by: driver, component, bench.wiring, at: bench.clock.now)
                    == [])
            bench.clock.advance(by: .seconds(900))
        }
    }

    @Test(arguments: components.indices)
    func `a twin's values live, and the same seed shows the same world`(_ index: Int) throws {
        let (driver, settings) = Self.components[index]
        let component = try Component.of(driver, settings)
        func day(seed: UInt64) throws -> [[Int64]] {
            let bench = FileBench()
            try bench.wiring.plugIn([component], seed: seed)
            var driver = try driver.init(component: component, wiring: bench.wiring)
            return try (0..<24).map { _ in
                bench.clock.advance(by: .seconds(3_607))
                return try driver.read(component.channels, at: bench.clock.now).readings().map {
                    $0.value
                }
            }
        }
        let first = try day(seed: 7)
        #expect(Set(first).count > 1)
        #expect(try day(seed: 7) == first)
        #expect(try day(seed: 8) != first)
    }

    @Test func `devices of one name, inputs of one device and a twin plugged in twice get along`()
        throws
    {
        let settings = [
            #"{"device": "ads1015", "input": "voltage0", "address": "i2c/1-0048"}"#,
            #"{"device": "ads1015", "input": "voltage1", "address": "i2c/1-0048"}"#,
            #"{"device": "ads1015", "input": "voltage0", "address": "i2c/1-0049"}"#,
        ]
        let bench = FileBench()
        var components: [Component] = []
        for text in settings { components.append(try Component.of(IioAdcDriver.self, text)) }
        components.append(
            try Component.of(ThermalZoneDriver.self, #"{"type": "cpu-thermal"}"#))
        try bench.wiring.plugIn(components, seed: 1)
        try bench.wiring.plugIn(components, seed: 1)
        #expect(try bench.tree.names(in: "/sys/bus/iio/devices") == ["iio:device0", "iio:device1"])
        #expect(try bench.tree.names(in: "/sys/class/thermal") == ["thermal_zone0"])
        for text in settings { _ = try bench.open(IioAdcDriver.self, text) }
    }
}
