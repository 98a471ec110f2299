import DriverKit
import Vocabulary

/// What an input of an Industrial I/O sensor measures, shown by its name, and how it becomes a channel.
struct IioQuantity {
    /// The input as the kernel names it: `"temp"`, `"concentration_co2"`, `"current3"`.
    let input: String
    /// The names that attributes shared by inputs of this kind may have in its place.
    let types: [String]
    /// The channel's unit is 10^−`power` times the kernel's.
    let power: Int
    let channel: ChannelDescription

    private struct Kind {
        let source: String
        let unit: Unit
        let power: Int
        let exponent: Int
        let title: String
        let range: ClosedRange<Int64>
        let delta: Int64
    }

    /// - Parameter narrowed: What a chip can measure at all, in steps; nil for what any can.
    /// - Returns: Nil for a name that is no input of a sensor, so that no path leads elsewhere.
    init?(_ input: String, within narrowed: ClosedRange<Int64>? = nil) {
        let type = input.prefix { $0.isASCII && $0.isLowercase }
        let rest = input.dropFirst(type.count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        let modifier = rest.dropFirst(digits.count)
        guard digits.isEmpty || UInt8(digits) != nil, let general = Self.kinds[String(type)],
            modifier.isEmpty || modifier.wholeMatch(of: /_[a-z][a-z0-9]*/) != nil
        else { return nil }
        let own = Self.kinds["\(type)\(modifier)"]
        let kind = own ?? general
        let words = [kind.source, own == nil ? String(modifier.dropFirst()) : "", String(digits)]
        self.input = input
        types = modifier.isEmpty ? [String(type)] : ["\(type)\(modifier)", String(type)]
        power = kind.power
        channel = ChannelDescription(
            source: words.filter { !$0.isEmpty }.joined(separator: "-"), unit: kind.unit,
            exponent: kind.exponent, title: kind.title,
            plausibility: Plausibility(range: narrowed ?? kind.range), captureDelta: kind.delta)
    }

    /// The kinds of input that there are, for messages.
    static var names: String { kinds.keys.sorted().joined(separator: ", ") }

    /// Source: Documentation/ABI/testing/sysfs-bus-iio of Linux: m°C, milli-percent, kPa, percent, lux, mV,
    /// mA, mW, m and Ω.
    private static let kinds: [String: Kind] = [
        "temp": Kind(
            source: "temperature", unit: .celsius, power: -3, exponent: -3, title: "Temperature",
            range: -270_000...1_800_000, delta: 200),
        "humidityrelative": Kind(
            source: "humidity", unit: .percent, power: -3, exponent: -3,
            title: "Relative humidity", range: 0...100_000, delta: 2_000),
        "pressure": Kind(
            source: "pressure", unit: .pascal, power: 3, exponent: -1, title: "Pressure",
            range: 0...1_000_000_000, delta: 500),
        "concentration": Kind(
            source: "concentration", unit: .partsPerMillion, power: 4, exponent: -3,
            title: "Concentration", range: 0...1_000_000_000, delta: 10_000),
        "concentration_co2": Kind(
            source: "co2", unit: .partsPerMillion, power: 4, exponent: 0,
            title: "Carbon dioxide", range: 1...1_000_000, delta: 50),
        "illuminance": Kind(
            source: "illuminance", unit: .lux, power: 0, exponent: -2, title: "Illuminance",
            range: 0...20_000_000, delta: 5_000),
        "voltage": Kind(
            source: "voltage", unit: .volt, power: -3, exponent: -6, title: "Voltage",
            range: .min ... .max, delta: 100_000),
        "current": Kind(
            source: "current", unit: .ampere, power: -3, exponent: -6, title: "Current",
            range: .min ... .max, delta: 100_000),
        "power": Kind(
            source: "power", unit: .watt, power: -3, exponent: -6, title: "Power",
            range: .min ... .max, delta: 1_000_000),
        "distance": Kind(
            source: "distance", unit: .metre, power: 0, exponent: -3, title: "Distance",
            range: 0...1_000_000, delta: 20),
        "resistance": Kind(
            source: "resistance", unit: .ohm, power: 0, exponent: 0, title: "Resistance",
            range: 0...1_000_000_000, delta: 1_000),
    ]
}

/// What is known of sensors by the names that their kernel drivers give them.
enum IioChips {
    /// The inputs of a chip, with what it can measure at all, in steps of the channel.
    static let inputs: [String: [(input: String, range: ClosedRange<Int64>?)]] = [
        "bmp280": [("temp", bosch), ("pressure", boschPressure)],
        "bme280": [("temp", bosch), ("humidityrelative", nil), ("pressure", boschPressure)],
        // Kernels that show its pressure in another unit leave this range by a factor of ten.
        "bme680": [
            ("temp", bosch), ("humidityrelative", nil), ("pressure", boschPressure),
            ("resistance", nil),
        ],
        "scd40": scd4x, "scd41": scd4x,
        // Source: TMP117 data sheet, −55 °C to +150 °C; its register shows −256 °C before the first conversion.
        "tmp117": [("temp", -55_000...150_000)],
        "bh1750": [("illuminance", nil)],
        // Source: VL53L0X data sheet, 2 m at most; it shows 8.19 m where it sees nothing.
        "vl53l0x": [("distance", 1...2_000)],
        "ina219": ina, "ina220": ina, "ina226": ina, "ina230": ina, "ina231": ina,
    ]

    /// Source: BME280 data sheet, −40 °C to +85 °C. At −40 °C it shows its limit, as without calibration data.
    private static let bosch: ClosedRange<Int64> = -39_999...85_000
    /// Source: BME280 data sheet, 300 hPa to 1100 hPa.
    private static let boschPressure: ClosedRange<Int64> = 300_000...1_100_000
    /// Source: SCD4x data sheet: output up to 40,000 ppm, −10 °C to +60 °C; 0 before the first measurement.
    private static let scd4x: [(input: String, range: ClosedRange<Int64>?)] = [
        ("concentration_co2", 1...40_000), ("temp", -10_000...60_000), ("humidityrelative", nil),
    ]
    /// Source: drivers/iio/adc/ina2xx-adc.c of Linux; voltage0 is the shunt's, voltage1 the bus's.
    private static let ina: [(input: String, range: ClosedRange<Int64>?)] = [
        ("voltage1", nil), ("power2", nil), ("current3", nil),
    ]
}
