import Vocabulary

/// One sleeper for many deadlines. It sleeps to the earliest, and on from there. Guarded by the lock of
/// its owner.
public struct DeadlineAlarm: Sendable {
    private var next: (at: MonotonicInstant, task: Task<Void, Never>)?

    public init() {}

    /// Has `wake` called once `deadline` has come, unless it is to be called before that.
    public mutating func set(
        for deadline: MonotonicInstant, on clock: any GatewayClock,
        wake: @escaping @Sendable (MonotonicInstant) -> Void
    ) {
        if let next {
            guard deadline < next.at else { return }
            next.task.cancel()
        }
        let task = Task {
            guard (try? await clock.sleep(until: deadline)) != nil else { return }
            wake(deadline)
        }
        next = (deadline, task)
    }

    /// Whether it is this alarm that rings, and not one whose place was taken. It is set no more then.
    public mutating func rings(for deadline: MonotonicInstant) -> Bool {
        guard next?.at == deadline else { return false }
        next = nil
        return true
    }

    /// Nobody is to be woken any more.
    public mutating func cancel() { next.take()?.task.cancel() }
}
