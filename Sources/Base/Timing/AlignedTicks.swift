import Vocabulary

/// Moments that lie on whole periods of the wall clock, waited for on the monotonic clock.
///
/// For what is reported at whole minutes or hours of the day; what only recurs has a `TickSchedule`, which no
/// setting of the wall clock moves. A pure machine. When the wall clock is set, the moments fall into step with it after at most one more
/// period; what it jumped over is never made up for.
public struct AlignedTicks: Hashable, Sendable {
    public let period: Duration
    /// When to ask `take` again.
    public private(set) var deadline: MonotonicInstant
    private var last: WallTime

    /// - Parameter period: A millisecond at least.
    public init(period: Duration, wall: WallTime, now: MonotonicInstant) {
        self.period = max(period, .milliseconds(1))
        (deadline, last) = (now, wall)
        last = boundary(before: wall)
        schedule(wall: wall, now: now)
    }

    /// - Returns: The moment that has come, when one has.
    public mutating func take(wall: WallTime, now: MonotonicInstant) -> WallTime? {
        guard now >= deadline else { return nil }
        let moment = boundary(before: wall)
        schedule(wall: wall, now: now)
        // The clock was set back: the same moment is not reported twice.
        guard moment != last else { return nil }
        let wasSetBack = moment < last
        last = moment
        return wasSetBack ? nil : moment
    }

    private func boundary(before wall: WallTime) -> WallTime {
        let length = period.wholeNanoseconds
        let past = wall.nanoseconds % length
        return WallTime(nanoseconds: wall.nanoseconds - (past < 0 ? past + length : past))
    }

    private mutating func schedule(wall: WallTime, now: MonotonicInstant) {
        let past = wall.nanoseconds - boundary(before: wall).nanoseconds
        deadline = now.advanced(by: period - .nanoseconds(past))
    }
}
