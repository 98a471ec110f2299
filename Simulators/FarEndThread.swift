import CLinux
import DriverKit
import Glibc
import Threads

/// The thread of a simulated device at the far end of a real line.
///
/// Many may wake it; it serves alone.
final class FarEndThread: Sendable {
    /// What it waits for: input on one of the descriptors, or a moment of `now`.
    struct Wait {
        let descriptors: [Int32]
        var due: Int64?
    }

    private let wakeup = Threads.Wakeup()

    /// Has it look at once whether there is something to do.
    func wake() { wakeup.wake() }

    /// Serves whenever something comes in, a moment is due or it is woken.
    ///
    /// Descriptors may be closed and numbered again while it waits. That does no harm where all reading and
    /// writing is done under a lock, with the descriptors of that moment, and never blocks.
    ///
    /// - Parameter next: What to wait for; nil to end.
    /// - Throws: `.notConnected` when the system grants no thread.
    func start(
        waitingFor next: @escaping @Sendable () -> Wait?,
        serving serve: @escaping @Sendable (_ now: Int64) -> Void
    ) throws(DriverError) {
        do throws(ThreadError) {
            try startThread(ThreadPlan(name: "far end")) {
                while let wait = next() {
                    self.sleep(wait)
                    serve(Self.now)
                }
            }
        } catch {
            throw DriverError(.notConnected, error.detail)
        }
    }

    private func sleep(_ wait: Wait) {
        var watched = ([wakeup.descriptor] + wait.descriptors).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let rest = wakeup.allowance(wait.due.map { max(0, $0 - Self.now) } ?? -1)
        // Sound: the array lives through the call, with its own count.
        _ = unsafe tidegate_poll(&watched, UInt(watched.count), rest)
        wakeup.silence()
    }

    /// The kernel's monotonic clock in nanoseconds. What is on the far side of a wire is where a gateway's clock
    /// does not reach.
    static var now: Int64 {
        var time = timespec()
        // Sound: `time` is written during the call.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
