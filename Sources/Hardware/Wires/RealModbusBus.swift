import DriverKit
import Glibc
import Vocabulary

/// A Modbus bus on a real line: a serial port, Modbus TCP, or serial frames over TCP.
///
/// Nodes on different threads share one and block in `read`; they take turns, first come first
/// served. A port or connection that has gone is opened again, by its path or host, at the next
/// request.
///
/// A unit that is busy, and a line that ends in the middle of an exchange, are asked once more at once:
/// many hosts close a connection that they have answered on.
///
/// A late reply is never taken for another request's: input is flushed before each request; after a
/// failed one the bus waits for silence and flushes again; and a unit that still owes replies is first
/// asked something else (see `OwedReplies`). After a failure on Modbus TCP, where replies are numbered
/// but the stream may be out of step, the connection is made again.
public final class RealModbusBus: ModbusBus {
    private struct State: ~Copyable {
        let line: any ModbusLine
        var owed = OwedReplies()
        /// When the last exchange ended.
        var quietSince: MonotonicInstant?
    }

    private let bus: Bus
    private let clock: any GatewayClock
    private let timeout: Duration
    private let turns: BusTurns
    /// Locked by the thread whose turn it is, so nobody ever waits for this lock.
    private let state: Guarded<State>

    /// Sets a low file descriptor aside for a serial port; nothing is opened before the first request.
    ///
    /// - Parameters:
    ///   - clock: Measures the quiet gap between a reply and the next request, and how long replies
    ///     are owed. The gap itself is slept in the thread that asks, which is a node's own.
    ///   - timeout: How long a request waits for its turn.
    /// - Throws: `.invalidComponent` for settings that no serial port has; `.notConnected` when there is
    ///   no low file descriptor left.
    public init(
        _ bus: Bus, clock: any GatewayClock, timeout: Duration = .seconds(5)
    ) throws(DriverError) {
        self.bus = bus
        self.clock = clock
        self.timeout = timeout
        turns = BusTurns(bus: "bus \(bus.name)")
        let line: any ModbusLine
        switch bus.line {
        case .serial(let port): line = try LibmodbusLine(port, of: bus.name)
        case .tcp(let host, let port, let carriesRtu):
            line = SocketLine(host: host, port: port, framing: carriesRtu ? .rtu : .tcp, clock)
        }
        state = Guarded(State(line: line))
    }

    public func read(_ request: ModbusRequest) throws(DriverError) -> [UInt16] {
        precondition(
            (1...RegisterLimits.maxWordsOfStandard).contains(request.count),
            "a Modbus request reads 1 to 125 registers")
        return try turns.take(for: request.description, within: timeout) {
            () throws(DriverError) in
            try state.withLock { state throws(DriverError) in try ask(request, &state) }
        }
    }

    private func ask(_ request: ModbusRequest, _ state: inout State) throws(DriverError) -> [UInt16]
    {
        var mayAskAgain = true
        while true {
            let asked: ModbusRequest
            switch state.owed.advice(before: request, at: clock.now) {
            case .ask: asked = request
            // Each round settles a reply that is owed or throws, so there is an end to it.
            case .askFirst(let probe): asked = probe
            case .wait: throw request.noReply(on: state.line.name)
            }
            let failure: DriverError
            switch try exchange(asked, &state) {
            case .words(let words):
                if asked == request { return words }
                continue
            case .exception(let code):
                // Whatever the unit says of what it was asked first, it has answered.
                if asked != request { continue }
                failure = request.refused(with: code, on: state.line.name)
            case .gone(let reason): failure = asked.portGone(reason, on: state.line.name)
            }
            guard mayAskAgain, [.busy, .notConnected].contains(failure.kind) else { throw failure }
            mayAskAgain = false
        }
    }

    private enum Reply {
        case words([UInt16])
        case exception(UInt8)
        /// The line has ended, for this reason.
        case gone(String)
    }

    /// A wait that its device wants, which is no hanging hardware however many there are in a round.
    private func pause(_ duration: Duration) {
        TurnWait.report?(true)
        defer { TurnWait.report?(false) }
        sleepOnThread(duration)
    }

    /// One request and its reply, with the quiet gap before and the cleaning up after.
    private func exchange(
        _ request: ModbusRequest, _ state: inout State
    ) throws(DriverError) -> Reply {
        if let quietSince = state.quietSince {
            let gap = max(bus.gap, request.requestPause)
            pause(gap - quietSince.duration(to: clock.now))
        }
        if !state.line.isAlive() {
            try state.line.open()
            pause(request.connectPause)
        }
        state.line.discardInput()
        let outcome = state.line.ask(request)
        defer { state.quietSince = clock.now }
        let name = state.line.name
        switch outcome {
        case .words(let words):
            if !state.line.numbersReplies { state.owed.answered(request) }
            return .words(words)
        case .exception(let code):
            if !state.line.numbersReplies { state.owed.refused(request, at: clock.now) }
            return .exception(code)
        case .silence:
            cleanUp(after: request, &state)
            throw request.noReply(on: name + state.line.hint)
        case .wrongChecksum:
            cleanUp(after: request, &state)
            throw request.wrongChecksum(on: name)
        case .wrongSender:
            cleanUp(after: request, &state)
            throw request.wrongSender(on: name)
        case .wrongForm:
            cleanUp(after: request, &state)
            throw request.wrongForm(on: name)
        case .gone(let reason):
            cleanUp(after: request, &state)
            state.line.close()
            return .gone(reason + state.line.hint)
        }
    }

    private func cleanUp(after request: ModbusRequest, _ state: inout State) {
        if state.line.numbersReplies {
            state.line.close()
        } else {
            state.owed.missed(request, at: clock.now)
            state.line.discardUntilSilence()
        }
    }
}

/// Blocks the calling thread, which must be one that may be blocked.
func sleepOnThread(_ duration: Duration) {
    let nanoseconds = duration.wholeNanoseconds
    guard nanoseconds > 0 else { return }
    var rest = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    var left = timespec()
    // Sound: both live through the call, which leaves in `left` what a signal has cut off.
    while unsafe nanosleep(&rest, &left) == -1, errno == EINTR { rest = left }
}
