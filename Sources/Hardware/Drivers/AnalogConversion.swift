import Documents
import DriverKit
import Glibc
import Vocabulary

/// What the voltage at an analogue input stands for.
enum AnalogConversion {
    case none
    case thermistor(Thermistor)
    case linear(LinearScale)

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    init(_ settings: Settings) throws(DriverError) {
        switch (settings["thermistor"], settings["linear"]) {
        case (nil, nil): self = .none
        case (let group?, nil): self = .thermistor(try Thermistor(group))
        case (nil, let group?): self = .linear(try LinearScale(group))
        case (_?, _?):
            throw settings.bad("linear", "leave out with a thermistor")
        }
    }

    var channels: [ChannelDescription] {
        switch self {
        case .none:
            [
                ChannelDescription(
                    source: "voltage", unit: .volt, exponent: -3, title: "Voltage", captureDelta: 20
                )
            ]
        case .thermistor(let thermistor):
            [
                ChannelDescription(
                    source: "temperature", unit: .celsius, exponent: -3, title: "Temperature",
                    plausibility: Plausibility(range: -60_000...200_000), captureDelta: 200)
            ]
                + (thermistor.hasVoltage
                    ? [
                        ChannelDescription(
                            source: "voltage", unit: .volt, exponent: -6,
                            title: "Voltage at the input", captureDelta: 20_000)
                    ] : [])
        case .linear(let scale): [scale.channel]
        }
    }
}

/// An exponential average: a new value counts with its weight, all before it together with the rest.
struct ExponentialAverage {
    static let setting = SettingDescription(
        "averaging", .decimal, default: .number(DecimalNumber(mantissa: 1)),
        "Weight of a new measurement in an exponential average of the voltage, such as 0.2; 1 is none."
    )

    private let weight: Double
    private var last: Double?

    /// - Throws: `.invalidComponent`, naming the setting at fault.
    init(_ settings: Settings) throws(DriverError) {
        weight = try settings.decimal("averaging").approximate
        guard weight > 0, weight <= 1 else {
            throw settings.bad("averaging", "above 0 and at most 1")
        }
    }

    /// The average with `value` in it; nil when nothing is averaged.
    mutating func take(_ value: Double) -> Double? {
        guard weight < 1 else { return nil }
        let next = last.map { $0 + weight * (value - $0) } ?? value
        last = next
        return next
    }

    /// Has the next value stand for itself.
    mutating func forget() { last = nil }
}

/// A thermistor with a negative coefficient, in a divider with a fixed resistor.
///
/// Source: the beta equation, 1/T = 1/T0 + ln(R/R0)/β, T in kelvin.
struct Thermistor {
    static let settings = [
        SettingDescription("beta", .decimal, "β of the data sheet, in kelvin: 3950."),
        SettingDescription("r0", .decimal, "Resistance at t0, in ohm: 10000."),
        SettingDescription(
            "t0", .decimal, default: .number(DecimalNumber(mantissa: 25)),
            "Temperature of r0, in °C."),
        SettingDescription("seriesOhm", .decimal, "The fixed resistor."),
        SettingDescription("supplyMillivolt", .decimal, "The voltage over the divider: 3300."),
        SettingDescription(
            "thermistorSide", .choice(["low", "high"]), default: .text("low"),
            "Whether the thermistor is between input and ground, or between supply and input."),
        SettingDescription(
            optional: "openMillivolt", .decimal,
            "From which voltage on the thermistor is not connected; 99.5 % of the supply when left out."
        ),
        SettingDescription(
            "withVoltage", .flag, default: .flag(false),
            "Whether the voltage at the input is a channel, too."),
    ]

    private let beta: Double
    private let resistance: Double
    private let kelvin: Double
    private let series: Double
    private let supply: Double
    private let isLow: Bool
    let hasVoltage: Bool
    /// The share of the supply from which the thermistor counts as open.
    private let open: Double

    /// The shares of the supply at which the thermistor counts as shorted and as open. A 10 kΩ
    /// thermistor over 10 kΩ stays within 1 % and 98 % from −45 °C to 180 °C.
    private static let (shorted, open) = (0.005, 0.995)

    init(_ group: JsonNode) throws(DriverError) {
        let settings = Settings(group, described: Self.settings)
        beta = try settings.positive("beta")
        resistance = try settings.positive("r0")
        kelvin = try settings.decimal("t0").approximate + 273.15
        series = try settings.positive("seriesOhm")
        supply = try settings.positive("supplyMillivolt")
        isLow = try settings.text("thermistorSide") == "low"
        hasVoltage = try settings.flag("withVoltage")
        guard kelvin > 0 else { throw settings.bad("t0", "above −273.15") }
        guard settings["openMillivolt"] != nil else {
            open = Self.open
            return
        }
        open = try settings.positive("openMillivolt") / supply
        guard isLow, open > Self.shorted, open < 1 else {
            throw settings.bad(
                "openMillivolt", "below supplyMillivolt, and left out with thermistorSide high")
        }
    }

