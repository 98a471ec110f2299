/// Something that no packet of MQTT is. A connection cannot go on after it.
struct MalformedPacket: Error, Hashable {
    let detail: String

    init(_ detail: String) { self.detail = detail }
}

/// What is left to read of a packet. It reads nothing beyond its end, and copies nothing.
///
/// Source: MQTT Version 5.0, OASIS Standard, section 1.5.
struct MqttBytes {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() throws(MalformedPacket) -> UInt8 {
        guard let byte = rest.popFirst() else { throw Self.tooShort }
        return byte
    }

    mutating func word() throws(MalformedPacket) -> UInt16 {
        UInt16(try byte()) << 8 | UInt16(try byte())
    }

    /// A number of four bytes.
    mutating func number() throws(MalformedPacket) -> UInt32 {
        UInt32(try word()) << 16 | UInt32(try word())
    }

    /// A number of one to four bytes, seven bits in each.
    mutating func length() throws(MalformedPacket) -> Int {
        var length = 0
        for shift in [0, 7, 14, 21] {
            let byte = try byte()
            length |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return length }
        }
        throw MalformedPacket("a length of more than four bytes")
    }

    mutating func bytes(_ count: Int) throws(MalformedPacket) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Self.tooShort }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Bytes behind their number, of text or of anything.
    mutating func counted() throws(MalformedPacket) -> ArraySlice<UInt8> {
        try bytes(Int(try word()))
    }

    /// - Returns: Nil when `bytes` are no text of MQTT: not UTF-8, or with a zero byte.
    static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static var tooShort: MalformedPacket { MalformedPacket("truncated") }
}

// Writing, in the same forms.
extension [UInt8] {
    /// The most bytes that a text of MQTT may have.
    static var longestMqttText: Int { 65_535 }
    /// The most bytes that a packet may have behind its length.
    static var longestMqttPacket: Int { 268_435_455 }

    mutating func append(word: UInt16) {
        append(UInt8(word >> 8))
        append(UInt8(truncatingIfNeeded: word))
    }

    mutating func append(number: UInt32) {
        append(word: UInt16(number >> 16))
        append(word: UInt16(truncatingIfNeeded: number))
    }

    mutating func append(length: Int) {
        var rest = length
        while rest >= 0x80 {
            append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    /// - Parameter bytes: At most `longestMqttText`.
    mutating func append(counted bytes: some Collection<UInt8>) {
        append(word: UInt16(bytes.count))
        append(contentsOf: bytes)
    }
}
