import Nodes
import Upstreams
import Vocabulary

// How the proactor shows that it lives.
extension Proactor {
    /// Comes back when the proactor has come round to it.
    public func turn() {}

    /// Comes back when the journal has answered.
    public nonisolated func askJournal() async { _ = await journal.status() }

    /// Drives all actuators to their safe states, from any thread and although the proactor stands still.
    ///
    /// - Parameter done: Called for each actuator that is safe, on its node's thread; maybe more than once.
    /// - Returns: The actuators.
    public nonisolated func secure(
        _ done: @escaping @Sendable (ShNodeName) -> Void
    ) -> Set<ShNodeName> {
        let actuators = nodes.values.filter { $0.component.safeState != nil }
        for node in actuators { node.secure { if $0 { done(node.name) } } }
        return Set(actuators.map(\.name))
    }

    /// When the session of an upstream lived last; nil when nobody can tell.
    public nonisolated func lastSign(of name: UpstreamName) -> MonotonicInstant? {
        sessions.withLock { $0[name] }?.lastSign
    }

    /// The signs of life that each node gives by itself.
    public nonisolated var pulses: [ShNodeName: NodePulse] { nodes.mapValues(\.pulse) }
}
