import CLinux
import DriverKit
import Glibc
import Vocabulary

/// A line of bytes on a real serial port or TCP connection.
///
/// It is opened by its path or host at its first use and again after it has gone. A line that has ended
/// fails the use that finds out, with `.notConnected`.
final class RealByteLine: ByteLine {
    let address: ByteLineAddress
    private let clock: any GatewayClock
    private let turns: BusTurns
    /// Locked by the thread whose turn it is, so nobody ever waits for this lock.
    private let open = Guarded<OpenByteLine?>(nil)

    init(_ address: ByteLineAddress, clock: any GatewayClock) {
        (self.address, self.clock) = (address, clock)
        turns = BusTurns(bus: "line \(address)")
    }

    /// More than a heat meter at 300 baud needs for a long answer.
    private static let longestTurn: Duration = .seconds(60)

    func use<Result>(
        _ mode: SerialMode, for purpose: String,
        _ work: (any ByteStream) throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        try turns.take(for: purpose, within: Self.longestTurn) { () throws(DriverError) -> Result in
            try talk(mode, work)
        }
    }

    private func talk<Result>(
        _ mode: SerialMode, _ work: (any ByteStream) throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        let stream: OpenByteLine
        if let still = open.withLock({ $0 }), still.isAlive {
            stream = still
        } else {
            // The port is for one user alone, so the old one goes first.
            open.withLock { $0 = nil }
            stream = try OpenByteLine(address, clock)
            open.withLock { $0 = stream }
        }
        do throws(DriverError) {
            try stream.change(to: mode)
            return try work(stream)
        } catch {
            // Nothing distinguishes a connection whose host has gone without a word from one that is silent.
            let isDoubtful = error.kind == .timeout && !stream.isSerial
            if error.kind == .notConnected || isDoubtful { open.withLock { $0 = nil } }
            throw error
        }
    }
}

/// An open port or connection; closed when it is dropped.
///
/// Sound as Sendable: the one that has the line's turn uses it, and no other.
final class OpenByteLine: ByteStream, @unchecked Sendable {
    private let address: ByteLineAddress
    private let clock: any GatewayClock
    private var descriptor: Int32
    private var deadline: MonotonicInstant
    private var mode: SerialMode?

    /// - Throws: `.notConnected`, saying what could not be opened and why.
    init(_ address: ByteLineAddress, _ clock: any GatewayClock) throws(DriverError) {
        (self.address, self.clock) = (address, clock)
        deadline = clock.now
        switch address {
        case .serial(let path): descriptor = try openSerialPort(path)
        case .tcp(let host, let port):
            descriptor = try connectTcp(host: host, port: port, within: Self.connectLimit)
        }
    }

    deinit {
        // A pseudo-terminal keeps the flag while its other end is open; what is no terminal refuses.
        _ = ioctl(descriptor, UInt(TIOCNXCL))
        close(descriptor)
    }

    /// How long a host may take to accept a connection.
    private static let connectLimit: Duration = .seconds(3)
    /// How long what an adapter holds takes to come once there is room for it.
    private static let adapterPause: Duration = .milliseconds(30)
    private static let chunk = 4096
    /// How long after the limit something that has come in is still taken.
    private static let lateness: Duration = .seconds(1)
    /// A connection that held so much was full, and what its host still holds is old.
    private static let fullConnection = 64 * 1024

    var isSerial: Bool { if case .serial = address { true } else { false } }

    var isAlive: Bool {
        let state = ready(Int16(POLLIN), for: .zero)
        if state & (POLLHUP | POLLERR | POLLNVAL) != 0 { return false }
        guard !isSerial, state & POLLIN != 0 else { return true }
        var byte: UInt8 = 0
        // Sound: one byte is written to `byte` at most. Zero is the host's end of the connection.
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) > 0
    }

    func limit(_ duration: Duration) { deadline = clock.now.advanced(by: duration) }

    func discardInput() throws(DriverError) {
        if isSerial {
            for _ in 0..<2 {
                _ = tcflush(descriptor, TCIFLUSH)
                sleepOnThread(Self.adapterPause)
            }
            _ = tcflush(descriptor, TCIFLUSH)
            return
        }
        var count = 0
        while count < Self.fullConnection {
            let bytes = try available()
            if bytes.isEmpty { return }
            count += bytes.count
        }
        guard case .tcp(let host, let port) = address else { return }
        let fresh = try connectTcp(host: host, port: port, within: Self.connectLimit)
        close(descriptor)
        descriptor = fresh
    }

    func receive() throws(DriverError) -> [UInt8] {
        while true {
            let bytes = try available()
            let rest = clock.now.duration(to: deadline)
            // What came in time is read by a late thread, too; what never ends is not.
            if !bytes.isEmpty, rest + Self.lateness > .zero { return bytes }
            guard rest > .zero else { return [] }
            TurnWait.report?(true)
            defer { TurnWait.report?(false) }
            if ready(Int16(POLLIN), for: rest) == 0 { return [] }
        }
    }

    func send(_ bytes: [UInt8]) throws(DriverError) {
        var rest = bytes
        while !rest.isEmpty {
            // Sound: the array lives through the call, with its own count.
            let sent =
                unsafe isSerial
                ? write(descriptor, rest, rest.count)
                : Glibc.send(
                    descriptor, rest, rest.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            if sent > 0 {
                rest.removeFirst(sent)
            } else if sent < 0, [EAGAIN, EINTR].contains(errno) {
                guard ready(Int16(POLLOUT), for: .seconds(5)) != 0 else {
                    throw DriverError(.timeout, "\(address) takes no bytes within 5000 ms")
                }
            } else {
                throw gone(SystemError.last.message)
            }
        }
        if isSerial { _ = tcdrain(descriptor) }
    }

    func change(to mode: SerialMode) throws(DriverError) {
        guard isSerial, mode != self.mode else { return }
        guard setSerialMode(descriptor, mode) else {
            throw DriverError(
                .notConnected,
                "\(address) does not take \(mode.baud) baud: \(SystemError.last.message)")
        }
        self.mode = mode
    }

    func pause(_ duration: Duration) { sleepOnThread(duration) }

    private func available() throws(DriverError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        // Sound: at most as many bytes are written as the buffer has; the descriptor does not block.
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count > 0 { return Array(buffer.prefix(count)) }
        if count < 0, [EAGAIN, EINTR].contains(errno) { return [] }
        // A raw terminal with nothing to read answers 0 while it is there.
        if count == 0, isSerial, ready(Int16(POLLIN), for: .zero) & POLLHUP == 0 { return [] }
        throw gone(count == 0 ? "the other end closed it" : SystemError.last.message)
    }

    private func gone(_ reason: String) -> DriverError {
        DriverError(.notConnected, "\(address) is gone: \(reason)")
    }

    private func ready(_ events: Int16, for duration: Duration) -> Int32 {
        var waiting = pollfd(fd: descriptor, events: events, revents: 0)
        // Sound: the descriptor lives through the call, and it is one.
        let count = unsafe tidegate_poll(&waiting, 1, max(0, duration.wholeNanoseconds))
        return count > 0 ? Int32(waiting.revents) : 0
    }
}
