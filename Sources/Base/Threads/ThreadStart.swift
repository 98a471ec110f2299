import CLinux
import Glibc
import Synchronization
import Vocabulary

/// The system has no thread to give, and why.
public struct ThreadError: Error, Hashable, Sendable, CustomStringConvertible {
    public let detail: String

    init(detail: String) { self.detail = detail }

    init(_ number: Int32) {
        detail = "no thread available (\(errorDescription(number))); raise ulimit -u or TasksMax="
    }

    public var description: String { detail }
}

/// How a thread is made.
public struct ThreadPlan: Sendable {
    /// How many threads the process keeps for itself at the least: the pool that runs all tasks must be able
    /// to grow, because the caller that hands it work waits for that.
    public static let reserve = 4
    /// The same where a thread is not needed for anything but itself, as that of a sensor.
    public static let largeReserve = 12

    /// Shown by `top -H` and debuggers, cut to 15 bytes.
    public let name: String
    /// In bytes, at least 64 KiB. The C library's name look-up, OpenSSL and SQLite want more than our own
    /// code, hence the default.
    public let stackSize: Int
    /// How many more threads must be possible beside this one.
    public let leaves: Int

    public init(name: String, stackSize: Int = 512 * 1024, leaves: Int = 0) {
        (self.name, self.stackSize, self.leaves) = (name, max(stackSize, 64 * 1024), leaves)
    }
}

/// Runs `body` on a thread of its own, which ends with it.
public func startThread(
    _ plan: ThreadPlan, _ body: @escaping @Sendable () -> Void
) throws(ThreadError) {
    if plan.leaves > 0 { try seeRoom(for: plan) }
    try makeThread(plan, body)
}

/// Threads that may be made before it is looked at again how many more there can be.
private let seen = Atomic(0)
private let atOnce = 32

private func seeRoom(for plan: ThreadPlan) throws(ThreadError) {
    guard seen.subtract(1, ordering: .relaxed).newValue < 0 else { return }
    // For many at once, because a layout has a thousand sensors.
    if Spare.problem(threads: plan.leaves + atOnce) == nil {
        seen.store(atOnce - 1, ordering: .relaxed)
    } else {
        seen.store(0, ordering: .relaxed)
        if let problem = Spare.problem(threads: plan.leaves + 1) {
            throw ThreadError(detail: problem)
        }
    }
}

/// Runs `body` on a thread of its own as soon as one can be had.
///
/// - Parameter lacks: Called with the reason each time that there is none, and with nil once there is one.
public func startThread(
    _ plan: ThreadPlan, on clock: any GatewayClock, after pause: Duration = .seconds(1),
    lacks: @escaping @Sendable (ThreadError?) -> Void, _ body: @escaping @Sendable () -> Void
) {
    do throws(ThreadError) {
        try startThread(plan, body)
        lacks(nil)
    } catch {
        lacks(error)
        Task {
            // Cancelled by nobody.
            try? await clock.sleep(until: clock.now.advanced(by: pause))
            startThread(
                plan, on: clock, after: min(pause * 2, .seconds(30)), lacks: lacks, body)
        }
    }
}

private func makeThread(
    _ plan: ThreadPlan, _ body: @escaping @Sendable () -> Void
) throws(ThreadError) {
    var attributes = pthread_attr_t()
    // Sound: `attributes` lives to the end of this function and the calls only fill it in.
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setstacksize(&attributes, plan.stackSize)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    // Sound in both: the thread takes over the one reference to the box first thing.
    let box = unsafe Unmanaged.passRetained(ThreadBody(name: plan.name, body))
    let status = unsafe pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, box.toOpaque())
    unsafe pthread_attr_destroy(&attributes)
    guard status == 0 else {
        // Sound: there is no thread that could take it over.
        unsafe box.release()
        throw ThreadError(status)
    }
}

private final class ThreadBody: Sendable {
    private let name: String
    private let body: @Sendable () -> Void

    init(name: String, _ body: @escaping @Sendable () -> Void) {
        (self.name, self.body) = (name, body)
    }

    func run() {
        // Sound: both calls read only what they are given.
        unsafe tidegate_name_thread(String(decoding: name.utf8.prefix(15), as: UTF8.self))
        blockSignals()
        body()
    }

    /// Signals are the main program's. SIGPIPE above all, which OpenSSL raises by writing to a
    /// connection that is gone.
    private func blockSignals() {
        var signals = sigset_t()
        // Sound: `signals` is filled in by the calls and lives to the end of this function.
        unsafe sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS] {
            unsafe sigdelset(&signals, fault)
        }
        unsafe pthread_sigmask(SIG_SETMASK, &signals, nil)
    }
}
