import Glibc

/// Why a system call failed.
public struct SystemError: Error, Hashable, Sendable {
    /// As in `errno`.
    public let number: Int32

    public init(number: Int32) { self.number = number }

    /// The reason of the call that has just failed on this thread.
    public static var last: SystemError { SystemError(number: errno) }

    /// The system's words for it: `"No such device"`.
    public var message: String { errorDescription(number) }
}

/// The system's words for an error number.
public func errorDescription(_ number: Int32) -> String {
    // Sound: the text is static or this thread's own, and copied before anything else is called.
    unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
}