    /// Whether the thermistor is open or shorted.
    func fault(at millivolts: Double, _ title: String) -> DriverError? {
        let share = millivolts / supply
        let thermistorShare = isLow ? share : 1 - share
        guard thermistorShare < Self.shorted || thermistorShare >= open else { return nil }
        let percent = Int((min(max(share, -9.99), 9.99) * 100).rounded())
        return DriverError(
            .malformedReply,
            "\(title): the thermistor is "
                + (thermistorShare < 0.5 ? "shorted" : "not connected")
                + "; the input has \(percent) % of the supply")
    }

    /// - Parameter millivolts: Without a fault.
    /// - Returns: °C.
    func temperature(at millivolts: Double) -> Double {
        let share = millivolts / supply
        let thermistorShare = isLow ? share : 1 - share
        let ohm = series * thermistorShare / (1 - thermistorShare)
        return 1 / (1 / kelvin + log(ohm / resistance) / beta) - 273.15
    }
}

/// A sensor whose voltage rises evenly with what it measures, such as 4–20 mA over a resistor.
struct LinearScale {
    static let settings = [
        SettingDescription("fromLow", .decimal, "Millivolts at toLow."),
        SettingDescription("fromHigh", .decimal, "Millivolts at toHigh."),
        SettingDescription("toLow", .decimal, "The low end, in the unit."),
        SettingDescription("toHigh", .decimal, "The high end, in the unit."),
        SettingDescription(
            "unit", .choice(Unit.allCases.map { $0.rawValue }), "What is measured."),
        SettingDescription(
            "exponent", .whole(-9...9), default: .number(DecimalNumber(mantissa: -2)),
            "Values are kept in steps of 10^exponent of the unit."),
    ]

    /// The farthest from zero that an end may be, in steps, so that the span has room in 64 bits.
    private static let farthest = Int64.max / 4

    let channel: ChannelDescription
    private let from: (low: Double, high: Double)
    private let to: (low: Double, high: Double)

    init(_ group: JsonNode) throws(DriverError) {
        let settings = Settings(group, described: Self.settings)
        let (low, high) = (try settings.decimal("toLow"), try settings.decimal("toHigh"))
        from = (
            try settings.decimal("fromLow").approximate,
            try settings.decimal("fromHigh").approximate
        )
        to = (low.approximate, high.approximate)
        guard from.low != from.high else {
            throw settings.bad("fromHigh", "different from fromLow")
        }
        guard let unit = Unit(rawValue: try settings.text("unit")) else {
            throw settings.bad("unit", "a unit such as \"celsius\"")
        }
        let exponent = Int(try settings.whole("exponent"))
        func end(_ name: String, _ number: DecimalNumber) throws(DriverError) -> Int64 {
            let steps = number.nearestSteps(exponent: exponent)
            guard let steps, steps.magnitude <= Self.farthest.magnitude else {
                throw settings.bad(
                    name,
                    "at most \(Self.farthest) steps of 10^\(exponent); a larger exponent helps")
            }
            return steps
        }
        let (first, last) = (try end("toLow", low), try end("toHigh", high))
        guard first != last else {
            throw settings.bad("toHigh", "different from toLow by at least a step")
        }
        // A broken loop of 4–20 mA, and a sensor that reports its own failure, leave these bounds.
        // Source: NAMUR NE 43: 3.8 to 20.5 mA measure, 3.6 mA and 21 mA mean a failure.
        let (below, above) = (first - (last - first) / 50, last + (last - first) / 25)
        channel = ChannelDescription(
            source: "value", unit: unit, exponent: exponent, title: "Measured value",
            plausibility: Plausibility(range: min(below, above)...max(below, above)),
            captureDelta: max(1, abs(last - first) / 100))
    }

    func value(at millivolts: Double) -> Double {
        let share = (millivolts - from.low) / (from.high - from.low)
        return to.low + share * (to.high - to.low)
    }
}

extension Settings {
    /// - Throws: `.invalidComponent` for anything but a number above zero.
    fileprivate func positive(_ name: String) throws(DriverError) -> Double {
        let number = try decimal(name).approximate
        guard number > 0 else { throw bad(name, "a number above 0") }
        return number
    }
}
