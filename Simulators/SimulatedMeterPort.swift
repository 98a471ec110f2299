import CLinux
import DriverKit
import Glibc
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
        var isEnding = false
    }

    /// Where a line must lead to reach it.
    public let address: ByteLineAddress
    private let pause: Duration?
    private let state: Guarded<State>
    private let wakeup: Int32

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
        state = Guarded(State(meter: meter, end: end))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        var thread = pthread_t()
        // Sound: the thread owns one reference to `self`, which it takes over first thing.
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<SimulatedMeterPort>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        guard status == 0 else { throw DriverError(.notConnected, "no thread for a meter") }
        pthread_detach(thread)
    }

    deinit { close(wakeup) }

    /// Makes the port vanish, or closes the TCP port and its connections.
    public func unplug() {
        state.withLock { $0.end.close() }
        eventfd_write(wakeup, 1)
    }

    /// Brings back what `unplug` took away, under the same path or port.
    /// - Throws: `.notConnected` when the system does not grant it.
    public func plugIn() throws(DriverError) {
        try state.withLock { state throws(DriverError) in
            if !state.end.isOpen { try state.end.open() }
        }
        eventfd_write(wakeup, 1)
    }

    /// Ends the thread and takes the port away.
    public func stop() {
        state.withLock { state in
            state.end.close()
            state.isEnding = true
        }
        eventfd_write(wakeup, 1)
    }

    private func run() {
        var due = pause.map { SimulatedModbusServer.now + $0.wholeNanoseconds }
        while true {
            let descriptors = state.withLock { $0.isEnding ? nil : $0.end.descriptors }
            guard let descriptors else { return }
            var watched = ([wakeup] + descriptors).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            // Sound: the array lives through the call, with its own count.
            _ = unsafe tidegate_poll(
                &watched, UInt(watched.count),
                due.map { max(0, $0 - SimulatedModbusServer.now) } ?? -1)
            var rung: eventfd_t = 0
            // Sound: the kernel writes one counter into `rung` during the call.
            unsafe eventfd_read(wakeup, &rung)
            let now = SimulatedModbusServer.now
            let isDue = due.map { now >= $0 } ?? false
            if isDue { due = pause.map { now + $0.wholeNanoseconds } }
            state.withLock { serve(&$0, isDue: isDue, at: MonotonicInstant(nanoseconds: now)) }
        }
    }

    private func serve(_ state: inout State, isDue: Bool, at now: MonotonicInstant) {
        for (client, bytes) in state.end.takeBytes() where !bytes.isEmpty {
            let answer = state.meter.answer(bytes, at: now)
            if !answer.isEmpty { state.end.send(answer, to: client) }
        }
        if isDue { state.end.push(state.meter.telegram(at: now)) }
    }
}
