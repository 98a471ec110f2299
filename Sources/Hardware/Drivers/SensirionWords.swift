/// Words of 16 bits as Sensirion's and Aosong's chips send them: two bytes, highest first, and their CRC-8.
///
/// - Source: Sensirion, SCD4x data sheet, "Checksum calculation": polynomial 31, initial value ff.
enum SensirionWords {
    /// The checksum of `bytes`.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt8 {
        bytes.reduce(0xFF) { checksum, byte in
            (0..<8).reduce(checksum ^ byte) { value, _ in
                value & 0x80 != 0 ? (value << 1) ^ 0x31 : value << 1
            }
        }
    }

    /// - Returns: The words of `bytes`; nil when one has a wrong checksum or the last is not whole.
    static func words(in bytes: [UInt8]) -> [UInt16]? {
        guard bytes.count % 3 == 0 else { return nil }
        var words: [UInt16] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            guard checksum(bytes[start..<start + 2]) == bytes[start + 2] else { return nil }
            words.append(UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1]))
        }
        return words
    }
}
