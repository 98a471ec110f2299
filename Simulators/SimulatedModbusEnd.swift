import CLinux
import DriverKit
import Glibc
import Vocabulary

/// The far end of a serial line or TCP port: takes requests out of bytes and sends replies.
///
/// It has one owner and never blocks.
struct SimulatedModbusEnd: ~Copyable {
    /// One request that has come in, and how to reply to it.
    struct Question {
        let client: Int32
        let unit: UInt8
        let request: [UInt8]
        fileprivate let tcp: TcpFrame.Request?

        func frame(_ reply: [UInt8], isCorrupt: Bool) -> [UInt8] {
            guard let tcp else {
                return RtuFrame.reply(reply, from: unit, isCorrupt: isCorrupt)
            }
            return TcpFrame.reply(reply, to: tcp, isCorrupt: isCorrupt)
        }
    }

    private let place: SimulatedModbusServer.Place
    /// Chosen by the system at the first opening; 0 for a terminal.
    private var port: UInt16 = 0
    private var listener: Int32 = -1
    /// A terminal's own end held open, so that it outlives the gateway's closing of it.
    private var farEnd: Int32 = -1
    /// Unfinished input by descriptor: of the terminal, or of each connection.
    private var inputs: [Int32: [UInt8]] = [:]

    /// - Throws: `.notConnected` when the system grants no terminal or port.
    init(_ place: SimulatedModbusServer.Place) throws(DriverError) {
        self.place = place
        try open()
    }

    deinit {
        for descriptor in inputs.keys { Glibc.close(descriptor) }
        for descriptor in [listener, farEnd] where descriptor >= 0 { Glibc.close(descriptor) }
    }

    var line: Bus.Line {
        switch place {
        case .terminal(let link):
            .serial(SerialSettings(port: link, baud: 9600, parity: .none, stopBits: 1))
        case .tcp: .tcp(host: "127.0.0.1", port: port)
        case .rtuOverTcp: .tcp(host: "127.0.0.1", port: port, carriesRtu: true)
        }
    }

    var isOpen: Bool { listener >= 0 || farEnd >= 0 }

    /// What becomes readable when there is something to do.
    var descriptors: [Int32] { inputs.keys + (listener >= 0 ? [listener] : []) }

    /// - Throws: `.notConnected` when the system grants no terminal or port.
    mutating func open() throws(DriverError) {
        close()
        switch place {
        case .terminal(let link): try openTerminal(link)
        case .tcp, .rtuOverTcp: try listen()
        }
    }

    mutating func close() {
        for descriptor in inputs.keys { Glibc.close(descriptor) }
        for descriptor in [listener, farEnd] where descriptor >= 0 { Glibc.close(descriptor) }
        (inputs, listener, farEnd) = ([:], -1, -1)
        // Sound: the path is read during the call.
        if case .terminal(let link) = place { _ = unsafe unlink(link) }
    }

    /// Reads all there is, by terminal or connection.
    mutating func takeBytes() -> [(client: Int32, bytes: [UInt8])] {
        accept()
        return inputs.keys.sorted().compactMap { descriptor in
            guard let bytes = bytes(from: descriptor) else {
                Glibc.close(descriptor)
                inputs[descriptor] = nil
                return nil
            }
            return (descriptor, bytes)
        }
    }

    /// Sends what nobody has asked for to all.
    func push(_ bytes: [UInt8]) { for client in inputs.keys { send(bytes, to: client) } }

    /// Reads all there is and takes the whole requests out of it.
    mutating func takeRequests() -> [Question] {
        var questions: [Question] = []
        for (descriptor, bytes) in takeBytes() {
            var input = inputs[descriptor, default: []] + bytes
            if place == .tcp {
                while let frame = TcpFrame.takeRequest(from: &input) {
                    questions.append(
                        Question(
                            client: descriptor, unit: frame.unit, request: frame.request,
                            tcp: frame))
                }
            } else {
                while let frame = RtuFrame.takeRequest(from: &input) {
                    questions.append(
                        Question(
                            client: descriptor, unit: frame.unit, request: frame.request, tcp: nil))
                }
            }
            inputs[descriptor] = input
        }
        return questions
    }

    /// Closes a connection.
    /// - Returns: False for a terminal, which has none.
    mutating func hangUp(_ client: Int32) -> Bool {
        guard listener >= 0 else { return false }
        if inputs.removeValue(forKey: client) != nil { Glibc.close(client) }
        return true
    }

    /// Sends `frame`, unless the connection has gone meanwhile.
    func send(_ frame: [UInt8], to client: Int32) {
        guard inputs[client] != nil else { return }
        if listener >= 0 {
            // Sound: the array lives through the call, with its own count.
            _ = unsafe Glibc.send(client, frame, frame.count, Int32(MSG_NOSIGNAL))
        } else {
            // Sound: as above.
            _ = unsafe write(client, frame, frame.count)
        }
    }

    /// Sends what nobody has asked for on a terminal, and waits until it has come through.
    func babble(_ bytes: [UInt8]) {
        precondition(farEnd >= 0, "only a terminal that is plugged in babbles")
        for terminal in inputs.keys { send(bytes, to: terminal) }
        var waiting = pollfd(fd: farEnd, events: Int16(POLLIN), revents: 0)
        // Sound: the descriptor lives through the call, and it is one.
        _ = unsafe tidegate_poll(&waiting, 1, 10_000_000_000)
    }

    /// - Returns: Nil when the connection has ended.
    private func bytes(from descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1024)
        // Sound: at most as many bytes are written as the buffer has.
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count > 0 { return Array(buffer.prefix(count)) }
        return count < 0 && errno == EAGAIN ? [] : nil
    }

    private mutating func openTerminal(_ link: String) throws(DriverError) {
        var path = [CChar](repeating: 0, count: 64)
        // Sound: at most as many bytes are written as the array has.
        let near = unsafe tidegate_open_terminal(&path, path.count)
        guard near >= 0 else { throw Self.failure("no pseudo-terminal") }
        inputs[near] = []
        // Sound: the call has left a C string in `path`; both paths are read during the calls.
        farEnd = unsafe Glibc.open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard unsafe farEnd >= 0 && symlink(path, link) == 0 else {
            throw Self.failure("no link \(link) to a pseudo-terminal")
        }
    }

    private mutating func listen() throws(DriverError) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        listener = socket(AF_INET, type, 0)
        guard listener >= 0 else { throw Self.failure("no socket") }
        var one: Int32 = 1
        // Sound: four bytes of `one` are read during the call.
        unsafe setsockopt(
            listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            // Sound: every socket address may be seen as a `sockaddr`, and `size` is its own.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, size) == 0 && Glibc.listen(listener, 8) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw Self.failure("no TCP port") }
        port = UInt16(bigEndian: address.sin_port)
    }

    private mutating func accept() {
        while listener >= 0 {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            inputs[client] = []
        }
    }

    private static func failure(_ what: String) -> DriverError {
        // Sound: strerror answers a C string that is valid until this thread's next call of it.
        DriverError(.notConnected, "\(what): \(unsafe String(cString: strerror(errno)))")
    }
}
