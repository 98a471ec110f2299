import Threads
import Glibc

/// Ports of this machine's loopback address.
enum Loopback {
    /// A port that nobody listens on. Somebody may take it before the broker does.
    static func freePort() throws(BrokerError) -> UInt16 {
        let socket = makeSocket()
        defer { close(socket) }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Sound: the address is lent for the time of the call.
        let isBound = unsafe withAddress(0) { unsafe bind(socket, $0, $1) } == 0
        // Sound: at most `size` bytes are written to `address`, which is of that size.
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket, $0, &size)
            }
        }
        guard isBound, status == 0 else {
            throw BrokerError(
                kind: .failed, detail: "broker: no free port: \(errorWords(errno))")
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Proves that somebody accepts connections on `port`.
    static func check(_ port: UInt16) throws(BrokerError) {
        let socket = makeSocket()
        defer { close(socket) }
        // Sound: the address is lent for the time of the call.
        guard unsafe withAddress(port, { unsafe connect(socket, $0, $1) }) == 0 else {
            throw BrokerError(
                kind: .failed,
                detail: "broker: cannot be reached on 127.0.0.1:\(port): \(errorWords(errno))")
        }
    }

    private static func makeSocket() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    private static func withAddress(
        _ port: UInt16, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // Sound: an IPv4 address is passed as what it is, with its size, for the time of the call.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
