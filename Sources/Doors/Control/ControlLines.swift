/// Bytes that arrive in pieces, as lines. Pure. Holds at most `limit` bytes and one piece more.
struct ControlLines: Sendable {
    /// The most bytes of a line, and of what is kept while an answer is in progress.
    let limit: Int
    private var bytes: [UInt8] = []
    /// How far `bytes` have no end of line.
    private var searched = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ piece: some Collection<UInt8>) {
        // What is beyond is never read: the connection ends.
        bytes.append(contentsOf: piece.prefix(limit + 1 - min(limit, bytes.count)))
    }

    /// Whether more arrived than there is room for; nothing further is a request then.
    var isTooLong: Bool { bytes.count > limit }

    /// The next line without its end; nil while it is not whole. Empty lines are passed over.
    mutating func next() -> [UInt8]? {
        while let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            var line = bytes[..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            let found = Array(line)
            bytes.removeFirst(end + 1)
            searched = 0
            if !found.isEmpty { return found }
        }
        searched = bytes.count
        return nil
    }

    /// What is there without an end of line, once no more arrives.
    mutating func rest() -> [UInt8]? {
        defer { (bytes, searched) = ([], 0) }
        return bytes.isEmpty ? nil : bytes
    }
}
