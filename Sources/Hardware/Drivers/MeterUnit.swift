import Vocabulary

/// A unit as meters write it: one of ours and a power of ten, or the name of another.
struct MeterUnit: Hashable, Sendable, CustomStringConvertible {
    /// As the meter writes it: `"kWh"`.
    let description: String
    /// Nil for one that is not known.
    let unit: Unit?
    /// How many of ours one is.
    let factor: DecimalNumber
    /// What is divided by after that; 1 for most.
    let divisor: Int64

    /// Reads `"kWh"`, `"m3"`, `"GJ"`.
    init(_ text: String) {
        description = text
        let known = Self.known[text]
        (unit, divisor) = (known?.unit, known?.divisor ?? 1)
        factor = DecimalNumber(mantissa: 1, exponent: known?.power ?? 0)
    }

    /// - Parameter text: As in messages.
    init(_ text: String, _ unit: Unit, times factor: DecimalNumber, over divisor: Int64) {
        (description, self.unit, self.factor, self.divisor) = (text, unit, factor, divisor)
    }

    /// - Parameter number: As in the list of units of DLMS.
    /// - Source: DLMS UA 1000-1 ("Blue Book"), 4.3.2, "enumerated values for physical units".
    init(dlms number: UInt8) {
        self.init(Self.dlms[number] ?? "unit \(number)")
    }

    /// `number` of these in ours; nil when it does not fit.
    func value(_ number: DecimalNumber) -> DecimalNumber? {
        guard let scaled = number.multiplied(by: factor) else { return nil }
        guard divisor > 1 else { return scaled }
        // To the thousandth: an energy in joule is no whole number of watt-hours.
        guard let steps = scaled.nearestSteps(exponent: -3) else { return nil }
        let (quotient, remainder) = steps.quotientAndRemainder(dividingBy: divisor)
        let rounded = quotient + (2 * remainder.magnitude >= divisor.magnitude ? steps.signum() : 0)
        return DecimalNumber(mantissa: rounded, exponent: -3)
    }

    private typealias Meaning = (unit: Unit, power: Int, divisor: Int64)

    private static let dlms: [UInt8: String] = [
        8: "deg", 9: "Cel", 13: "m3", 27: "W", 28: "VA", 29: "var", 30: "Wh", 32: "varh", 33: "A",
        35: "V", 44: "Hz", 255: "",
    ]

    private static let known: [String: Meaning] = [
        "Wh": (.wattHour, 0, 1), "kWh": (.wattHour, 3, 1), "MWh": (.wattHour, 6, 1),
        "J": (.wattHour, 0, 3_600), "kJ": (.wattHour, 3, 3_600), "MJ": (.wattHour, 6, 3_600),
        "GJ": (.wattHour, 9, 3_600),
        "varh": (.varHour, 0, 1), "kvarh": (.varHour, 3, 1), "Mvarh": (.varHour, 6, 1),
        "W": (.watt, 0, 1), "kW": (.watt, 3, 1), "MW": (.watt, 6, 1),
        "var": (.reactivePower, 0, 1), "kvar": (.reactivePower, 3, 1),
        "VA": (.voltAmpere, 0, 1), "kVA": (.voltAmpere, 3, 1),
        "V": (.volt, 0, 1), "kV": (.volt, 3, 1), "mV": (.volt, -3, 1),
        "A": (.ampere, 0, 1), "mA": (.ampere, -3, 1), "Hz": (.hertz, 0, 1),
        "m3": (.cubicMetre, 0, 1), "dm3": (.cubicMetre, -3, 1), "m3/h": (.cubicMetrePerHour, 0, 1),
        "Cel": (.celsius, 0, 1), "C": (.celsius, 0, 1), "K": (.kelvin, 0, 1),
        "deg": (.degree, 0, 1), "bar": (.bar, 0, 1), "s": (.second, 0, 1),
    ]
}
