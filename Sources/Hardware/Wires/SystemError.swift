import Glibc

/// Why a system call failed.
struct SystemError: Error {
    /// As in `errno`.
    let number: Int32

    /// The reason of the call that has just failed on this thread.
    static var last: SystemError { SystemError(number: errno) }

    /// What the system says of it: `"No such device"`.
    var message: String {
        // Sound: the text is static or this thread's own, and copied before anything else is called.
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}
