/// Writes the bytes of one record.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Seven bits a byte, lowest first; the top bit says that more follow.
    mutating func number(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Small numbers of either sign in few bytes: the sign is the lowest bit.
    mutating func signed(_ value: Int64) {
        number(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Eight bytes, highest first.
    mutating func fixed(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    /// The length in bytes, then UTF-8, cut at `limit` bytes.
    mutating func text(_ value: String, limit: Int = .max) {
        var kept = value.utf8.prefix(limit)
        // A character is not cut in the middle.
        while String(kept) == nil { kept = kept.dropLast() }
        number(UInt64(kept.count))
        bytes += kept
    }

    /// The record with its check sum, which also covers its key.
    func sealed(at key: Int64) -> [UInt8] {
        let sum = Checksum.of(bytes[...], key)
        return bytes + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) }
    }
}

/// Reads the bytes of one record. Every read answers nil when the bytes are not of its form.
struct RecordReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// - Returns: Nil when the check sum does not fit the bytes and their key.
    init?(sealed bytes: [UInt8], at key: Int64) {
        guard bytes.count > 4 else { return nil }
        let body = bytes.dropLast(4)
        let sum = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard Checksum.of(body, key) == sum else { return nil }
        rest = body
    }

    var isAtEnd: Bool { rest.isEmpty }
    /// Bytes that are not read yet.
    var count: Int { rest.count }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    mutating func signed() -> Int64? {
        number().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    mutating func fixed() -> UInt64? {
        guard rest.count >= 8 else { return nil }
        defer { rest = rest.dropFirst(8) }
        return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func text() -> String? {
        guard let count = number(), count <= UInt64(rest.count) else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return String(validating: rest.prefix(Int(count)), as: UTF8.self)
    }
}

/// CRC-32, which finds every damage of up to 32 bits in a row.
///
/// Source: IEEE 802.3, polynomial 0x04C11DB7, reflected.
enum Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
    }

    /// The sum over `key`, lowest byte first, and then `bytes`.
    static func of(_ bytes: ArraySlice<UInt8>, _ key: Int64) -> UInt32 {
        let table = table
        var sum = UInt32.max
        for shift in stride(from: Int64(0), to: 64, by: 8) {
            let byte = UInt8(truncatingIfNeeded: key >> shift)
            sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
        }
        for byte in bytes {
            sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
        }
        return ~sum
    }
}
