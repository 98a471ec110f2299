import Vocabulary

/// Tells measurements from what a device shows when it is unwell.
///
/// - A value out of range is never a measurement.
/// - A power-on value counts only when the last good value was within the largest step of it.
/// - A change beyond the largest step must be confirmed by the next two polls, each within the
///   largest step of the one before; then it is taken for real.
/// - A counter that falls is never believed: a meter that answers 0 for a moment would have its
///   lifetime booked as one day's energy. A meter that was exchanged needs a restart of its node.
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

    init(channel: DataChannel) { self.channel = channel }

    mutating func judge(_ value: Int64) -> Verdict {
        if let reason = objection(to: value) { return .implausible(reason) }
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
            return "the counter fell from \(channel.text(lastGood)) to \(shown); "
                + "if the meter was exchanged, restart the gateway"
        }
        if let step = rule.largestStep, !isNearLastGood(value), !confirms(value, step: step) {
            return "\(shown) is more than \(channel.text(step)) away from \(channel.text(lastGood))"
        }
        return nil
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
