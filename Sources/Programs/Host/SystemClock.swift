import Glibc
import Vocabulary

/// The machine's own clocks: the one place where the product learns the time.
package final class SystemClock: GatewayClock {
    private let evidence: ClockEvidence
    private let watch: Guarded<ClockWatch>

    package init(evidence: ClockEvidence = ClockEvidence()) {
        self.evidence = evidence
        watch = Guarded(ClockWatch(Self.sample(evidence)))
    }

    package var now: MonotonicInstant { Self.awake }

    package var wallTime: WallTime { timestamp.wall }

    package var isWallTimeSynchronised: Bool { watch.withLock(\.isSynchronised) }

    package var timestamp: Timestamp {
        watch.withLock { watch in
            Timestamp(
                wall: watch.label(wall: Self.wall, sinceBoot: Self.sinceBoot),
                monotonic: Self.awake, isSynchronised: watch.isSynchronised)
        }
    }

    package func look() -> [ClockEvent] {
        let sample = Self.sample(evidence, isSynchronisedAlready: isWallTimeSynchronised)
        return watch.withLock { $0.look(sample) }
    }

    /// Time that the machine sleeps does not count, as it does not for `now`.
    package func sleep(until deadline: MonotonicInstant) async throws {
        while case let remaining = now.duration(to: deadline), remaining > .zero {
            try await Task.sleep(for: remaining, clock: .suspending)
        }
    }

    package func allowance(until deadline: MonotonicInstant?, alarm: any Alarm) -> Duration? {
        deadline.map { max(.zero, now.duration(to: $0)) }
    }

    /// - Parameter isSureAlready: Spares a clock that is sure the look for evidence.
    private static func sample(
        _ evidence: ClockEvidence, isSynchronisedAlready: Bool = false
    ) -> ClockSample {
        // The evidence first: clocks read before it might be those of before they were set.
        let isVouchedFor = isSynchronisedAlready || evidence.vouches(for: wall)
        return ClockSample(
            wall: wall, sinceBoot: sinceBoot, awake: awake, isVouchedFor: isVouchedFor)
    }

    private static var wall: WallTime { WallTime(nanoseconds: read(CLOCK_REALTIME)) }

    private static var sinceBoot: Duration { .nanoseconds(read(CLOCK_BOOTTIME)) }

    private static var awake: MonotonicInstant {
        MonotonicInstant(nanoseconds: read(CLOCK_MONOTONIC))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // Sound: the call fills in `time`, which lives on this stack.
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
