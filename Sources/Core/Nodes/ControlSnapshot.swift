import Vocabulary

/// Who may command one actuator, written by its node and readable from any thread.
public final class ControlSnapshot: Sendable {
    private struct State {
        var current = Control()
        var wake: (@Sendable () -> Void)?
    }

    private let state = Guarded(State())

    /// As it is right now.
    public var current: Control { state.withLock(\.current) }

    /// Has `wake` called, on the node's thread, after each change. The last one asked for counts.
    public func onChange(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    func show(_ control: Control) {
        let wake: (@Sendable () -> Void)? = state.withLock { state in
            guard state.current != control else { return nil }
            state.current = control
            return state.wake
        }
        wake?()
    }
}
