import Vocabulary

/// One sleep of one actor, which an earlier deadline cuts short. One at a time.
public final class InterruptibleSleep {
    private var current: (task: Task<Void, Never>, end: MonotonicInstant)?

    public init() {}

    /// Sleeps until `deadline`, the end of the calling task, or `hurry`; the caller looks at the time.
    public func sleep(
        until deadline: MonotonicInstant, on clock: any GatewayClock,
        isolation: isolated (any Actor)? = #isolation
    ) async {
        let task = Task {
            // Cut short by an earlier deadline or the end; the caller looks at the time anyway.
            _ = try? await clock.sleep(until: deadline)
        }
        current = (task, deadline)
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        current = nil
    }

    /// Something is due at `deadline`: ends a sleep that would last longer.
    public func hurry(to deadline: MonotonicInstant) {
        guard let current, deadline < current.end else { return }
        current.task.cancel()
    }
}
