import Vocabulary

/// A grid of moments that never drifts: `origin + k × period`. Moments that were missed stay missed.
struct PollSchedule: Hashable, Sendable {
    private let period: Duration
    /// When the next poll is due.
    private(set) var due: MonotonicInstant
    private let origin: MonotonicInstant

    /// - Parameters:
    ///   - first: When the first poll is due; it need not lie on the grid.
    ///   - origin: A moment of the grid.
    init(period: Duration, first: MonotonicInstant, origin: MonotonicInstant) {
        (self.period, due, self.origin) = (period, first, origin)
    }

    /// The moment that a poll at `now` stands for: `due`, or the last moment of the grid that has
    /// passed since, when the poll comes late by more than a period.
    func moment(at now: MonotonicInstant) -> MonotonicInstant {
        let step = period.wholeNanoseconds
        let late = due.duration(to: now).wholeNanoseconds
        return late < step ? due : due.advanced(by: .nanoseconds(late / step * step))
    }

    /// Goes on to the first moment of the grid after `now`.
    ///
    /// - Returns: How many moments were skipped because they had passed.
    @discardableResult
    mutating func advance(past now: MonotonicInstant) -> Int {
        let step = period.wholeNanoseconds
        let since = origin.duration(to: now).wholeNanoseconds
        // Rounded towards minus infinity: the grid also reaches back before its origin.
        let passed = since >= 0 ? since / step : (since - step + 1) / step
        let next = origin.advanced(by: .nanoseconds((passed + 1) * step))
        let skipped = due.duration(to: next).wholeNanoseconds / step - 1
        due = next
        return max(0, Int(skipped))
    }
}
