import DriverKit
import Vocabulary

/// Simulated Modbus units that answer in bytes, on a pseudo-terminal or a TCP port of this machine,
/// so that real bus code can be tried on them.
///
/// It runs on a thread of its own, from `init` to `stop`. Late replies are late by real time.
public final class SimulatedModbusServer: Sendable {
    public enum Place: Hashable, Sendable {
        /// RTU; the port is a symbolic link of this path, which stays the same when replugged.
        case terminal(link: String)
        /// Modbus TCP on 127.0.0.1; the system chooses the port.
        case tcp
        /// RTU frames over TCP on 127.0.0.1, as behind a transparent serial server.
        case rtuOverTcp
    }

    private struct State: ~Copyable {
        var units: [UInt8: SimulatedModbusUnit]
        var end: SimulatedModbusEnd
        /// Replies that leave later, in any order.
        var late: [(due: Int64, frame: [UInt8], client: Int32)] = []
        /// By unit, the reply that leaves with the next request.
        var held: [UInt8: [UInt8]] = [:]
        var lastReply: Int64?
        var shortestGap: Int64?
        var isEnding = false
    }

    /// What a bus must be set to for it to reach the server.
    public let line: Bus.Line
    private let state: Guarded<State>
    private let thread = FarEndThread()

    /// - Throws: `.notConnected` when the system grants no terminal, port or thread.
    public init(
        _ place: Place, units: [UInt8: SimulatedModbusUnit]
    ) throws(DriverError) {
        let end = try SimulatedModbusEnd(place)
        line = end.line
        state = Guarded(State(units: units, end: end))
        try thread.start {
            self.state.withLock { state in
                state.isEnding
                    ? nil
                    : FarEndThread.Wait(
                        descriptors: state.end.descriptors, due: state.late.map(\.due).min())
            }
        } serving: { now in
            self.state.withLock { self.serve(&$0, at: now) }
        }
    }

    /// Changes a unit: its registers or its fault. One that is not there yet is plugged in.
    public func change(unit number: UInt8, _ body: (inout SimulatedModbusUnit) -> Void) {
        state.withLock { state in
            body(&state.units[number, default: SimulatedModbusUnit()])
            if state.units[number]?.fault != .lateByOne { state.held[number] = nil }
        }
        thread.wake()
    }

    /// Makes the port vanish, or closes the TCP port and its connections.
    public func unplug() {
        state.withLock { $0.end.close() }
        thread.wake()
    }

    /// Brings back what `unplug` took away, under the same path or port. Does nothing to a line that
    /// is there.
    /// - Throws: `.notConnected` when the system does not grant it.
    public func plugIn() throws(DriverError) {
        try state.withLock { state throws(DriverError) in
            if !state.end.isOpen { try state.end.open() }
        }
        thread.wake()
    }

    /// Puts bytes on a serial line that nobody has asked for, and returns when they can be read.
    public func babble(_ bytes: [UInt8]) {
        state.withLock { $0.end.babble(bytes) }
    }

    /// The shortest quiet time between a reply and the request after it; nil before the second one.
    public var shortestGap: Duration? {
        state.withLock { $0.shortestGap }.map(Duration.nanoseconds)
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
        for late in state.late where late.due <= now {
            state.end.send(late.frame, to: late.client)
        }
        state.late.removeAll { $0.due <= now }
        for question in state.end.takeRequests() {
            if let lastReply = state.lastReply {
                state.shortestGap = min(state.shortestGap ?? .max, now - lastReply)
            }
            guard var unit = state.units[question.unit], !unit.isDeaf(to: question.request)
            else { continue }
            if unit.hangUps > 0, state.end.hangUp(question.client) {
                state.units[question.unit]?.hangUps -= 1
                continue
            }
            let isCorrupt = unit.corruptReplies > 0
            if isCorrupt { unit.corruptReplies -= 1 }
            // Taken before it is sent: a thread that loses its processor then makes no gap look shorter.
            let begun = FarEndThread.now
            let reply = unit.reply(
                to: question.request, at: MonotonicInstant(nanoseconds: now))
            state.units[question.unit] = unit
            let frame = question.frame(reply, isCorrupt: isCorrupt)
            switch unit.fault {
            case .silent: break
            case .late(let delay):
                // A unit replies in the order it was asked.
                let start = max(now, state.late.map(\.due).max() ?? now)
                state.late.append((start + delay.wholeNanoseconds, frame, question.client))
            case .lateByOne:
                if let held = state.held[question.unit] {
                    state.end.send(held, to: question.client)
                }
                state.held[question.unit] = frame
            case .truncated:
                state.end.send(Array(frame.prefix(frame.count / 2)), to: question.client)
            case .exception, nil: state.end.send(frame, to: question.client)
            }
            state.lastReply = begun
        }
    }
}
