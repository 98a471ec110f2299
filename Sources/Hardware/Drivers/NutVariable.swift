import DriverKit
import Vocabulary

/// A variable of a UPS, or one word of its status, and the channel that it can be.
///
/// - Source: Network UPS Tools, docs/nut-names.txt.
struct NutVariable {
    /// `"battery.charge"`.
    let name: String
    /// The word of the status that makes the channel on; nil for a number.
    let word: String?
    let channel: ChannelDescription

    private init(
        _ name: String, _ source: String, _ unit: Unit, _ exponent: Int, _ title: String,
        _ range: ClosedRange<Int64> = 0...1_000_000_000, delta: Int64? = nil,
        isDefault: Bool = false
    ) {
        self.name = name
        word = nil
        channel = ChannelDescription(
            source: source, unit: unit, exponent: exponent, title: title,
            plausibility: Plausibility(range: range), captureDelta: delta, code: name,
            isDefault: isDefault)
    }

    private init(_ word: String, _ source: String, _ title: String, isDefault: Bool = false) {
        name = "ups.status"
        self.word = word
        channel = ChannelDescription(
            source: source, unit: .onOff, exponent: 0, title: title, isDefault: isDefault)
    }

    static let all = [
        NutVariable("OB", "on-battery", "Whether the load runs on the battery", isDefault: true),
        NutVariable("LB", "low-battery", "Whether the battery is almost empty", isDefault: true),
        NutVariable(
            "battery.charge", "charge", .percent, -1, "Charge of the battery", 0...1_000,
            delta: 20, isDefault: true),
        NutVariable(
            "battery.runtime", "runtime", .second, 0, "Time until the battery is empty",
            isDefault: true),
        NutVariable("ups.load", "load", .percent, -1, "Load, of what the UPS can carry", delta: 50),
        NutVariable("OL", "on-line", "Whether the mains supply the load"),
        NutVariable("CHRG", "charging", "Whether the battery is charging"),
        NutVariable("RB", "replace-battery", "Whether the battery must be replaced"),
        NutVariable("OVER", "overload", "Whether the load is too large"),
        NutVariable("FSD", "forced-shutdown", "Whether the server orders a shutdown"),
        NutVariable("battery.voltage", "battery-voltage", .volt, -2, "Battery voltage"),
        NutVariable(
            "battery.temperature", "battery-temperature", .celsius, -1, "Battery temperature",
            -400...1_000),
        NutVariable("input.voltage", "input-voltage", .volt, -1, "Mains voltage"),
        NutVariable("input.frequency", "input-frequency", .hertz, -2, "Mains frequency"),
        NutVariable("output.voltage", "output-voltage", .volt, -1, "Output voltage"),
        NutVariable("output.current", "output-current", .ampere, -2, "Output current"),
        NutVariable("ups.realpower", "power", .watt, 0, "Power of the load"),
        NutVariable("ups.power", "apparent-power", .voltAmpere, 0, "Apparent power of the load"),
        NutVariable(
            "ups.temperature", "temperature", .celsius, -1, "Temperature of the UPS",
            -400...1_500),
    ]

    /// - Throws: `.invalidComponent` for a channel that no UPS has.
    static func of(_ channel: DataChannel) throws(DriverError) -> NutVariable {
        guard let variable = all.first(where: { $0.channel.source == channel.source }) else {
            throw channel.unknownSource(among: all.map(\.channel.source))
        }
        return variable
    }

    /// - Throws: `.unsupported` when the UPS does not have it; `.noValue` for no number, and for a status that
    ///   says neither where the load's power is from nor that it is off.
    func value(in values: [String: String]) throws(DriverError) -> DecimalNumber {
        guard let text = values[name] else {
            throw DriverError(
                .unsupported,
                "the UPS has no \(name); it has "
                    + values.keys.sorted().fewJoined.printable(limit: 300))
        }
        guard let word else {
            guard let number = DecimalNumber(telegram: text) else {
                throw DriverError(
                    .noValue, "\(name) is \"\(text.printable(limit: 40))\", not a number")
            }
            return number
        }
        let words = Self.statusWords(in: values)
        guard Self.supplies.intersection(words).count == 1 else {
            throw DriverError(
                .noValue,
                "ups.status is \"\(text.printable(limit: 40))\", must have one of OL, OB, OFF and BYPASS"
            )
        }
        return DecimalNumber(mantissa: words.contains(word) ? 1 : 0)
    }

    /// The words of the status; none when the UPS shows no status.
    static func statusWords(in values: [String: String]) -> Set<String> {
        Set((values["ups.status"] ?? "").split(separator: " ").map(String.init))
    }

    private static let supplies: Set<String> = ["OL", "OB", "OFF", "BYPASS"]
}
