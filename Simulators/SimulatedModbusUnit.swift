import DriverKit
import Vocabulary

/// A simulated Modbus device: turns the bytes of a request into the bytes of a reply.
///
/// Its registers show fixed words or signals of the simulated world. What it does wrong is its
/// `fault`, which the bus or server that it is on acts out.
public struct SimulatedModbusUnit: Sendable {
    /// What a device does wrong to every request until set otherwise.
    public enum Fault: Hashable, Sendable {
        case silent
        /// Every reply leaves so long after its request.
        case late(by: Duration)
        /// Every reply leaves right after the next request has come in: the worst moment there is.
        case lateByOne
        /// Every reply is an exception of this code.
        case exception(UInt8)
        /// The second half of every reply is missing.
        case truncated
    }

    public var fault: Fault?
    /// How many of the next replies have a wrong checksum; on TCP, a wrong transaction number.
    public var corruptReplies = 0
    /// How many of the next requests are answered with exception 6.
    public var busyReplies = 0
    /// How many of the next requests make the host close the connection instead of answering. Of no
    /// effect on a terminal.
    public var hangUps = 0
    /// The most words that it gives at once; more are refused with exception 3.
    public var mostWords = RegisterLimits.maxWordsOfStandard
    /// Requests that touch these addresses are not answered at all.
    public var deafTo: Range<Int>?
    /// Whether registers between those that it has read as zero; else they are refused.
    public var fillsGaps = true

    private struct Key: Hashable {
        let function: ModbusRequest.Function
        let address: Int
    }

    private enum Word {
        case fixed(UInt16)
        /// One word of the number that `shown[index]` has at the time.
        case shown(index: Int, word: Int)
    }

    private var words: [Key: Word] = [:]
    private var shown: [(signal: Signal, register: Register)] = []

    public init() {}

    /// Puts fixed words into neighbouring registers.
    public mutating func hold(
        _ values: [UInt16], at address: UInt16, function: ModbusRequest.Function = .inputRegisters
    ) {
        for (offset, value) in values.enumerated() {
            words[Key(function: function, address: Int(address) + offset)] = .fixed(value)
        }
    }

    /// Takes registers away, as a firmware does that does not have them.
    public mutating func drop(
        _ addresses: Range<Int>, function: ModbusRequest.Function = .inputRegisters
    ) {
        for address in addresses { words[Key(function: function, address: address)] = nil }
    }

    /// Lets a register show a signal, which is in the unit of the register's channel.
    public mutating func show(_ signal: Signal, in register: Register) {
        shown.append((signal, register))
        for (word, address) in register.addresses.enumerated() {
            words[Key(function: register.function, address: address)] =
                .shown(index: shown.count - 1, word: word)
        }
        if let scaleAddress = register.scaleAddress {
            hold([0], at: scaleAddress, function: register.function)
        }
    }

    /// The reply to a request, both without unit number and checksum.
    ///
    /// Source: Modbus Application Protocol V1.1b3, 6.1 to 6.4 and 7.
    public mutating func reply(to request: [UInt8], at now: MonotonicInstant) -> [UInt8] {
        let code = request.first ?? 0
        func exception(_ number: UInt8) -> [UInt8] { [code | 0x80, number] }
        if busyReplies > 0 {
            busyReplies -= 1
            return exception(6)
        }
        if case .exception(let number) = fault { return exception(number) }
        guard let function = ModbusRequest.Function(rawValue: Int(code)) else {
            return exception(1)
        }
        guard request.count == 5 else { return exception(3) }
        let address = Int(request[1]) << 8 | Int(request[2])
        let count = Int(request[3]) << 8 | Int(request[4])
        guard (1...mostWords).contains(count) else { return exception(3) }
        let own = words.keys.filter { $0.function == function }.map(\.address)
        guard let last = own.max(), address + count - 1 <= last else { return exception(2) }
        var data: [UInt8] =
            function.readsBits ? Array(repeating: 0, count: (count + 7) / 8) : []
        for (index, address) in (address..<address + count).enumerated() {
            guard let word = word(at: Key(function: function, address: address), now) else {
                return exception(2)
            }
            if function.readsBits {
                if word != 0 { data[index / 8] |= 1 << UInt8(index % 8) }
            } else {
                data += [UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word)]
            }
        }
        return [code, UInt8(data.count)] + data
    }

    /// Whether it leaves a request without an answer.
    func isDeaf(to request: [UInt8]) -> Bool {
        guard let deafTo, request.count == 5 else { return false }
        let address = Int(request[1]) << 8 | Int(request[2])
        return deafTo.overlaps(address..<address + (Int(request[3]) << 8 | Int(request[4])))
    }

    private func word(at key: Key, _ now: MonotonicInstant) -> UInt16? {
        switch words[key] {
        case nil: return fillsGaps ? 0 : nil
        case .fixed(let value): return value
        case .shown(let index, let word):
            let (signal, register) = shown[index]
            return register.words(showing: signal.value(at: now))[word]
        }
    }
}

extension Register {
    /// The words that make this register show `value`, the nearest that its form can hold.
    func words(showing value: Double) -> [UInt16] {
        let raw = value / scale.approximate
        let bits: UInt64 =
            switch form {
            case .float32: UInt64(Float(raw).bitPattern)
            case .float64: raw.bitPattern
            case .uint64: UInt64(raw.rounded(), clampedTo: 0...UInt64.max)
            case .uint16, .uint32:
                UInt64(raw.rounded(), clampedTo: 0...(1 << UInt64(16 * form.words)) - 1)
            case .int16, .int32, .int64:
                UInt64(
                    bitPattern: Int64(
                        raw.rounded(),
                        clampedTo: Int64.min >> Int64(64 - 16 * form.words)...Int64.max
                            >> Int64(64 - 16 * form.words)))
            }
        return form.registers(bits: bits, order: order)
    }
}

extension FixedWidthInteger {
    fileprivate init(_ value: Double, clampedTo range: ClosedRange<Self>) {
        if let exact = Self(exactly: value) {
            self = Swift.min(Swift.max(exact, range.lowerBound), range.upperBound)
        } else {
            self = value < 0 ? range.lowerBound : range.upperBound
        }
    }
}
