import Vocabulary

/// The sum of all metered power, published when it moved enough. A pure machine.
struct GridworksPower: Sendable {
    private let exponents: [DataChannelName: Int]
    /// Hundredths and less are exact: the threshold in `10^exponent` watts.
    private let threshold: DecimalNumber
    private var values: [DataChannelName: DecimalNumber] = [:]
    /// The sum as last published, in watts.
    private(set) var published: Int64?

    /// - Parameters:
    ///   - channels: The metered channels that the gateway has, each with its exponent.
    ///   - nameplates: The sum of their nameplates, in watts.
    init(channels: [DataChannelName: Int], nameplates: Int64, share: DecimalNumber) {
        exponents = channels
        threshold =
            share.multiplied(by: DecimalNumber(mantissa: nameplates))
            ?? DecimalNumber(mantissa: .max)
    }

    /// - Returns: The sum in watts when it is to be published now: the first time that all channels are known,
    ///   and whenever it moved by more than the threshold.
    mutating func take(_ reading: Reading) -> Int64? {
        guard let exponent = exponents[reading.channel] else { return nil }
        // A meter that is silent counts for nothing, and so does a sum without it.
        values[reading.channel] =
            reading.quality == .good
            ? DecimalNumber(mantissa: reading.value, exponent: exponent) : nil
        guard let sum else { return nil }
        if let published {
            let (moved, overflow) = sum.subtractingReportingOverflow(published)
            let distance = DecimalNumber(
                mantissa: overflow ? .max : Int64(clamping: moved.magnitude))
            guard Self.isMore(distance, than: threshold) else { return nil }
        }
        published = sum
        return sum
    }

    /// The sum in watts; nil unless every metered channel is known.
    var sum: Int64? {
        guard !exponents.isEmpty, values.count == exponents.count else { return nil }
        var total = DecimalNumber(mantissa: 0)
        for value in values.values {
            guard let next = total.adding(value) else { return nil }
            total = next
        }
        return total.nearestSteps(exponent: 0)
    }

    private static func isMore(_ left: DecimalNumber, than right: DecimalNumber) -> Bool {
        guard
            let less = left.adding(
                DecimalNumber(
                    mantissa: right.mantissa == .min ? .max : -right.mantissa,
                    exponent: right.exponent))
        else { return left.approximate > right.approximate }
        return less.mantissa > 0
    }
}
