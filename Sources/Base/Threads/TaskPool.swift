import Glibc
import Synchronization
import Vocabulary

/// The threads that run all tasks.
///
/// The pool lets a thread go that had nothing to do for five seconds, and makes another one when it is needed.
/// When the system has none to give at that moment, the caller that hands the pool a task waits until it has: a node
/// that says what it has read, a relay's included. So the pool is kept as it was at the start.
///
/// Source: libdispatch, queue.c, `_dispatch_worker_thread` and `_dispatch_root_queue_poke_slow`.
public enum TaskPool {
    /// How often all threads have something to do.
    static let period = Duration.seconds(2)
    /// How long those that came wait for the others, in steps of 100 µs.
    private static let steps = 20

    /// Keeps all threads that the pool may have. Returns when the task is cancelled.
    ///
    /// - Parameter processors: The pool has as many threads at the most.
    public static func keepFull(processors: Int, on clock: any GatewayClock) async {
        while !Task.isCancelled {
            let arrived = BacklogAge()
            await withTaskGroup { group in
                for _ in 0..<processors {
                    group.addTask { arrived.meet(processors, steps: steps) }
                }
            }
            // A cancelled sleep ends the loop.
            try? await clock.sleep(until: clock.now.advanced(by: period))
        }
    }

    /// Where as many tasks wait for each other, each on a thread of its own.
    private final class BacklogAge: Sendable {
        private let count = Atomic(0)

        func meet(_ all: Int, steps: Int) {
            count.add(1, ordering: .relaxed)
            for _ in 0..<steps where count.load(ordering: .relaxed) < all { usleep(100) }
        }
    }
}
