import CLinux
import DriverKit
import Glibc

/// Connects to `host` without blocking for longer than `limit` for each of its addresses.
///
/// libmodbus would wait in select(2) on a descriptor that may be too high for it. Looking up a name
/// takes as long as the system's resolver does.
/// - Returns: A socket that does not block and sends at once.
/// - Throws: `.notConnected`, saying why the last address failed.
func connectTcp(host: String, port: UInt16, within limit: Duration) throws(DriverError) -> Int32 {
    // Sound: no pointer in `hints` is set; `hints` is read and `list` written during the call.
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(host, String(port), &hints, &list)
    guard status == 0, let first = unsafe list else {
        let reason = unsafe String(cString: gai_strerror(status))
        throw DriverError(.notConnected, "cannot connect to \(host):\(port): \(reason)")
    }
    // Sound: the list is freed once, after its last use.
    defer { unsafe freeaddrinfo(first) }
    var reason = "no address"
    var next: UnsafeMutablePointer<addrinfo>? = unsafe first
    while let address = unsafe next {
        switch unsafe connectSocket(to: address.pointee, within: limit) {
        case .success(let socket): return socket
        case .failure(let failure): reason = failure.words
        }
        unsafe next = address.pointee.ai_next
    }
    throw DriverError(.notConnected, "cannot connect to \(host):\(port): \(reason)")
}

private struct ConnectFailure: Error {
    let words: String

    init(_ code: Int32) {
        // Sound: strerror answers a C string that is valid until this thread's next call of it.
        words = unsafe String(cString: strerror(code))
    }
}

/// Sound for an `address` that getaddrinfo has filled in and nobody has freed.
@unsafe private func connectSocket(
    to address: addrinfo, within limit: Duration
) -> Result<Int32, ConnectFailure> {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = unsafe socket(address.ai_family, type, address.ai_protocol)
    guard descriptor >= 0 else { return .failure(ConnectFailure(errno)) }
    var code: Int32 = 0
    if unsafe connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 { code = errno }
    if code == EINPROGRESS { code = unsafe outcome(of: descriptor, within: limit) }
    var one: Int32 = 1
    // Requests are small and answered before the next one, so nothing is gained by collecting them.
    unsafe setsockopt(
        descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    guard code == 0 else {
        close(descriptor)
        return .failure(ConnectFailure(code))
    }
    return .success(descriptor)
}

/// How a connection that was begun ended; 0 for well.
///
/// Sound: the calls read and write values that live on this stack.
@unsafe private func outcome(of descriptor: Int32, within limit: Duration) -> Int32 {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    let nanoseconds = max(0, limit.wholeNanoseconds)
    var count: Int32
    repeat {
        count = unsafe tidegate_poll(&waiting, 1, nanoseconds)
    } while count == -1 && errno == EINTR
    if count <= 0 { return count == 0 ? ETIMEDOUT : errno }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
}
