/// One element of an SML message.
///
/// - Source: BSI TR-03109-1, annex IV, SML 1.04, 6 ("SML Binary Encoding").
indirect enum SmlNode: Hashable, Sendable {
    case absent
    case octets([UInt8])
    case flag(Bool)
    /// - Parameter bytes: How many there were, which some meters get wrong.
    case signed(Int64, bytes: Int)
    case unsigned(UInt64)
    case list([SmlNode])

    var list: [SmlNode]? { if case .list(let nodes) = self { nodes } else { nil } }
    var octets: [UInt8]? { if case .octets(let bytes) = self { bytes } else { nil } }
    var unsigned: UInt64? { if case .unsigned(let number) = self { number } else { nil } }
}

/// Reads elements one after the other. Every read checks that the bytes are there.
struct SmlReader {
    private let bytes: [UInt8]
    private(set) var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// No SML message is nested deeper.
    private static let deepest = 8

    var isAtEnd: Bool { index >= bytes.count }
    var next: UInt8? { isAtEnd ? nil : bytes[index] }
    func bytes(from start: Int) -> ArraySlice<UInt8> { bytes[start..<index] }

    mutating func skip() { index += 1 }

    /// How many elements a list has that begins here, which is entered by that.
    mutating func enterList() -> Int? {
        guard let (kind, count) = head(), kind == 7 else { return nil }
        return count
    }

    /// - Returns: Nil for what is no element, or one that is not whole.
    mutating func node(depth: Int = 0) -> SmlNode? {
        guard let (kind, size) = head() else { return nil }
        if kind == 7 {
            // An element takes a byte at least, so that no count costs more than its bytes.
            guard depth < Self.deepest, size <= bytes.count - index else { return nil }
            var nodes: [SmlNode] = []
            for _ in 0..<size {
                guard let node = node(depth: depth + 1) else { return nil }
                nodes.append(node)
            }
            return .list(nodes)
        }
        guard size >= 0, size <= bytes.count - index else { return nil }
        let content = bytes[index..<index + size]
        index += size
        switch (kind, size) {
        case (0, 0): return .absent
        case (0, _): return .octets(Array(content))
        case (4, 1): return .flag(content.first != 0)
        case (5, 1...8):
            let isNegative = (content.first ?? 0) & 0x80 != 0
            let bits = content.reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
            return .signed(Int64(bitPattern: bits), bytes: size)
        case (6, 1...8): return .unsigned(content.reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// The kind of the next element, and the bytes that follow its head, or the elements of a list.
    private mutating func head() -> (kind: UInt8, size: Int)? {
        guard let first = next else { return nil }
        let kind = first >> 4 & 7
        var (length, count, byte) = (Int(first & 0x0F), 1, first)
        index += 1
        while byte & 0x80 != 0 {
            guard let more = next, count < 4 else { return nil }
            (byte, length, count) = (more, length << 4 | Int(more & 0x0F), count + 1)
            index += 1
        }
        // The end of a message is no element.
        guard first != 0 else { return nil }
        return (kind, kind == 7 ? length : length - count)
    }
}
