import Vocabulary

/// Who may command one actuator, written by its node and readable from any thread.
public final class AuthorityBoard: Sendable {
    private struct State {
        var current = Authority()
        var ring: (@Sendable () -> Void)?
    }

    private let state = Guarded(State())

    /// As it is right now.
    public var current: Authority { state.withLock(\.current) }

    /// Has `ring` called, on the node's thread, after each change. The last one asked for counts.
    public func onChange(_ ring: @escaping @Sendable () -> Void) {
        state.withLock { $0.ring = ring }
    }

    func show(_ authority: Authority) {
        let ring: (@Sendable () -> Void)? = state.withLock { state in
            guard state.current != authority else { return nil }
            state.current = authority
            return state.ring
        }
        ring?()
    }
}
