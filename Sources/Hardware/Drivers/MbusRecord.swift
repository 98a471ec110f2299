import DriverKit
import Vocabulary

/// One value of an M-Bus answer.
struct MbusRecord: Hashable, Sendable {
    /// What a value is of, so that only what is asked for is taken.
    struct Place: Hashable, Sendable, CustomStringConvertible {
        let quantity: MbusQuantity
        /// 0 for the current value, 1 mostly for that of the last billing date.
        var storage: Int64 = 0
        var tariff: Int64 = 0
        var subUnit: Int64 = 0

        var description: String {
            [("storage", storage), ("tariff", tariff), ("sub-unit", subUnit)]
                .filter { $0.1 != 0 }
                .reduce(quantity.rawValue) { "\($0) \($1.0) \($1.1)" }
        }
    }

    let place: Place
    /// Nil for what the meter marks as no value.
    let number: DecimalNumber?
    let unit: MeterUnit
}

/// What an answer says: who it is from, and its records.
struct MbusAnswer: Hashable, Sendable {
    let id: UInt32
    let maker: String
    let version: UInt8
    let medium: UInt8
    private(set) var records: [MbusRecord] = []
    /// Whether more telegrams follow.
    private(set) var hasMore = false
    /// What could not be read; nil when all could.
    private(set) var flaw: String?

    /// The modes that encrypt. Old meters have other numbers in their place, and send in the clear.
    ///
    /// - Source: EN 13757-7:2018, "configuration field": the low five bits of its high byte.
    private static let encryption: Set<UInt8> = [2, 3, 4, 5, 7, 8, 9, 10, 13]

    /// - Parameter data: What follows the control information 72, lowest byte first.
    /// - Returns: Nil for what has no whole header.
    /// - Source: EN 13757-3, 5 ("variable data structure").
    init?(_ data: [UInt8]) {
        guard data.count >= 12 else { return nil }
        id = data[..<4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        let letters = UInt16(data[5]) << 8 | UInt16(data[4])
        maker = String(
            decoding: [10, 5, 0].map { UInt8(letters >> $0 & 31) + 64 }, as: UTF8.self)
        (version, medium) = (data[6], data[7])
        let mode = data[11] & 0x1F
        guard !Self.encryption.contains(mode) else {
            flaw = "its data is encrypted in mode \(mode), which is not read"
            return
        }
        var reader = MbusReader(data[12...])
        while let information = reader.byte() {
            switch information {
            case 0x2F: continue
            case 0x0F: return
            case 0x1F:
                hasMore = true
                return
            default:
                let start = data.count - reader.count - 1
                guard reader.record(information, into: &records) else {
                    flaw = "the record at byte \(start) is not whole"
                    return
                }
            }
        }
    }
}

/// Reads the bytes of records. Every read checks that they are there.
private struct MbusReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var count: Int { bytes.count }

    mutating func byte() -> UInt8? { bytes.popFirst() }

    mutating func take(_ count: Int) -> [UInt8]? {
        guard count <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// The most extensions of a block.
    ///
    /// - Source: EN 13757-3, 6.3: ten of each.
    private static let mostExtensions = 10

    /// Reads a record whose first byte was `information`, and keeps it if it measures something known.
    /// - Returns: False when it is not whole.
    mutating func record(_ information: UInt8, into records: inout [MbusRecord]) -> Bool {
        var (storage, tariff, subUnit) = (Int64(information >> 6 & 1), Int64(0), Int64(0))
        var last = information
        for step in 0..<Self.mostExtensions where last & 0x80 != 0 {
            guard let next = byte() else { return false }
            storage |= Int64(next & 0x0F) << Int64(1 + 4 * step)
            tariff |= Int64(next >> 4 & 3) << Int64(2 * step)
            subUnit |= Int64(next >> 6 & 1) << Int64(step)
            last = next
        }
        guard last & 0x80 == 0, let value = byte() else { return false }
        // Plain text in place of a unit.
        if value & 0x7F == 0x7C {
            guard let length = byte(), take(Int(length)) != nil else { return false }
        }
        var units = [value]
        while (units.last ?? 0) & 0x80 != 0 {
            guard units.count <= Self.mostExtensions, let next = byte() else { return false }
            units.append(next)
        }
        guard let content = content(information & 0x0F) else { return false }
        // The highest and lowest value, and that of an error, are not the value.
        let isCurrent = information >> 4 & 3 == 0
        if isCurrent, let (quantity, unit) = MbusQuantity.meaning(of: units) {
            records.append(
                MbusRecord(
                    place: MbusRecord.Place(
                        quantity: quantity, storage: storage, tariff: tariff, subUnit: subUnit),
                    number: content.flatMap { $0 }, unit: unit))
        }
        return true
    }

    /// The value of a data field: nil when it is not whole, and nothing in it for no number.
    ///
    /// - Source: EN 13757-3, table 4, "coding of the data field".
    private mutating func content(_ field: UInt8) -> DecimalNumber?? {
        switch field {
        case 0, 8: return .some(nil)
        case 1...4, 6, 7:
            let width = [1, 2, 3, 4, 0, 6, 8][Int(field) - 1]
            guard let bytes = take(width) else { return nil }
            let isNegative = (bytes.last ?? 0) & 0x80 != 0
            // The lowest number of each width stands for no value.
            if bytes.last == 0x80, bytes.dropLast().allSatisfy({ $0 == 0 }) { return .some(nil) }
            let bits = bytes.reversed().reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
            return .some(DecimalNumber(mantissa: Int64(bitPattern: bits)))
        case 5:
            guard let bytes = take(4) else { return nil }
            let bits = bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
            return .some(DecimalNumber(single: Float(bitPattern: bits)))
        case 9...12, 14:
            guard let bytes = take([1, 2, 3, 4, 0, 6][Int(field) - 9]) else { return nil }
            return .some(DecimalNumber(coded: bytes))
        default:
            guard field == 13, let length = byte() else { return nil }
            let width: Int
            switch length {
            case 0...0xBF: width = Int(length)
            case 0xC0...0xDF: width = Int(length & 0x0F)
            case 0xE0...0xEF: width = Int(length - 0xE0)
            case 0xF0...0xFA: width = Int(length - 0xF0)
            default: return nil
            }
            return take(width) == nil ? nil : .some(nil)
        }
    }
}

extension DecimalNumber {
    /// Two decimal digits a byte, lowest first; an F in front is a minus.
    /// - Returns: Nil for other digits above 9, which mark an error.
    fileprivate init?(coded bytes: [UInt8]) {
        var mantissa: Int64 = 0
        var digits = bytes.reversed().flatMap { [$0 >> 4, $0 & 0x0F] }[...]
        let isNegative = digits.first == 0x0F
        if isNegative { digits = digits.dropFirst() }
        for digit in digits {
            guard digit <= 9 else { return nil }
            mantissa = mantissa * 10 + Int64(digit)
        }
        self.init(mantissa: isNegative ? -mantissa : mantissa)
    }

    /// To six digits behind the point, which is finer than what a single holds of most values.
    fileprivate init?(single: Float) {
        guard let mantissa = Int64(exactly: (Double(single) * 1e6).rounded()) else { return nil }
        self.init(mantissa: mantissa, exponent: -6)
    }
}
