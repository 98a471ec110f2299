import Vocabulary

/// What becomes of the moments that a loop was too late for.
public enum MissedTicks: Hashable, Sendable {
    /// Each is made up for, one right after the other: for what counts.
    case catchUp
    /// They are skipped and the grid is kept: for what measures.
    case resync
    /// A tick that is late by more than the tolerance begins a new grid: for what watches.
    case drift(tolerance: Duration)
}

/// One moment of a schedule, when it was due and when it came.
public struct Tick: Hashable, Sendable {
    public let due: MonotonicInstant
    public let at: MonotonicInstant
    /// How many moments after `due` had passed as well and get no tick of their own.
    public let missed: Int
}

/// Moments one period apart. A pure value, for tasks and for threads that block alike.
public struct TickSchedule: Hashable, Sendable {
    private let period: Duration
    private let policy: MissedTicks
    private let origin: MonotonicInstant
    /// When the next tick is due.
    public private(set) var due: MonotonicInstant

    /// - Parameters:
    ///   - period: At least 1 ns.
    ///   - first: When the first tick is due; it need not lie on the grid.
    ///   - origin: A moment of the grid that `.resync` keeps to; `first` when nothing is said.
    public init(
        period: Duration, policy: MissedTicks = .resync, first: MonotonicInstant,
        origin: MonotonicInstant? = nil
    ) {
        precondition(period.wholeNanoseconds > 0, "a period must be at least one nanosecond")
        (self.period, self.policy, due) = (period, policy, first)
        self.origin = origin ?? first
    }

    /// The tick that is due at `now`, if one is. The schedule goes on to the next.
    public mutating func tick(at now: MonotonicInstant) -> Tick? {
        guard now >= due else { return nil }
        let was = due
        return Tick(due: was, at: now, missed: advance(past: now))
    }

    /// The moment that a tick at `now` stands for: `due`, or the last moment of the grid that has passed
    /// since, when it comes late by more than a period.
    public func moment(at now: MonotonicInstant) -> MonotonicInstant {
        let step = period.wholeNanoseconds
        let late = due.duration(to: now).wholeNanoseconds
        return late < step ? due : due.advanced(by: .nanoseconds(late / step * step))
    }

    /// Goes on to the tick after the one that was made at `now`.
    ///
    /// - Returns: How many moments were skipped because they had passed.
    @discardableResult
    public mutating func advance(past now: MonotonicInstant) -> Int {
        let step = period.wholeNanoseconds
        let late = due.duration(to: now).wholeNanoseconds
        switch policy {
        case .catchUp:
            due = due.advanced(by: period)
            return 0
        case .resync:
            let since = origin.duration(to: now).wholeNanoseconds
            // Rounded towards minus infinity: the grid also reaches back before its origin.
            let passed = since >= 0 ? since / step : (since - step + 1) / step
            let next = origin.advanced(by: .nanoseconds((passed + 1) * step))
            let skipped = due.duration(to: next).wholeNanoseconds / step - 1
            due = next
            return max(0, Int(skipped))
        case .drift(let tolerance):
            due =
                late > tolerance.wholeNanoseconds
                ? now.advanced(by: period) : due.advanced(by: period)
            return max(0, Int(late / step))
        }
    }
}
