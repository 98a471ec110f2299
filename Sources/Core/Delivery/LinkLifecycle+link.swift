import Health
import Vocabulary

extension LinkLifecycle {
    /// Goes along with `link`, which tries without a limit by itself. Before it was started nothing changes.
    ///
    /// - Parameter why: What the session said last of its failures, for the cause.
    public mutating func follow<Message>(
        _ link: Link<Message>, because why: String, at now: MonotonicInstant
    ) {
        switch link.state {
        case .notStarted: break
        case .stopped: follow(nil, because: why, at: now)
        case .connecting, .awaitingSetupAndPeer, .awaitingSetup:
            follow([.create], because: why, at: now)
        case .awaitingPeer: follow([.create, .open], because: why, at: now)
        case .active: follow([.create, .open, .start], because: why, at: now)
        }
    }
}
