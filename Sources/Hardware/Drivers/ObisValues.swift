import DriverKit
import Vocabulary

/// What one telegram says, by OBIS code.
struct ObisValues: Hashable, Sendable {
    /// One value as it was sent.
    struct Value: Hashable, Sendable {
        /// Nil for what is no number.
        let number: DecimalNumber?
        let unit: MeterUnit
        /// As the meter wrote it, for messages.
        let text: String
    }

    /// So many are kept; the rest of a telegram is left out. No meter sends half as many.
    static let capacity = 256

    private(set) var values: [ObisCode: Value] = [:]

    /// Notes a current value; the first one counts where a code comes twice.
    mutating func add(_ value: Value, as code: ObisCode) {
        guard code.period == 255, values.count < Self.capacity, values[code] == nil else { return }
        values[code] = value
    }

    /// The value of a source, in its unit.
    ///
    /// Where a meter sends no total, the tariffs are added, and where it sends no net power, export is taken
    /// from import: both from one telegram, or not at all.
    ///
    /// - Throws: `.unsupported` when it is not in the telegram; `.noValue` for no number;
    ///   `.malformedReply` for another unit.
    func number(of source: ObisSource) throws(DriverError) -> DecimalNumber {
        if values[source.code] != nil { return try number(of: source.code, in: source.channel) }
        var sum = DecimalNumber(mantissa: 0)
        guard !source.parts.isEmpty, source.parts.allSatisfy({ values[$0.code] != nil }),
            !hasMoreTariffs(than: source)
        else { throw missing(source) }
        for part in source.parts {
            let number = try number(of: part.code, in: source.channel)
            let signed = number.multiplied(by: DecimalNumber(mantissa: part.sign))
            guard let next = signed.flatMap(sum.adding) else {
                throw DriverError(.noValue, "\(part.code) is \(number), which does not fit")
            }
            sum = next
        }
        return sum
    }

    /// Whether the meter counts in tariffs that are no parts of a source, which then lacks them.
    private func hasMoreTariffs(than source: ObisSource) -> Bool {
        let total = source.code
        guard total.quantity[1] == ObisCode.energy else { return false }
        return values.keys.contains { code in
            (code.medium, code.channel) == (total.medium, total.channel)
                && code.quantity[..<2] == total.quantity[..<2]
                && !source.parts.contains { $0.code == code }
        }
    }

    private func number(
        of code: ObisCode, in channel: ChannelDescription
    ) throws(DriverError) -> DecimalNumber {
        guard let value = values[code], let number = value.number else {
            throw DriverError(.noValue, "\(code) is \"\(values[code]?.text ?? "")\", not a number")
        }
        guard value.unit.unit == channel.unit || (value.unit.isNone && channel.unit.hasNone) else {
            throw DriverError(
                .malformedReply,
                "\(code) came as \(value.text) in \"\(value.unit)\", must be in "
                    + channel.unit.rawValue)
        }
        guard let scaled = value.unit.value(number) else {
            throw DriverError(
                .noValue, "\(code) is \(value.text) \(value.unit), which does not fit")
        }
        return scaled
    }

    private func missing(_ source: ObisSource) -> DriverError {
        let codes = values.keys.map(\.description).sorted()
        let shown = codes.prefix(20).joined(separator: ", ")
        return DriverError(
            .unsupported,
            "the telegram has no \(source.code); it has "
                + (codes.isEmpty ? "no value" : shown)
                + (codes.count > 20 ? " and \(codes.count - 20) more" : ""))
    }
}

extension MeterUnit {
    fileprivate var isNone: Bool { description.isEmpty }
}

extension Unit {
    /// Whether meters write nothing behind such a number.
    fileprivate var hasNone: Bool { [.unitless, .count, .powerFactor].contains(self) }
}
