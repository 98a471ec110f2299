import DriverKit
import Glibc
import Vocabulary

/// A TCP connection that carries Modbus frames.
final class SocketLine: ModbusLine {
    let name: String
    private let host: String
    private let port: UInt16
    private let framing: ModbusFraming
    private let clock: any GatewayClock
    private(set) var descriptor: Int32 = -1
    private var number: UInt16 = 0
    /// Whether any frame of the host's could be read so far.
    private var hasAnswered = false

    /// Connects to nothing yet.
    init(host: String, port: UInt16, framing: ModbusFraming, _ clock: any GatewayClock) {
        (self.host, self.port, self.framing, self.clock) = (host, port, framing, clock)
        name = Bus.Line.tcp(host: host, port: port).shortName
    }

    deinit { close() }

    /// How long a host may take to accept a connection.
    private static let connectLimit: Duration = .seconds(3)

    var numbersReplies: Bool { framing == .tcp }

    var hint: String {
        guard !hasAnswered else { return "" }
        return switch framing {
        case .tcp:
            ", which has never answered: check unit; set rtuOverTcp if it is a serial server "
                + "that forwards RTU frames"
        case .rtu:
            ", which has never answered: check unit and the server's serial settings; leave "
                + "out rtuOverTcp if it speaks Modbus TCP"
        }
    }

    func isAlive() -> Bool {
        guard descriptor >= 0 else { return false }
        let state = wait(for: .zero)
        if state & (POLLHUP | POLLERR | POLLNVAL) != 0 { return false }
        guard state & POLLIN != 0 else { return true }
        var byte: UInt8 = 0
        // Sound: one byte is written to `byte` at most. Zero means that the host closed it.
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) > 0
    }

    func open() throws(DriverError) {
        close()
        descriptor = try connectTcp(host: host, port: port, within: Self.connectLimit)
    }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    func discardInput() {
        // A host that has nothing but noise to send is found out by the request that follows.
        for _ in 0..<64 { if (receive() ?? []).isEmpty { return } }
    }

    func ask(_ request: ModbusRequest) -> ModbusOutcome {
        number &+= 1
        let frame = framing.frame(request, number: number)
        // Sound: the array lives through the call, with its own count.
        let sent = unsafe send(
            descriptor, frame, frame.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        guard sent == frame.count else { return .gone(SystemError.last.message) }
        let end = clock.now.advanced(by: max(.milliseconds(1), request.replyTimeout))
        var input: [UInt8] = []
        while true {
            if let outcome = framing.outcome(of: request, number: number, in: input) {
                switch outcome {
                case .words, .exception: hasAnswered = true
                default: break
                }
                return outcome
            }
            let rest = clock.now.duration(to: end)
            guard rest > .zero, wait(for: rest) != 0 else { return .silence }
            guard let bytes = receive() else { return .gone("the host closed the connection") }
            input += bytes
        }
    }

    /// All that has come in, as far as the buffer holds it.
    /// - Returns: Nil when the connection has ended.
    private func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 512)
        // Sound: at most as many bytes are written as the buffer has.
        let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return Array(buffer.prefix(count)) }
        return count < 0 && [EAGAIN, EINTR].contains(errno) ? [] : nil
    }
}
