import Vocabulary

/// A number as people read it on a terminal: in a unit of the right size, without digits that say nothing.
/// Files, pipes and wires keep the exact number.
enum ScaledNumber {
    /// `82 GB`, `12.3 kWh`, `21.5 °C`, `3 h 5 min`; `on` and `off` for a switch.
    static func text(_ number: DecimalNumber, _ unit: Unit) -> String {
        switch unit {
        case .onOff: return number.mantissa == 0 ? "off" : "on"
        case .second:
            if let span = span(number) { return span }
        default: break
        }
        let size = abs(number.approximate)
        guard let step = steps(unit).first(where: { size >= $0.from }) else {
            return trimmed(number) + (unit.symbol.isEmpty ? "" : " \(unit.symbol)")
        }
        let scaled = DecimalNumber(
            mantissa: number.mantissa, exponent: number.exponent - step.power)
        let places = max(leastPlaces(unit), places(scaled))
        let rounded = scaled.nearestSteps(exponent: -places).map {
            DecimalNumber(mantissa: $0, exponent: -places)
        }
        return "\(trimmed(rounded ?? scaled)) \(step.prefix)\(unit.symbol)"
    }

    /// The larger units, the largest first, each with the size from which it is used. A meter shows all of
    /// its energy in kWh, and so do we.
    private static func steps(_ unit: Unit) -> [(from: Double, power: Int, prefix: String)] {
        switch unit {
        case .byte: [(1e12, 12, "T"), (1e9, 9, "G"), (1e6, 6, "M"), (1e3, 3, "k")]
        case .watt, .reactivePower, .voltAmpere: [(1e6, 6, "M"), (1e3, 3, "k")]
        case .wattHour, .varHour, .voltAmpereHour: [(1e9, 6, "M"), (1e3, 3, "k")]
        case .pascal, .ohm: [(1e4, 3, "k")]
        case .joule: [(1e9, 9, "G"), (1e6, 6, "M"), (1e3, 3, "k")]
        default: []
        }
    }

    private static func leastPlaces(_ unit: Unit) -> Int {
        switch unit {
        case .wattHour, .varHour, .voltAmpereHour, .pascal: 1
        default: 0
        }
    }

    /// Three digits in all.
    private static func places(_ number: DecimalNumber) -> Int {
        let size = abs(number.approximate)
        return size < 10 ? 2 : size < 100 ? 1 : 0
    }

    /// Two minutes and more, in the two units that matter.
    private static func span(_ number: DecimalNumber) -> String? {
        guard let seconds = number.nearestSteps(exponent: 0), seconds >= 120 else { return nil }
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
        if days >= 2 { return "\(days) d \(hours % 24) h" }
        return hours >= 2 ? "\(hours) h \(minutes % 60) min" : "\(minutes) min"
    }

    private static func trimmed(_ number: DecimalNumber) -> String {
        var text = Substring("\(number)")
        guard number.exponent < 0 else { return String(text) }
        while text.hasSuffix("0") { text = text.dropLast() }
        return String(text.hasSuffix(".") ? text.dropLast() : text)
    }
}
