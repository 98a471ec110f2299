import CLinux
import Glibc
import Synchronization

/// Wakes one thread out of poll(2). Any thread may ring; rings that were not heard yet are one.
///
/// It is an eventfd above 1023 where the limit allows it: libmodbus uses select(2) and needs
/// the low descriptors. While the system has no descriptor left, its thread must look by itself.
public final class Wakeup: Sendable {
    /// How long a thread may sleep that cannot be woken, in nanoseconds.
    private static let look: Int64 = 100_000_000

    private let number = Atomic<Int32>(-1)

    public init() { make() }

    deinit {
        let descriptor = number.load(ordering: .relaxed)
        if descriptor >= 0 { close(descriptor) }
    }

    /// What the thread polls; −1, which poll(2) passes over, when the system has none. For the one thread.
    public var descriptor: Int32 {
        let descriptor = number.load(ordering: .relaxed)
        guard descriptor < 0 else { return descriptor }
        make()
        return number.load(ordering: .relaxed)
    }

    /// `nanoseconds`, or less when a ring would not be heard. A negative number is for ever.
    public func allowance(_ nanoseconds: Int64) -> Int64 {
        guard number.load(ordering: .relaxed) < 0 else { return nanoseconds }
        return nanoseconds < 0 ? Self.look : min(nanoseconds, Self.look)
    }

    public func wake() {
        var one: UInt64 = 1
        // Sound: eight bytes of `one` are read during the call. A full counter is awake already.
        _ = unsafe write(number.load(ordering: .acquiring), &one, 8)
    }

    /// Forgets all rings so far.
    public func silence() {
        var rung: UInt64 = 0
        // Sound: the descriptor does not block and at most eight bytes are written to `rung`.
        _ = unsafe read(number.load(ordering: .relaxed), &rung, 8)
    }

    private func make() {
        let low = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard low >= 0 else { return }
        let high = fcntl(low, F_DUPFD_CLOEXEC, 1024)
        if high >= 0 { close(low) }
        number.store(high >= 0 ? high : low, ordering: .releasing)
    }
}
