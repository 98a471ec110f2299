import DriverKit
import Vocabulary

/// A simulated meter that speaks its bytes on a pseudo-terminal or a TCP port of this machine, so that the
/// code for real lines can be tried on it.
///
/// It runs on a thread of its own, from `init` to `stop`. What it sends by itself comes by real time.
public final class SimulatedMeterPort: Sendable {
    /// Where it is.
    public enum Place: Hashable, Sendable {
        /// The port is a symbolic link of this path, which stays the same when replugged.
        case terminal(link: String)
        /// On 127.0.0.1, as behind a transparent serial server; the system chooses the port.
        case tcp
    }

    private struct State: ~Copyable {
        var meter: any SimulatedMeter
        var end: SimulatedModbusEnd
        /// When the next telegram is due.
        var due: Int64?
        var isEnding = false
    }

    /// Where a line must lead to reach it.
    public let address: ByteLineAddress
    private let pause: Duration?
    private let state: Guarded<State>
    private let thread = FarEndThread()

    /// - Parameter pause: The real time between telegrams; the meter's own when nil.
    /// - Throws: `.notConnected` when the system grants no terminal, port or thread.
    public init(
        _ place: Place, _ meter: any SimulatedMeter, every pause: Duration? = nil
    ) throws(DriverError) {
        let end: SimulatedModbusEnd
        switch place {
        case .terminal(let link): end = try SimulatedModbusEnd(.terminal(link: link))
        case .tcp: end = try SimulatedModbusEnd(.rtuOverTcp)
        }
        switch end.line {
        case .serial(let settings): address = .serial(port: settings.port)
        case .tcp(let host, let port, _): address = .tcp(host: host, port: port)
        }
        self.pause = meter.period.map { pause ?? $0 }
        let due = self.pause.map { FarEndThread.now + $0.wholeNanoseconds }
        state = Guarded(State(meter: meter, end: end, due: due))
        try thread.start {
            self.state.withLock { state in
                state.isEnding
                    ? nil
                    : FarEndThread.Wait(descriptors: state.end.descriptors, due: state.due)
            }
        } serving: { now in
            self.state.withLock { self.serve(&$0, at: now) }
        }
    }

    /// Makes the port vanish, or closes the TCP port and its connections.
    public func unplug() {
        state.withLock { $0.end.close() }
        thread.wake()
    }

    /// Brings back what `unplug` took away, under the same path or port.
    /// - Throws: `.notConnected` when the system does not grant it.
    public func plugIn() throws(DriverError) {
        try state.withLock { state throws(DriverError) in
            if !state.end.isOpen { try state.end.open() }
        }
        thread.wake()
    }

    /// Ends the thread and takes the port away.
    public func stop() {
        state.withLock { state in
            state.end.close()
            state.isEnding = true
        }
        thread.wake()
    }

    private func serve(_ state: inout State, at now: Int64) {
        let instant = MonotonicInstant(nanoseconds: now)
        for (client, bytes) in state.end.takeBytes() where !bytes.isEmpty {
            let answer = state.meter.answer(bytes, at: instant)
            if !answer.isEmpty { state.end.send(answer, to: client) }
        }
        guard let due = state.due, now >= due else { return }
        state.due = pause.map { now + $0.wholeNanoseconds }
        state.end.push(state.meter.telegram(at: instant))
    }
}
