import Glibc
import Threads
import Vocabulary

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

    /// Whether a broker on `port` answers somebody who logs in. Blocks for as long as that takes.
    ///
    /// - Parameter isOver: Looked at every 50 ms; the answer does not matter any more when it is true.
    static func answers(
        _ port: UInt16, user: String, password: String, within time: Duration,
        or isOver: () -> Bool
    ) -> Bool {
        let socket = makeSocket()
        defer { close(socket) }
        // Sound: the address is lent for the time of the call.
        guard unsafe withAddress(port, { unsafe connect(socket, $0, $1) }) == 0 else {
            return false
        }
        let question = login(user, password)
        // Sound: `question` outlives the call, and its count is its own.
        guard unsafe send(socket, question, question.count, Int32(MSG_NOSIGNAL)) == question.count
        else { return false }
        for _ in 0..<max(1, time.wholeNanoseconds / 50_000_000) where !isOver() {
            var answered = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            // Sound: `answered` outlives the call.
            guard unsafe poll(&answered, 1, 50) > 0 else { continue }
            var first: UInt8 = 0
            // Sound: at most one byte is written to `first`.
            return unsafe recv(socket, &first, 1, 0) == 1 && first == 0x20
        }
        return false
    }

    /// CONNECT and DISCONNECT of MQTT 3.1.1: a clean session under a name that the broker gives.
    ///
    /// Source: MQTT 3.1.1, 3.1 and 3.14.
    private static func login(_ user: String, _ password: String) -> [UInt8] {
        func text(_ text: String) -> [UInt8] {
            let bytes = Array(text.utf8)
            return [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
        }
        let body = text("MQTT") + [4, 0xC2, 0, 10] + text("") + text(user) + text(password)
        precondition(body.count < 128, "user and password are short")
        return [0x10, UInt8(body.count)] + body + [0xE0, 0]
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
