import Channels
import Vocabulary

// How a node that only measures is given up when its hardware does not come back, and another goes on.
extension ShNode {
    /// Gives this node up and makes the one that goes on in its place, on a thread of its own. From now on
    /// this one says nothing; once its hardware comes back, it is closed and this one ends.
    ///
    /// Never of an actuator: one that hangs may still hold its line, and two must not drive it.
    public nonisolated func successor(outbox: FanIn<Fact>.Source) -> ShNode {
        precondition(component.safeState == nil, "an actuator has no successor")
        isAbandoned.withLock { $0 = true }
        return ShNode(
            name: name, component: component, phase: phase, rules: rules, coordinator: coordinator,
            snapshot: snapshot,
            after: heartbeat, counters: counterStore, heedsLoad: heedsLoad, outbox: outbox,
            clock: clock, open: open)
    }

    /// Closes everything when another one has taken this one's place.
    ///
    /// - Returns: Whether that is so.
    func retires() -> Bool {
        guard isAbandoned.withLock({ $0 }) else { return false }
        isStopped = true
        thread.pause()
        close()
        return true
    }
}
