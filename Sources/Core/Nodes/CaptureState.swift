import Vocabulary

/// Decides which of a channel's polled values are reported, and as what: the first, one every capture
/// period, and each that differs enough from the last one reported.
struct CaptureState: Sendable {
    /// How much two dates of a device's clock may be nearer to each other than they should.
    private static let dateError = Duration.seconds(2)
    private let rule: CaptureRule
    /// The good values since the last report.
    private var interval: Resampler
    private var last: (value: Int64, due: MonotonicInstant)?

    init(rule: CaptureRule) {
        self.rule = rule
        interval = Resampler(rule.summary)
    }

    /// Takes in one good value.
    ///
    /// - Parameters:
    ///   - due: When the poll was due, not when it ran, so that late polls move no period.
    ///   - isDated: Whether `due` comes from the device's clock, which is no more exact than some seconds.
    /// - Returns: What is to be reported now, taken as reported; nil when nothing is.
    mutating func capture(
        _ value: Int64, due: MonotonicInstant, isDated: Bool = false
    ) -> Int64? {
        interval.add(value)
        let period = isDated ? rule.period - min(Self.dateError, rule.period / 2) : rule.period
        guard wants(value, due: due, period), let summed = interval.take() else { return nil }
        last = (summed, due)
        return summed
    }

    /// Has the next value reported whatever it is, as after a time without any. What was taken in and
    /// not reported yet is reported with it.
    mutating func reset() { last = nil }

    /// After a switch the new state is worth a report, unless it is the one that was reported last: a
    /// command that changes nothing leaves nothing behind.
    mutating func switched(to state: Int64) {
        if last?.value != state { reset() }
    }

    private func wants(_ value: Int64, due: MonotonicInstant, _ period: Duration) -> Bool {
        guard let last else { return true }
        if last.due.duration(to: due) >= period { return true }
        guard let delta = rule.delta else { return false }
        let (difference, overflow) = value.subtractingReportingOverflow(last.value)
        return overflow || difference.magnitude >= delta.magnitude
    }
}
