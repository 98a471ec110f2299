import CLinux
import Glibc

/// Runs `body` on a thread of its own, which ends with it.
///
/// - Parameters:
///   - name: Shown by `top -H` and debuggers, cut to 15 bytes.
///   - stackSize: In bytes, at least 64 KiB. The C library's name look-up, OpenSSL and SQLite want more
///     than our own code, hence the default.
public func startThread(
    named name: String, stackSize: Int = 512 * 1024, _ body: @escaping @Sendable () -> Void
) {
    var attributes = pthread_attr_t()
    // Sound: `attributes` lives to the end of this function and the calls only fill it in.
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setstacksize(&attributes, max(stackSize, 64 * 1024))
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    // Sound: the thread takes over the one reference to the box first thing.
    let status = unsafe pthread_create(
        &thread, &attributes,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, Unmanaged.passRetained(ThreadBody(name: name, body)).toOpaque())
    unsafe pthread_attr_destroy(&attributes)
    precondition(status == 0, "no thread for \(name): \(errorWords(status))")
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

/// The system's words for an error number.
public func errorWords(_ number: Int32) -> String {
    // Sound: strerror answers a C string that is valid until this thread's next call of it.
    unsafe String(cString: strerror(number))
}
