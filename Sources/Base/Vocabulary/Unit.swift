/// What a value measures. The raw value is the word in layouts, topics and metrics.
public enum Unit: String, Hashable, Sendable, Codable, CaseIterable {
    case ampere, ampereHour, bar, byte, celsius, count, cubicMetre, cubicMetrePerHour, degree,
        hertz, joule
    case kelvin, litre, litrePerMinute, load, lux, metre, metrePerSecond, ohm, onOff, pascal
    case partsPerMillion, percent, powerFactor
    case revolutionPerMinute, second, unitless
    case reactivePower = "var"
    case varHour, volt, voltAmpere, voltAmpereHour, watt
    case wattHour

    /// What stands behind a number on a page: `"°C"`. Empty where nothing does.
    public var symbol: String {
        switch self {
        case .ampere: "A"
        case .ampereHour: "Ah"
        case .bar: "bar"
        case .byte: "B"
        case .celsius: "°C"
        case .count, .load, .onOff, .powerFactor, .unitless: ""
        case .cubicMetre: "m³"
        case .cubicMetrePerHour: "m³/h"
        case .degree: "°"
        case .hertz: "Hz"
        case .joule: "J"
        case .kelvin: "K"
        case .litre: "L"
        case .litrePerMinute: "L/min"
        case .lux: "lx"
        case .metre: "m"
        case .metrePerSecond: "m/s"
        case .ohm: "Ω"
        case .pascal: "Pa"
        case .partsPerMillion: "ppm"
        case .percent: "%"
        case .revolutionPerMinute: "rpm"
        case .second: "s"
        case .reactivePower: "var"
        case .varHour: "varh"
        case .volt: "V"
        case .voltAmpere: "VA"
        case .voltAmpereHour: "VAh"
        case .watt: "W"
        case .wattHour: "Wh"
        }
    }

    /// Whether any change at all is worth a report, so that no delta is needed to capture on change.
    public var isDiscrete: Bool { self == .onOff || self == .count }
}
