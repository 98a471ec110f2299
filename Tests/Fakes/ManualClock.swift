import Vocabulary

/// A clock that stands still until it is moved by hand.
///
/// Tasks sleep on it and threads ask it for their allowance; both count as sleepers, so that a test
/// can wait until everybody has gone to sleep before it moves on.
public final class ManualClock: GatewayClock {
    private struct Sleeper {
        let deadline: MonotonicInstant
        let wake: @Sendable (Wake) -> Void
    }

    /// Why a task sleeps no longer: the clock came to its deadline, that was over already, or it was cancelled.
    private enum Wake { case due, over, cancelled }

    /// Whoever waits until enough are asleep.
    private struct Watcher {
        let count: Int
        let threads: Int
        let resume: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: MonotonicInstant
        var wall: WallTime
        /// How long the machine has slept.
        var slept = Duration.zero
        var isVouchedFor: Bool
        var watch: ClockWatch
        var nextID = 0
        /// Tasks whose time has come, and who have had no turn since.
        var waking = 0
        var tasks: [Int: Sleeper] = [:]
        var threads: [ObjectIdentifier: (deadline: MonotonicInstant, alarm: any Alarm)] = [:]
        var watchers: [Watcher] = []

        var sleepers: Int { tasks.count + threads.count }

        var sinceBoot: Duration { .nanoseconds(now.nanoseconds) + slept }

        var sample: ClockSample {
            ClockSample(
                wall: wall, sinceBoot: sinceBoot, awake: now, isVouchedFor: isVouchedFor)
        }

        var label: WallTime { watch.label(wall: wall, sinceBoot: sinceBoot) }

        init(now: MonotonicInstant, wall: WallTime, isVouchedFor: Bool) {
            (self.now, self.wall, self.isVouchedFor) = (now, wall, isVouchedFor)
            watch = ClockWatch(
                ClockSample(
                    wall: wall, sinceBoot: .nanoseconds(now.nanoseconds), awake: now,
                    isVouchedFor: isVouchedFor))
        }

        mutating func satisfiedWatchers() -> [CheckedContinuation<Void, Never>] {
            guard !watchers.isEmpty, waking == 0 else { return [] }
            let (sleepers, sleeping) = (sleepers, threads.count)
            let areAsleep = { (watcher: Watcher) in
                watcher.count <= sleepers && watcher.threads <= sleeping
            }
            let satisfied = watchers.filter(areAsleep)
            watchers.removeAll(where: areAsleep)
            return satisfied.map(\.resume)
        }
    }

    private let state: Guarded<State>

    /// - Parameters:
    ///   - wall: The wall time at the start; 2026-01-01 when nothing else is said.
    ///   - isSure: Whether the system vouches for it; if not, the first `jump` makes it sure.
    public init(
        now: MonotonicInstant = MonotonicInstant(nanoseconds: 1_000_000_000),
        wall: WallTime = WallTime(nanoseconds: 1_767_225_600_000_000_000),
        isSynchronised: Bool = true
    ) {
        state = Guarded(State(now: now, wall: wall, isVouchedFor: isSynchronised))
    }

    public var now: MonotonicInstant { state.withLock { $0.now } }
    public var wallTime: WallTime { state.withLock { $0.label } }
    public var isWallTimeSynchronised: Bool { state.withLock { $0.watch.isSynchronised } }

    public var timestamp: Timestamp {
        state.withLock {
            Timestamp(wall: $0.label, monotonic: $0.now, isSynchronised: $0.watch.isSynchronised)
        }
    }

    public func look() -> [ClockEvent] { state.withLock { $0.watch.look($0.sample) } }

    /// Moves both clocks on and wakes everybody whose time has come.
    public func advance(by duration: Duration) {
        let (tasks, threads) = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            state.wall = state.wall.advanced(by: duration)
            let now = state.now
            let tasks = state.tasks.filter { $0.value.deadline <= now }
            let threads = state.threads.filter { $0.value.deadline <= now }
            for id in tasks.keys { state.tasks[id] = nil }
            state.waking += tasks.count
            for id in threads.keys { state.threads[id] = nil }
            return (Array(tasks.values), threads.values.map(\.alarm))
        }
        for task in tasks { task.wake(.due) }
        for alarm in threads { alarm.wake() }
    }

    /// Moves the wall clock alone, as an NTP client does.
    public func jump(by duration: Duration) {
        state.withLock { $0.wall = $0.wall.advanced(by: duration) }
    }

    /// The system vouches for the wall clock from now on, as it does once NTP has put it right.
    public func vouch() {
        state.withLock { $0.isVouchedFor = true }
    }

    /// The machine sleeps: the wall clock goes on, and nothing that waits on this clock notices.
    public func suspend(for duration: Duration) {
        state.withLock { state in
            state.slept += duration
            state.wall = state.wall.advanced(by: duration)
        }
    }

    /// Returns once at least `count` tasks and threads sleep on this clock with a deadline, and each task
    /// that was woken has had a turn.
    ///
    /// - Parameter threads: How many threads must be among them. A thread that was woken sleeps again
    ///   once it has done what was due.
    public func sleepers(_ count: Int, threads: Int = 0) async {
        await withCheckedContinuation { continuation in
            let satisfied = state.withLock { state in
                state.watchers.append(
                    Watcher(count: count, threads: threads, resume: continuation))
                return state.satisfiedWatchers()
            }
            for watcher in satisfied { watcher.resume() }
        }
    }

    /// The earliest moment that anybody waits for; nil when nobody does.
    public var nextDeadline: MonotonicInstant? {
        state.withLock { state in
            (state.tasks.values.map(\.deadline) + state.threads.values.map(\.deadline)).min()
        }
    }

    public func sleep(until deadline: MonotonicInstant) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let wake = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Wake, Never>) in
                let satisfied: [CheckedContinuation<Void, Never>]? = state.withLock { state in
                    guard deadline > state.now, !Task.isCancelled else { return nil }
                    state.tasks[id] = Sleeper(deadline: deadline) {
                        continuation.resume(returning: $0)
                    }
                    return state.satisfiedWatchers()
                }
                guard let satisfied else { return continuation.resume(returning: .over) }
                for watcher in satisfied { watcher.resume() }
            }
        } onCancel: {
            state.withLock { $0.tasks.removeValue(forKey: id) }?.wake(.cancelled)
        }
        if wake == .due {
            let satisfied = state.withLock { state in
                state.waking -= 1
                return state.satisfiedWatchers()
            }
            for watcher in satisfied { watcher.resume() }
        }
        if wake == .cancelled || Task.isCancelled { throw CancellationError() }
    }

    public func allowance(until deadline: MonotonicInstant?, alarm: any Alarm) -> Duration? {
        let (isDue, satisfied) = state.withLock { state in
            guard let deadline else {
                state.threads[ObjectIdentifier(alarm)] = nil
                return (false, [CheckedContinuation<Void, Never>]())
            }
            guard deadline > state.now else { return (true, []) }
            state.threads[ObjectIdentifier(alarm)] = (deadline, alarm)
            return (false, state.satisfiedWatchers())
        }
        for watcher in satisfied { watcher.resume() }
        return isDue ? .zero : nil
    }
}
