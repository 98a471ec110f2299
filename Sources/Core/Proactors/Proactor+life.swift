import Nodes
import Vocabulary

// How the proactor shows that it lives.
extension Proactor {
    /// Comes back when the proactor has come round to it.
    public func turn() {}

    /// Comes back when the journal has answered.
    public nonisolated func askJournal() async { _ = await journal.status() }

    /// Drives all actuators to their safe states, from any thread and although the proactor stands still.
    ///
    /// - Parameter done: Called for each actuator, on its node's thread, with whether it is safe; maybe more
    ///   than once. Not for one that hangs.
    /// - Returns: The actuators, and how long to wait for them.
    public nonisolated func secure(
        _ done: @escaping @Sendable (ShNodeName, Bool) -> Void
    ) -> (actuators: Set<ShNodeName>, time: Duration) {
        let all = nodeRegistry.withLock { Array($0.nodes.values) + $0.orphaned.values }
        let actuators = all.filter { $0.component.safeState != nil }
        let time = safetyTime(of: actuators)
        let end = clock.now.advanced(by: time)
        for node in actuators { node.secure(insistingFrom: end) { done(node.name, $0) } }
        return (Set(actuators.map(\.name)), time + Self.lastDrive)
    }

    /// When the session of an upstream lived last; nil when nobody can tell.
    public nonisolated func lastHeartbeat(of name: UpstreamName) -> MonotonicInstant? {
        sessions.withLock { $0[name] }?.lastHeartbeat
    }

    /// The actuators that have no thread to be driven on, and why.
    public nonisolated var lackingRelays: [ShNodeName: String] {
        nodes.values.filter { $0.component.safeState != nil }
            .reduce(into: [:]) { $0[$1.name] = $1.lacks?.detail }
    }

    /// The heartbeats that each node gives by itself.
    public nonisolated var heartbeats: [ShNodeName: NodeHeartbeat] { nodes.mapValues(\.heartbeat) }
}
