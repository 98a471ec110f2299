import Threads
import Vocabulary

extension ShNode {
    /// Drives an actuator to its safe state on the node's own thread, for when nothing else in the process
    /// can be relied on: it needs no task and no other actor. The node does nothing else from then on.
    ///
    /// - Parameters:
    ///   - end: From when on it is driven although others, which were driven off, have not confirmed that.
    ///   - done: Called on the node's thread with whether the actuator is where it shall be, once that is
    ///     confirmed or all tries were made; maybe more than once. Never while the node hangs.
    public nonisolated func secure(
        insistingFrom end: MonotonicInstant? = nil, _ done: @escaping @Sendable (Bool) -> Void
    ) {
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.lastRound(end, done) } ?? SyncThread.Rest(until: nil)
        }
    }

    private func lastRound(
        _ end: MonotonicInstant?, _ done: (Bool) -> Void
    ) -> SyncThread.Rest {
        guard !isStopped, relay != nil else {
            done(isSafe)
            return SyncThread.Rest(until: nil)
        }
        let now = clock.now
        let isFirst = relay?.isStopping == false
        // It may have come back with the level that it had.
        if driver == nil, isFirst || now >= retryAt ?? now { openDriver(at: now) }
        if isFirst { relay?.stop(insistingFrom: end) }
        tend()
        if isSafe {
            done(true)
            return SyncThread.Rest(until: nil)
        }
        let isHopeless = isGone || driver != nil && relay?.isAtRest == true
        if isHopeless { done(false) }
        return SyncThread.Rest(until: clock.now.advanced(by: .milliseconds(isHopeless ? 500 : 50)))
    }
}
