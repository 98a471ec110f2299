import Vocabulary

/// How a device writes a number into its 16-bit registers.
public enum RegisterForm: String, Hashable, Sendable, CaseIterable {
    case int16, uint16, int32, uint32, int64, uint64, float32, float64

    /// How many registers it takes.
    public var words: Int {
        switch self {
        case .int16, .uint16: 1
        case .int32, .uint32, .float32: 2
        case .int64, .uint64, .float64: 4
        }
    }

    /// What a counter in this form is, each count of which stands for `scale` of its unit. 64 bits have
    /// no end, and a floating-point number has no counts.
    public func counter(scale: DecimalNumber) -> CounterRegister {
        let ends: (span: Int64, highest: Int64)? =
            switch self {
            case .int16: (1 << 16, Int64(Int16.max))
            case .uint16: (1 << 16, Int64(UInt16.max))
            case .int32: (1 << 32, Int64(Int32.max))
            case .uint32: (1 << 32, Int64(UInt32.max))
            case .int64, .uint64, .float32, .float64: nil
            }
        guard scale.mantissa > 0 else { return CounterRegister() }
        func scaled(_ number: Int64) -> DecimalNumber? {
            DecimalNumber(mantissa: number).multiplied(by: scale)
        }
        return CounterRegister(
            span: ends.flatMap { scaled($0.span) }, highest: ends.flatMap { scaled($0.highest) },
            step: self == .float32 || self == .float64 ? nil : scale)
    }
}

/// In which order the bytes of a number stand in its registers.
///
/// The letters name the bytes of a 32-bit number, `a` the highest, in the order in which they cross
/// the wire. Numbers of another width follow the same rule.
public enum WordOrder: String, Hashable, Sendable, CaseIterable {
    /// Highest word first, highest byte first, as the Modbus standard has it for one register.
    case abcd
    /// Lowest word first, highest byte first.
    case cdab
    /// Highest word first, lowest byte first.
    case badc
    /// Lowest word first, lowest byte first.
    case dcba

    var startsWithLowestWord: Bool { self == .cdab || self == .dcba }
    var startsWithLowestByte: Bool { self == .badc || self == .dcba }
}

/// A number as it stood in the registers, before any scale.
public enum RegisterValue: Hashable, Sendable {
    case whole(Int64)
    /// A whole number too large for `Int64`.
    case huge(UInt64)
    case float(Double)
}

extension RegisterForm {
    /// The number in `registers`.
    ///
    /// - Parameter registers: As many as `words`, in the order of their addresses.
    public func value(of registers: some Collection<UInt16>, order: WordOrder) -> RegisterValue {
        value(of: bits(of: registers, order: order))
    }

    /// The number that has these bits.
    func value(of bits: UInt64) -> RegisterValue {
        switch self {
        case .int16: return .whole(Int64(Int16(truncatingIfNeeded: bits)))
        case .int32: return .whole(Int64(Int32(truncatingIfNeeded: bits)))
        case .int64: return .whole(Int64(bitPattern: bits))
        case .uint16, .uint32, .uint64:
            return Int64(exactly: bits).map(RegisterValue.whole) ?? .huge(bits)
        case .float32:
            return .float(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        case .float64: return .float(Double(bitPattern: bits))
        }
    }

    /// The registers that hold the lowest bits of `bits`; the way back from `value`.
    public func registers(bits: UInt64, order: WordOrder) -> [UInt16] {
        let highestFirst = (0..<words).reversed().map { word in
            let register = UInt16(truncatingIfNeeded: bits >> UInt64(16 * word))
            return order.startsWithLowestByte ? register.byteSwapped : register
        }
        return order.startsWithLowestWord ? highestFirst.reversed() : highestFirst
    }

    /// The bits of the number in `registers`, the highest first; 0 above them.
    func bits(of registers: some Collection<UInt16>, order: WordOrder) -> UInt64 {
        precondition(registers.count == words, "a \(rawValue) occupies \(words) registers")
        var bits: UInt64 = 0
        for (index, register) in registers.enumerated() {
            let fromTop = order.startsWithLowestWord ? index : registers.count - 1 - index
            let word = order.startsWithLowestByte ? register.byteSwapped : register
            bits |= UInt64(word) << UInt64(16 * fromTop)
        }
        return bits
    }

    /// Bits as manuals write them: `0x8000`.
    func hex(_ bits: UInt64) -> String {
        "0x" + bits.hex.suffix(4 * words)
    }

    /// The bits of `raw` in a number of this form.
    ///
    /// - Parameter raw: A hexadecimal text, which gives the bits, or a whole number.
    /// - Returns: Nil for what does not fit.
    public func bits(_ raw: RawNumber) -> UInt64? {
        let width = 16 * words
        switch raw {
        case .bits(let bits): return width == 64 || bits >> UInt64(width) == 0 ? bits : nil
        case .whole(let number):
            switch self {
            case .float32: return UInt64(Float(number).bitPattern)
            case .float64: return Double(number).bitPattern
            case .int16, .uint16, .int32, .uint32, .int64, .uint64:
                // A manual may give either sign's reading of the same bits: 65535 or -1.
                let lowest = Int64.min >> Int64(64 - width)
                let highest = width == 64 ? Int64.max : 1 << Int64(width) - 1
                guard (lowest...highest).contains(number) else { return nil }
                return UInt64(bitPattern: number) & UInt64.max >> UInt64(64 - width)
            }
        }
    }
}

/// A number as manuals write what stands in a register.
public enum RawNumber: Hashable, Sendable {
    case whole(Int64)
    case bits(UInt64)
}
