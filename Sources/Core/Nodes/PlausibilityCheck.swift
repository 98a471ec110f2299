import Vocabulary

/// Distinguishes measurements from what a device shows when it is unwell. Whatever it rejects, it believes again
/// by itself once the device is well.
///
/// - A value out of range is never a measurement.
/// - A power-on value counts only when the last good value was within the largest step of it.
/// - A change beyond the largest step must be confirmed by the next two polls, each within the
///   largest step of the one before; then it is taken for real.
/// - A counter is followed by a `CounterCheck`.
struct PlausibilityCheck: Sendable {
    enum Verdict: Hashable, Sendable {
        /// This is the value, which for a counter is its total.
        case plausible(Int64)
        /// Nothing is known yet, and nothing is wrong so far.
        case pending
        /// Why not, with limits and values in steps turned to text by the channel.
        case implausible(String)
        /// The value, and what happened to its counter.
        case news(Int64, GatewayEvent.Kind, String)
    }

    /// How many polls in a row must agree before a large step is believed.
    static let confirmingPolls = 3

    private let channel: DataChannel
    private var rule: Plausibility { channel.plausibility }
    private var lastGood: Int64?
    private var suspect: (value: Int64, polls: Int)?
    /// Nil for what is no counter.
    private(set) var counter: CounterCheck?

    init(channel: DataChannel) {
        self.channel = channel
        counter = channel.plausibility.isCounter ? CounterCheck(channel: channel) : nil
    }

    /// The counter's register stood there in an earlier life.
    mutating func restore(shown: Int64, turns: Int64) {
        counter?.restore(shown: shown, turns: turns)
        lastGood = shown
    }

    /// A user has set the total.
    mutating func begin(at total: Int64) {
        counter?.begin(at: total)
        (lastGood, suspect) = (total, nil)
    }

    mutating func judge(_ value: Int64, at now: MonotonicInstant) -> Verdict {
        if let reason = objection(to: value) { return .implausible(reason) }
        let verdict = counter?.judge(value, at: now) ?? .counts(value)
        switch verdict {
        case .waits: return .pending
        case .doubtful(let reason): return .implausible(reason)
        case .counts, .wrapped, .reset: (lastGood, suspect) = (value, nil)
        }
        switch verdict {
        case .counts(let total): return .plausible(total)
        case .wrapped(let total, let words): return .news(total, .counterWrapped, words)
        case .reset(let total, let words): return .news(total, .counterReset, words)
        case .waits, .doubtful: return .pending
        }
    }

    private mutating func objection(to value: Int64) -> String? {
        let shown = channel.text(value)
        guard rule.range.contains(value) else {
            let range = rule.range
            return value < range.lowerBound
                ? "\(shown) is below \(channel.text(range.lowerBound))"
                : "\(shown) is above \(channel.text(range.upperBound))"
        }
        if rule.powerOnValues.contains(value), !isNearLastGood(value) {
            return "\(shown) is what the device shows after power-on"
        }
        guard counter == nil, let lastGood, let step = rule.largestStep, !isNearLastGood(value),
            !confirms(value, step: step)
        else { return nil }
        return "\(shown) is more than \(channel.text(step)) away from \(channel.text(lastGood))"
    }

    private func isNearLastGood(_ value: Int64) -> Bool {
        guard let lastGood, let step = rule.largestStep else { return false }
        return isWithin(step, value, lastGood)
    }

    private mutating func confirms(_ value: Int64, step: Int64) -> Bool {
        if let suspect, isWithin(step, value, suspect.value) {
            self.suspect = (value, suspect.polls + 1)
        } else {
            suspect = (value, 1)
        }
        return (suspect?.polls ?? 0) >= Self.confirmingPolls
    }

    private func isWithin(_ step: Int64, _ left: Int64, _ right: Int64) -> Bool {
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return !overflow && difference.magnitude <= step.magnitude
    }
}
