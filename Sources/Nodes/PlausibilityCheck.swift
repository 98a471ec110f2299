import Vocabulary

/// Tells measurements from what a device shows when it is unwell.
///
/// - A value out of range is never a measurement.
/// - A power-on value counts only when the last good value was within the largest step of it.
/// - A change beyond the largest step must be confirmed by the next two polls, each within the
///   largest step of the one before; then it is taken for real.
/// - A counter that falls below what it showed before is never believed: a meter that answers 0 for a
///   moment would have its lifetime booked as one day's energy. A meter that was exchanged needs a
///   restart of its node. When only its newest values stand in the way, because a register was read
///   as all ones, three polls that agree are believed again.
struct PlausibilityCheck: Sendable {
    enum Verdict: Hashable, Sendable {
        case plausible
        /// Why not, with limits and values in steps turned to text by the caller's channel.
        case implausible(String)
    }

    /// How many polls in a row must agree before a large step is believed.
    static let confirmingPolls = 3

    private let channel: DataChannel
    private var rule: Plausibility { channel.plausibility }
    private var lastGood: Int64?
    private var suspect: (value: Int64, polls: Int)?
    /// The newest good values of a counter, at most `confirmingPolls`; the oldest was confirmed by
    /// those after it.
    private var risen: [Int64] = []
    /// What the counter has shown since it fell, as far as that rises.
    private var fallen: [Int64] = []

    init(channel: DataChannel) { self.channel = channel }

    mutating func judge(_ value: Int64) -> Verdict {
        if let reason = objection(to: value) { return .implausible(reason) }
        if rule.isCounter { noteRisen(value) }
        lastGood = value
        suspect = nil
        return .plausible
    }

    private mutating func objection(to value: Int64) -> String? {
        let shown = channel.text(value)
        guard rule.range.contains(value) else {
            let range = rule.range
            return "\(shown) is outside "
                + (range.lowerBound == .min ? "" : "\(channel.text(range.lowerBound)) ") + "to"
                + (range.upperBound == .max ? "" : " \(channel.text(range.upperBound))")
        }
        if rule.powerOnValues.contains(value), !isNearLastGood(value) {
            return "\(shown) is what the device shows after power-on"
        }
        guard let lastGood else { return nil }
        if rule.isCounter, value < lastGood {
            if disproves(lastGood, by: value) { return nil }
            return "the counter fell from \(channel.text(lastGood)) to \(shown); "
                + "if the meter was exchanged, restart the gateway"
        }
        if let step = rule.largestStep, !isNearLastGood(value), !confirms(value, step: step) {
            return "\(shown) is more than \(channel.text(step)) away from \(channel.text(lastGood))"
        }
        return nil
    }

    private mutating func noteRisen(_ value: Int64) {
        if fallen.count >= Self.confirmingPolls {
            risen = fallen
        } else if fallen.isEmpty {
            // A value between two falls confirms nothing: a glitch may come more than once.
            risen = risen.suffix(Self.confirmingPolls - 1) + [value]
        }
        fallen = []
    }

    /// Whether enough polls in a row have shown that the counter never stood at `top`.
    private mutating func disproves(_ top: Int64, by value: Int64) -> Bool {
        // A single value is confirmed by nothing, so anything above zero may be below it.
        let floor = risen.count > 1 ? risen[0] : 1
        // Far below the glitch is nearer to what was believed before it.
        guard value >= floor,
            Int128(top) - Int128(value) > Int128(value) - Int128(risen.count > 1 ? floor : 0)
        else {
            fallen = []
            return false
        }
        if let last = fallen.last, value < last { fallen = [] }
        fallen.append(value)
        return fallen.count >= Self.confirmingPolls
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
