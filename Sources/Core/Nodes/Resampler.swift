import Vocabulary

/// Sums up the values of one interval, exactly, in whole steps.
struct Resampler: Hashable, Sendable {
    private let summary: CaptureSummary
    private var last: Int64?
    private var low = Int64.max
    private var high = Int64.min
    /// Wide enough for 2⁶³ values of the largest size.
    private var sum: Int128 = 0
    private var count: Int128 = 0

    init(_ summary: CaptureSummary) { self.summary = summary }

    /// Takes in one value of the interval.
    mutating func add(_ value: Int64) {
        last = value
        (low, high) = (min(low, value), max(high, value))
        sum += Int128(value)
        count += 1
    }

    /// The values since the last call as one, and begins the next interval. An average is rounded to the
    /// nearest whole step, a half away from zero.
    ///
    /// - Returns: Nil for an interval without values.
    mutating func take() -> Int64? {
        guard let last else { return nil }
        defer { self = Resampler(summary) }
        switch summary {
        case .last: return last
        case .minimum: return low
        case .maximum: return high
        case .average:
            let twice = 2 * sum + (sum < 0 ? -count : count)
            return Int64(twice / (2 * count))
        }
    }
}
