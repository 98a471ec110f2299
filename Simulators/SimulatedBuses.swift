import DriverKit
import Vocabulary

/// The simulated Modbus buses. A bus is there once a unit is plugged into it.
///
/// They never block: a wait for a reply that does not come is counted and over at once. Late replies
/// keep to the time of the bus, which is the clock's plus all that was waited.
public final class SimulatedBuses: Sendable {
    private enum Arrival {
        case at(MonotonicInstant)
        case withNextRequest
    }

    private struct Wire {
        var units: [UInt8: SimulatedModbusUnit] = [:]
        var isPluggedIn = true
        /// The end of the last exchange, in the time of the bus.
        var busyUntil = MonotonicInstant(nanoseconds: .min)
        /// Replies on their way that nobody waits for any more.
        var late: [Arrival] = []
        var waited: Duration = .zero
        var requests: [ModbusRequest] = []
    }

    /// So many of the last requests are remembered.
    private static let memory = 256

    private let clock: any GatewayClock
    private let wires = Guarded<[BusName: Wire]>([:])

    init(clock: any GatewayClock) { self.clock = clock }

    /// Connects a unit to a bus, in place of the one with that number if there is one.
    public func plug(_ unit: SimulatedModbusUnit, as number: UInt8, on bus: BusName) {
        wires.withLock { $0[bus, default: Wire()].units[number] = unit }
    }

    /// Changes a unit: its registers or its fault. A unit that is not there yet is plugged in.
    public func change(
        unit number: UInt8, on bus: BusName, _ body: (inout SimulatedModbusUnit) -> Void
    ) {
        wires.withLock { wires in
            body(&wires[bus, default: Wire()].units[number, default: SimulatedModbusUnit()])
        }
    }

    /// Pulls the adapter of the whole bus, or puts it back.
    public func setPlugged(_ isPluggedIn: Bool, _ bus: BusName) {
        wires.withLock { $0[bus, default: Wire()].isPluggedIn = isPluggedIn }
    }

    /// How long requests on a bus would have waited for replies that did not come.
    public func waited(on bus: BusName) -> Duration {
        wires.withLock { $0[bus]?.waited ?? .zero }
    }

    /// The last requests on a bus, oldest first.
    public func requests(on bus: BusName) -> [ModbusRequest] {
        wires.withLock { $0[bus]?.requests ?? [] }
    }

    func bus(_ name: BusName) throws(DriverError) -> any ModbusBus {
        guard wires.withLock({ $0[name] != nil }) else {
            throw DriverError(
                .invalidComponent, "bus \(name) is unknown; no unit is plugged into it")
        }
        return SimulatedBus(name: name, buses: self)
    }

    fileprivate func read(
        _ request: ModbusRequest, on bus: BusName
    ) throws(DriverError) -> [UInt16] {
        precondition(
            (1...RegisterLimits.maxWordsOfStandard).contains(request.count),
            "a Modbus request reads 1 to 125 registers")
        let now = clock.now
        return try wires.withLock { wires throws(DriverError) in
            var wire = wires[bus, default: Wire()]
            defer { wires[bus] = wire }
            do throws(DriverError) {
                return try Self.read(request, on: bus.text, &wire, at: now)
            } catch {
                // As every bus does; see `ModbusBus.read`.
                guard error.kind == .busy || error.kind == .notConnected, wire.isPluggedIn else {
                    throw error
                }
                return try Self.read(request, on: bus.text, &wire, at: now)
            }
        }
    }

    private static func read(
        _ request: ModbusRequest, on line: String, _ wire: inout Wire, at now: MonotonicInstant
    ) throws(DriverError) -> [UInt16] {
        guard wire.isPluggedIn else {
            throw DriverError(.notConnected, "cannot open \(line): it is unplugged")
        }
        wire.requests = wire.requests.suffix(memory - 1) + [request]
        let start = max(now, wire.busyUntil)
        let end = start.advanced(by: request.replyTimeout)
        let unit = wire.units[request.unit]
        try takeLateReply(request, on: line, &wire, from: start, to: end)

        func giveUp() -> DriverError {
            wire.waited += request.replyTimeout
            wire.busyUntil = end
            return request.noReply(on: line)
        }
        guard var unit, !unit.isDeaf(to: request.bytes) else { throw giveUp() }
        if unit.hangUps > 0 {
            wire.units[request.unit]?.hangUps -= 1
            throw request.portGone("the host closed the connection", on: line)
        }
        switch unit.fault {
        case .silent, .truncated: throw giveUp()
        case .late(let delay) where delay > request.replyTimeout:
            wire.late.append(.at(start.advanced(by: delay)))
            throw giveUp()
        case .lateByOne:
            wire.late.append(.withNextRequest)
            throw giveUp()
        case .late, .exception, nil: break
        }
        if unit.corruptReplies > 0 {
            wire.units[request.unit]?.corruptReplies -= 1
            throw request.wrongChecksum(on: line)
        }
        let reply = unit.reply(to: request.bytes, at: now)
        wire.units[request.unit] = unit
        if reply.count == 2 { throw request.refused(with: reply[1], on: line) }
        return request.words(in: reply.dropFirst(2))
    }

    /// What came in before the request is flushed, as on a real bus. What comes in while its reply is
    /// waited for is taken for that, and found out.
    private static func takeLateReply(
        _ request: ModbusRequest, on line: String, _ wire: inout Wire,
        from start: MonotonicInstant, to end: MonotonicInstant
    ) throws(DriverError) {
        wire.late.removeAll { if case .at(let time) = $0 { time <= start } else { false } }
        let index = wire.late.firstIndex {
            if case .at(let time) = $0 { time <= end } else { true }
        }
        guard let index else { return }
        if case .at(let time) = wire.late.remove(at: index) { wire.busyUntil = time }
        throw request.wrongForm(on: line)
    }
}

/// One simulated bus, as its nodes see it.
private final class SimulatedBus: ModbusBus {
    private let name: BusName
    private let buses: SimulatedBuses

    init(name: BusName, buses: SimulatedBuses) {
        (self.name, self.buses) = (name, buses)
    }

    func read(_ request: ModbusRequest) throws(DriverError) -> [UInt16] {
        try buses.read(request, on: name)
    }
}

extension ModbusRequest {
    /// Function, address and count as they cross the wire.
    fileprivate var bytes: [UInt8] {
        [UInt8(function.rawValue)]
            + [address, UInt16(count)].flatMap {
                [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)]
            }
    }
}
