import Vocabulary

/// Ticks for one task, by the gateway's clock. It holds no tick: one that nobody waits for is late, and
/// the policy says what becomes of those after it.
public final class Ticker: Sendable {
    private struct State {
        var schedule: TickSchedule
        var isStopped = false
        var sleep: Task<Void, Never>?
    }

    private let clock: any GatewayClock
    private let policy: MissedTicks
    private let state: Guarded<State>

    /// - Parameter delay: Time to the first tick; one period when nothing is said.
    public init(
        every period: Duration, _ policy: MissedTicks = .resync, delay: Duration? = nil,
        clock: any GatewayClock
    ) {
        (self.clock, self.policy) = (clock, policy)
        let first = clock.now.advanced(by: delay ?? period)
        state = Guarded(
            State(schedule: TickSchedule(period: period, policy: policy, first: first)))
    }

    /// Waits for the next tick. One task at a time.
    ///
    /// - Returns: Nil once it is stopped, or when the task is cancelled.
    public nonisolated(nonsending) func next() async -> Tick? {
        let clock = clock
        while !Task.isCancelled {
            let (tick, sleep): (Tick?, Task<Void, Never>?) = state.withLock { state in
                state.sleep = nil
                if state.isStopped { return (nil, nil) }
                if let tick = state.schedule.tick(at: clock.now) { return (tick, nil) }
                let due = state.schedule.due
                // Awoken early, by a reset or a stop, it looks again.
                let sleep = Task<Void, Never> { try? await clock.sleep(until: due) }
                state.sleep = sleep
                return (nil, sleep)
            }
            if let tick { return tick }
            guard let sleep else { return nil }
            await withTaskCancellationHandler {
                await sleep.value
            } onCancel: {
                sleep.cancel()
            }
        }
        return nil
    }

    /// Begins again from now, also after a stop and while a task waits.
    public func reset(every period: Duration, delay: Duration? = nil) {
        let first = clock.now.advanced(by: delay ?? period)
        state.withLock { state in
            state.schedule = TickSchedule(period: period, policy: policy, first: first)
            state.isStopped = false
            return state.sleep.take()
        }?.cancel()
    }

    /// Ends the ticks until a reset. Its waiter is woken.
    public func stop() {
        state.withLock { state in
            state.isStopped = true
            return state.sleep.take()
        }?.cancel()
    }
}
