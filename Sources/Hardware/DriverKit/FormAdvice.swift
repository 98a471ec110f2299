import Documents
import Vocabulary

/// What a user probably meant who wrote a value of another form, in the words of other programs: `"; write …"`,
/// or nothing.
public enum FormAdvice {
    /// `"; write watt, …"`; empty when nothing is known of `text`.
    static func choice(_ text: String, among words: [String]) -> String {
        if words == Unit.allCases.map(\.rawValue) { return unit(text) }
        guard words.contains("relay"), let kind = kinds[text.lowercased()], words.contains(kind)
        else { return "" }
        return "; write \(kind)"
    }

    private static let kinds: [String: String] = [
        "switch": "relay", "output": "relay", "pump": "relay", "valve": "relay",
        "contactor": "relay", "actuator": "relay", "ssr": "relay", "heater": "relay",
        "input": "sensor", "contact": "sensor", "thermometer": "sensor", "temperature": "sensor",
        "probe": "sensor", "binary_sensor": "sensor", "counter": "meter", "energy": "meter",
        "power": "meter",
    ]

    // MARK: - Units

    /// The unit and the power of ten that a symbol stands for.
    private static func meaning(_ symbol: String) -> (unit: Unit, power: Int)? {
        if let known = symbols[symbol] ?? words[symbol.lowercased()] { return (known, 0) }
        if let special = specials[symbol] { return special }
        let prefixes: [(Character, Int)] = [
            ("n", -9), ("µ", -6), ("u", -6), ("m", -3), ("c", -2), ("h", 2), ("k", 3), ("K", 3),
            ("M", 6), ("G", 9),
        ]
        guard let first = symbol.first, let power = prefixes.first(where: { $0.0 == first })?.1,
            let unit = symbols[String(symbol.dropFirst())], unit != .celsius, unit != .percent
        else { return nil }
        return (unit, power)
    }

    private static let symbols: [String: Unit] = [
        "A": .ampere, "Ah": .ampereHour, "B": .byte, "°C": .celsius, "℃": .celsius, "C": .celsius,
        "m³": .cubicMetre,
        "m3": .cubicMetre, "m³/h": .cubicMetrePerHour, "m3/h": .cubicMetrePerHour,
        "J": .joule, "Ω": .ohm, "Ohm": .ohm, "VAh": .voltAmpereHour, "bar": .bar,
        "°": .degree, "Hz": .hertz, "K": .kelvin, "L": .litre, "l": .litre,
        "L/min": .litrePerMinute, "l/min": .litrePerMinute, "lx": .lux, "m": .metre,
        "m/s": .metrePerSecond,
        "Pa": .pascal, "ppm": .partsPerMillion, "%": .percent, "rpm": .revolutionPerMinute,
        "s": .second, "var": .reactivePower, "varh": .varHour, "V": .volt, "VA": .voltAmpere,
        "W": .watt,
        "Wh": .wattHour, "": .unitless, "1": .unitless,
    ]

    private static let words: [String: Unit] = [
        "degc": .celsius, "centigrade": .celsius, "amp": .ampere, "amps": .ampere,
        "volts": .volt, "watts": .watt, "liter": .litre, "liters": .litre, "litres": .litre,
        "lpm": .litrePerMinute, "seconds": .second, "bool": .onOff, "boolean": .onOff,
        "binary": .onOff, "on/off": .onOff, "pulses": .count, "pulse": .count, "none": .unitless,
        "pf": .powerFactor, "cosphi": .powerFactor, "cosφ": .powerFactor, "wh": .wattHour,
        "rh": .percent, "%rh": .percent, "bytes": .byte,
    ]

    /// What differs by a power of ten and is not a prefix.
    private static let specials: [String: (unit: Unit, power: Int)] = [
        "kwh": (.wattHour, 3), "KWh": (.wattHour, 3),
        "kw": (.watt, 3), "KW": (.watt, 3), "Mwh": (.wattHour, 6),
    ]

    private static func unit(_ text: String) -> String {
        guard let (unit, power) = meaning(text) else { return "" }
        guard power != 0 else { return "; write \(unit.rawValue)" }
        let factor = DecimalNumber(mantissa: 1, exponent: power)
        return
            "; write \(unit.rawValue): 1 \(text) is \(factor) \(unit.symbol), so a register in \(text) "
            + "has \"scale\": \(factor), and \"exponent\": \(power) makes steps of 1 \(text)"
    }

    // MARK: - Durations and numbers

    /// `"; write \"5min\""`; empty when nothing is known of `value`.
    static func duration(_ value: JsonValue, in range: ClosedRange<Duration>) -> String {
        let text: String
        switch value {
        case .number(let number):
            let written = ["\(number)s", "\(number)ms", "\(number)min"].first {
                Duration(layoutText: $0).map(range.contains) ?? false
            }
            return written.map { "; write \"\($0)\"" } ?? ""
        case .text(let written): text = written
        default: return ""
        }
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let word = text.dropFirst(digits.count).trimming { $0.isWhitespace }.lowercased()
        guard let number = DecimalNumber(digits) else { return "" }
        let suffix: String? =
            switch word {
            case "m", "mins", "minute", "minutes", "minuten": "min"
            case "sec", "secs", "second", "seconds", "": "s"
            case "hr", "hrs", "hour", "hours", "std": "h"
            case "day", "days": "d"
            case "msec", "millis", "milliseconds": "ms"
            default: nil
            }
        return suffix.map { "; write \"\(number)\($0)\"" } ?? ""
    }

    /// For a number or a flag that stands in quotation marks.
    public static func unquoted(_ value: JsonValue, isNumber: Bool) -> String {
        guard case .text(let text) = value else { return "" }
        let isMeant = isNumber ? DecimalNumber(text) != nil : ["true", "false"].contains(text)
        return isMeant ? "; write \(text) without quotation marks" : ""
    }
}

extension Substring {
    fileprivate func trimming(_ isBlank: (Character) -> Bool) -> Substring {
        var text = drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return text
    }
}
