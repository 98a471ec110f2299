extension FixedWidthInteger where Self: UnsignedInteger {
    /// All of its hexadecimal digits: `0a1f` for 16 bits.
    public var hex: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: Self.bitWidth / 4 - digits.utf8.count) + digits
    }
}

extension Sequence<UInt8> {
    /// Bytes as manuals write them: `1b 1b 01`.
    public var hex: String { map(\.hex).joined(separator: " ") }
}

extension [UInt8] {
    /// The bytes that pairs of hexadecimal digits say, with nothing between them.
    ///
    /// - Returns: Nil for an odd number of digits, or anything else.
    public init?(hex text: some StringProtocol) {
        var digits: [UInt8] = []
        for character in text {
            guard character.isASCII, let digit = character.hexDigitValue else { return nil }
            digits.append(UInt8(digit))
        }
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
