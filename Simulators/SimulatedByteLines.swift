import DriverKit
import Vocabulary

/// The simulated serial lines. One is there once a meter is plugged into it.
///
/// They never block: a wait is counted and over at once.
public final class SimulatedByteLines: Sendable {
    /// What is wrong with a line.
    public struct Faults: Sendable {
        public var isUnplugged = false
        public var isSilent = false
        /// So many of the next telegrams have a bit flipped in the middle.
        public var corruptTelegrams = 0
        /// So many of the next telegrams are cut off after half of their bytes.
        public var halfTelegrams = 0
        /// What comes before the next telegram.
        public var noise: [UInt8] = []
    }

    fileprivate struct Wire {
        var meters: [String: any SimulatedMeter] = [:]
        var faults = Faults()
        var output: [UInt8] = []
        var sent: [UInt8] = []
        var modes: [SerialMode] = []
        var waited: Duration = .zero
    }

    /// So many of the last bytes sent are remembered.
    private static let memory = 4096

    private let clock: any GatewayClock
    private let wires = Guarded<[ByteLineAddress: Wire]>([:])

    init(clock: any GatewayClock) { self.clock = clock }

    /// Connects a meter to a line, in place of the one of that name if there is one.
    public func plug(_ meter: any SimulatedMeter, named name: String, on address: ByteLineAddress) {
        change(address) { $0.meters[name] = meter }
    }

    /// Changes what is wrong with a line.
    public func fault(_ address: ByteLineAddress, _ body: (inout Faults) -> Void) {
        change(address) { body(&$0.faults) }
    }

    /// How long uses of a line have waited for bytes.
    public func waited(on address: ByteLineAddress) -> Duration {
        wires.withLock { $0[address]?.waited ?? .zero }
    }

    /// What was sent to the meters of a line, the last of it.
    public func sent(on address: ByteLineAddress) -> [UInt8] {
        wires.withLock { $0[address]?.sent ?? [] }
    }

    /// The modes that a line was set to, each change once.
    public func modes(on address: ByteLineAddress) -> [SerialMode] {
        wires.withLock { $0[address]?.modes ?? [] }
    }

    func line(_ address: ByteLineAddress) -> any ByteLine {
        SimulatedByteLine(address, self)
    }

    private func change(_ address: ByteLineAddress, _ body: (inout Wire) -> Void) {
        wires.withLock { body(&$0[address, default: Wire()]) }
    }

    fileprivate func open(_ address: ByteLineAddress) throws(DriverError) {
        let isThere = wires.withLock { wires in
            wires[address].map { !$0.meters.isEmpty && !$0.faults.isUnplugged } ?? false
        }
        guard isThere else {
            throw DriverError(.notConnected, "cannot open \(address): it is unplugged")
        }
    }

    fileprivate func set(_ mode: SerialMode, on address: ByteLineAddress) {
        change(address) { if $0.modes.last != mode { $0.modes.append(mode) } }
    }

    fileprivate func discard(on address: ByteLineAddress) { change(address) { $0.output = [] } }

    fileprivate func send(_ bytes: [UInt8], on address: ByteLineAddress) {
        let now = clock.now
        change(address) { wire in
            wire.sent = (wire.sent + bytes).suffix(Self.memory)
            guard !wire.faults.isSilent else { return }
            for name in wire.meters.keys.sorted() {
                let answer = wire.meters[name]?.answer(bytes, at: now) ?? []
                if !answer.isEmpty { wire.output += wire.spoilt(answer) }
            }
        }
    }

    /// What has come in, or comes in within `limit`, less which it then is.
    fileprivate func receive(on address: ByteLineAddress, within limit: inout Duration) -> [UInt8] {
        let now = clock.now
        return wires.withLock { wires in
            var wire = wires[address, default: Wire()]
            defer { wires[address] = wire }
            if wire.output.isEmpty, !wire.faults.isSilent {
                for name in wire.meters.keys.sorted() {
                    guard let period = wire.meters[name]?.period, period <= limit else { continue }
                    limit -= period
                    wire.waited += period
                    let telegram = wire.meters[name]?.telegram(at: now) ?? []
                    wire.output += wire.spoilt(telegram)
                    break
                }
            }
            if wire.output.isEmpty {
                wire.waited += limit
                limit = .zero
            }
            defer { wire.output = [] }
            return wire.output
        }
    }
}

extension SimulatedByteLines.Wire {
    fileprivate mutating func spoilt(_ telegram: [UInt8]) -> [UInt8] {
        var telegram = telegram
        if faults.corruptTelegrams > 0, !telegram.isEmpty {
            faults.corruptTelegrams -= 1
            telegram[telegram.count / 2] ^= 1
        }
        if faults.halfTelegrams > 0 {
            faults.halfTelegrams -= 1
            telegram = Array(telegram.prefix(telegram.count / 2))
        }
        defer { faults.noise = [] }
        return faults.noise + telegram
    }
}

/// One simulated line, as its nodes see it.
private final class SimulatedByteLine: ByteLine {
    let address: ByteLineAddress
    private let lines: SimulatedByteLines

    init(_ address: ByteLineAddress, _ lines: SimulatedByteLines) {
        (self.address, self.lines) = (address, lines)
    }

    func use<Result>(
        _ mode: SerialMode, for purpose: String,
        _ work: (any ByteStream) throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        try lines.open(address)
        lines.set(mode, on: address)
        return try work(SimulatedByteStream(address, lines))
    }
}

private final class SimulatedByteStream: ByteStream {
    private let address: ByteLineAddress
    private let lines: SimulatedByteLines
    private var rest: Duration = .zero

    init(_ address: ByteLineAddress, _ lines: SimulatedByteLines) {
        (self.address, self.lines) = (address, lines)
    }

    func limit(_ duration: Duration) { rest = duration }
    func discardInput() { lines.discard(on: address) }
    func pause(_ duration: Duration) {}
    func change(to mode: SerialMode) { lines.set(mode, on: address) }

    func receive() throws(DriverError) -> [UInt8] {
        try lines.open(address)
        return lines.receive(on: address, within: &rest)
    }

    func send(_ bytes: [UInt8]) throws(DriverError) {
        try lines.open(address)
        lines.send(bytes, on: address)
    }
}
