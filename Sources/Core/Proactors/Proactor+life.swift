import Journals
import Nodes
import Vocabulary

// How the proactor shows that it lives.
extension Proactor {
    /// Comes back when the proactor has come round to it.
    public func turn() {}

    /// How the journal stands with each upstream, as it answers on its own thread.
    public nonisolated func journalStatus() async
        -> [UpstreamName: JournalStatus]
    { await journal.status() }

    /// Drives all actuators to their safe states, from any thread and although the proactor stands still.
    ///
    /// - Parameter done: Called for each actuator, on its node's thread, with whether it is safe; maybe more
    ///   than once. Not for one that hangs.
    /// - Returns: The actuators, and how long to wait for them.
    public nonisolated func secure(
        _ done: @escaping @Sendable (ShNodeName, Bool) -> Void
    ) -> (actuators: Set<ShNodeName>, time: Duration) {
        order.secure(done)
    }

    /// When the session of an upstream lived last; nil when nobody can know.
    public nonisolated func lastHeartbeat(of name: UpstreamName) -> MonotonicInstant? {
        order.registry.withLock { $0.sessions[name] }?.lastHeartbeat
    }

    /// The actuators that have no thread to be driven on, and why.
    public nonisolated var lackingRelays: [ShNodeName: String] {
        nodes.values.filter { $0.component.safeState != nil }
            .reduce(into: [:]) { $0[$1.name] = $1.lacks?.detail }
    }

    /// The heartbeats that each node gives by itself.
    public nonisolated var heartbeats: [ShNodeName: NodeHeartbeat] { nodes.mapValues(\.heartbeat) }

    /// What is done about a node that gives no heartbeat. An actuator is left alone: its thread may
    /// still hold the line, and two must not drive it.
    public nonisolated func remedy(for node: ShNodeName) -> Remedy {
        nodes[node]?.component.safeState == nil ? .restart(atMost: Self.mostAbandoned) : .leave
    }

    /// Starts a part again that gives no heartbeat.
    ///
    /// - Returns: Whether that could be done. A node that has lived again meanwhile goes on as it is.
    public func restart(_ part: GatewayPart, watchedBy watch: Watchdog) async -> Bool {
        guard !isStopping else { return false }
        switch part {
        case .node(let name): return await supervisor.restart(name, watch, in: self)
        case .link(let name): return pumps[name]?.remakeSession(in: self) ?? false
        case .broker, .journal, .proactor: return false
        }
    }

    // MARK: - Safe states

    /// Waits until all actuators are in their safe states whose devices are there or hang; a device that
    /// is not there is not waited for.
    ///
    /// - Returns: The actuators that are not known to be safe after that.
    public nonisolated func untilSafe(within time: Duration) async -> Set<ShNodeName> {
        await order.untilSafe(within: time)
    }

    /// The actuators that have left the layout and are not known to be safe.
    public nonisolated var orphanedNames: Set<ShNodeName> { order.orphanedNames }

    /// The actuators that are not known to be in their safe states now, be it because of an order.
    public nonisolated var unconfirmed: Set<ShNodeName> { order.unconfirmed }

    // MARK: - Control

    /// The controller over that link has given a heartbeat. Returns at once.
    public func noteHeartbeat(of source: CommandSource) {
        for node in nodes.values { node.noteHeartbeat(of: source) }
    }

    /// Who may command an actuator now; nil for what takes no commands.
    public nonisolated func control(of name: ShNodeName) -> Control? {
        guard let node = nodes[name], node.component.safeState != nil else { return nil }
        return node.control.current
    }

    /// Has every upstream learn who may command these actuators.
    func controlChanged(of names: [ShNodeName]) {
        for pump in pumps.values { pump.controlChanged(of: names) }
    }
}
