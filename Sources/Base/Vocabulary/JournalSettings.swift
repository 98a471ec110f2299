/// How a journal on disk is kept.
public struct JournalSettings: Hashable, Sendable {
    /// Facts are written to disk together, at most so long after the first of them was reported: what a power
    /// cut can take. Zero writes every batch by itself.
    public var commitInterval: Duration
    /// How long facts stay after every upstream has acknowledged them.
    public var retain: Duration
    /// The most bytes that the file takes, less what its log adds, up to 8 MB.
    public var size: Int64

    public init(
        commitInterval: Duration = .milliseconds(200), retain: Duration = .seconds(7 * 86_400),
        size: Int64 = 1_000_000_000
    ) {
        (self.commitInterval, self.retain, self.size) = (commitInterval, retain, size)
    }

    public static let standard = JournalSettings()

    /// Reads a size as layouts write it: a whole number and `MB` or `GB`.
    ///
    /// - Returns: Nil for any other form, less than 1 MB, or more than 999,999 GB.
    public static func bytes(_ text: String) -> Int64? {
        let units: [(suffix: String, bytes: Int64)] = [("MB", 1_000_000), ("GB", 1_000_000_000)]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        var digits = text.dropLast(2)
        if digits.last == " " { digits = digits.dropLast() }
        guard (1...6).contains(digits.utf8.count), digits.first != "0",
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
        else { return nil }
        return count * unit.bytes
    }
}
