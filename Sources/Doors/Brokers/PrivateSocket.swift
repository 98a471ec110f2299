import CLinux
import Glibc
import Vocabulary

/// Asks the broker on a Unix socket for a heartbeat.
enum PrivateSocket {
    /// Whether a broker answers a login. Blocks for as long as that takes.
    ///
    /// - Parameters:
    ///   - process: The one that must listen there.
    ///   - isOver: Looked at every 50 ms; the answer does not matter any more when it is true.
    static func answers(
        _ path: String, process: pid_t, within time: Duration, or isOver: () -> Bool
    ) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = socket(AF_UNIX, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        guard connect(socket, to: path), tidegate_listener_of(socket) == process else {
            return false
        }
        // Sound: `login` outlives the call, and its count is its own.
        guard unsafe send(socket, login, login.count, Int32(MSG_NOSIGNAL)) == login.count
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
    private static let login: [UInt8] =
        [0x10, 12, 0, 4] + Array("MQTT".utf8) + [4, 2, 0, 10, 0, 0] + [0xE0, 0]

    /// - Parameter path: At most as long as a socket's path may be.
    private static func connect(_ socket: Int32, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Sound: the bytes are copied into the address, which has room for them and a zero.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            unsafe room.copyBytes(from: path.utf8.prefix(BrokerAddress.longestSocketPath))
        }
        // Sound: a Unix address is passed as what it is, with its size, for the time of the call.
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
