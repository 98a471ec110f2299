import CLinux
import Glibc
import Vocabulary

/// Tries to reach a broker at all of its addresses, as RFC 8305 has it: each one in its turn, the next as
/// soon as one refuses, or when it had its head start and is silent. So a dead address costs a second, and
/// a slow one keeps its chance.
struct BrokerDialler {
    /// In milliseconds.
    var headStart: Int32 = 1_000
    /// How long to wait in all when nobody answers. In milliseconds.
    var limit: Int32 = 30_000

    /// - Parameters:
    ///   - exchange: Its bell cuts the waiting short.
    ///   - isOver: Whether to stop early. Asked at least once a second.
    /// - Returns: A socket that does not block and sends at once, and where it leads. Nil when it was stopped.
    /// - Throws: `.notConnected`, with what was wrong at each address.
    func dial(
        _ endpoints: [BrokerEndpoint], for exchange: MqttExchange, isOver: () -> Bool
    ) throws(UpstreamError) -> (socket: Int32, endpoint: BrokerEndpoint)? {
        var waiting = endpoints[...]
        var begun: [(socket: Int32, endpoint: BrokerEndpoint)] = []
        // Those that were not chosen are released.
        defer { for other in begun { close(other.socket) } }
        var problems: [String] = []
        func note(_ code: Int32, at endpoint: BrokerEndpoint) {
            let place = endpoints.count > 1 ? "\(endpoint.text): " : ""
            problems.append(place + errorDescription(code))
        }
        var left = limit
        while !isOver() {
            if let next = waiting.popFirst() {
                switch begin(next) {
                case .success(let socket): begun.append((socket, next))
                case .failure(let failure):
                    note(failure.code, at: next)
                    continue
                }
            }
            guard !begun.isEmpty else {
                throw UpstreamError(
                    kind: .notConnected, detail: problems.joined(separator: ", "))
            }
            guard left > 0 else {
                let silent = begun.map(\.endpoint.text).joined(separator: ", ")
                problems.append("no reply from \(silent) within \(limit / 1000) s")
                throw UpstreamError(
                    kind: .notConnected, detail: problems.joined(separator: ", "))
            }
            let pause = min(left, waiting.isEmpty ? 1_000 : headStart)
            guard let ready = outcomes(of: begun.map(\.socket), exchange, milliseconds: pause)
            else {
                left -= pause
                continue
            }
            for index in ready.reversed() {
                let (socket, endpoint) = begun.remove(at: index)
                let code = Self.error(of: socket)
                if code == 0 { return (socket, endpoint) }
                close(socket)
                note(code, at: endpoint)
            }
        }
        return nil
    }

    private struct Failure: Error { let code: Int32 }

    private func begin(_ endpoint: BrokerEndpoint) -> Result<Int32, Failure> {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(endpoint.family, type, 0)
        guard descriptor >= 0 else { return .failure(Failure(code: errno)) }
        var one: Int32 = 1
        // Sound: the calls read what they are lent; the address is one that the system made.
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let status = unsafe endpoint.address.withUnsafeBytes { bytes in
            unsafe connect(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
        let code = status == 0 ? 0 : errno
        guard code == 0 || code == EINPROGRESS else {
            close(descriptor)
            return .failure(Failure(code: code))
        }
        return .success(descriptor)
    }

    /// - Returns: The places of those that have one; nil when the time was over first.
    private func outcomes(
        of sockets: [Int32], _ exchange: MqttExchange, milliseconds: Int32
    ) -> [Int]? {
        var descriptors = sockets.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
        descriptors.append(
            pollfd(fd: exchange.wakeup.descriptor, events: Int16(POLLIN), revents: 0))
        // Sound: the array outlives the call.
        guard unsafe poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0
        else { return nil }
        if descriptors[sockets.count].revents != 0 { exchange.wakeup.silence() }
        return sockets.indices.filter { descriptors[$0].revents != 0 }
    }

    /// What became of a connection, as an error number; 0 when it is good.
    private static func error(of socket: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Sound: at most four bytes are written to `code`.
        let status = unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size)
        return status == 0 ? code : errno
    }
}
