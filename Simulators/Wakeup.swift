import CLinux
import Glibc
import Vocabulary

/// A file descriptor that a simulated line makes readable, at once or after a while.
final class Wakeup: Sendable {
    /// What a node's thread watches.
    let descriptor: Int32
    private let now: Int32
    private let later: Int32

    /// Stops the program when it has no descriptors left, as nothing simulated can go on then.
    init() {
        now = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        later = timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        descriptor = tidegate_readable_with(now, later)
        precondition(descriptor >= 0, "the bench has no descriptors left")
    }

    deinit {
        for descriptor in [descriptor, now, later] { close(descriptor) }
    }

    /// Readable from now on, until `hush`.
    func wake() { eventfd_write(now, 1) }

    /// Quiet until it rings again.
    func hush() {
        var count: eventfd_t = 0
        // Sound: the kernel writes one counter into `count` during the call.
        unsafe eventfd_read(now, &count)
        wake(after: nil)
    }

    /// Readable after `delay`; nil for never. An earlier order of this kind is forgotten.
    ///
    /// Real time passes here also where the clock is moved by hand: the bell may ring too early then,
    /// and whoever answers finds nothing.
    func wake(after delay: Duration?) {
        var wait = itimerspec()
        if let delay {
            let nanoseconds = max(1, delay.wholeNanoseconds)
            wait.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
            wait.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        // Sound: the kernel copies `wait` during the call. Setting a timer also clears it.
        unsafe timerfd_settime(later, 0, &wait, nil)
    }
}
