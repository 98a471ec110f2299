import Vocabulary

/// Decides which of a channel's polled values are reported: the first, one every capture period, and
/// each that differs enough from the last one reported.
struct CaptureState: Sendable {
    private let rule: CaptureRule
    private var last: (value: Int64, due: MonotonicInstant)?

    init(rule: CaptureRule) { self.rule = rule }

    /// Whether `value` is to be reported; if so, it is taken as reported.
    ///
    /// - Parameter due: When the poll was due, not when it ran, so that late polls move no period.
    mutating func captures(_ value: Int64, due: MonotonicInstant) -> Bool {
        guard wants(value, due: due) else { return false }
        last = (value, due)
        return true
    }

    /// Has the next value reported whatever it is, as after a time without any.
    mutating func reset() { last = nil }

    private func wants(_ value: Int64, due: MonotonicInstant) -> Bool {
        guard let last else { return true }
        if last.due.duration(to: due) >= rule.period { return true }
        guard let delta = rule.delta else { return false }
        let (difference, overflow) = value.subtractingReportingOverflow(last.value)
        return overflow || difference.magnitude >= delta.magnitude
    }
}
