import Threads
import Vocabulary

extension ShNode {
    /// Drives an actuator to its safe state on the node's own thread, for when nothing else in the process
    /// can be relied on: it needs no task and no other actor. The node does nothing else from then on.
    ///
    /// - Parameter done: Called on the node's thread once the actuator is where it shall be, or cannot be
    ///   driven; maybe more than once. Never while the node hangs.
    public nonisolated func secure(_ done: @escaping @Sendable () -> Void) {
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.lastRound(done) } ?? SyncThread.Rest(until: nil)
        }
    }

    private func lastRound(_ done: () -> Void) -> SyncThread.Rest {
        guard !isStopped, relay != nil else {
            done()
            return SyncThread.Rest(until: nil)
        }
        if relay?.isStopping == false { relay?.stop() }
        tend()
        guard relay?.isAtRest == true || driver == nil else {
            return SyncThread.Rest(until: clock.now.advanced(by: .milliseconds(50)))
        }
        done()
        return SyncThread.Rest(until: nil)
    }
}
