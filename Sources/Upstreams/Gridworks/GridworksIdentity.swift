import Vocabulary

/// Identities in the form of a UUID of version 4, which is the form that GridWorks' types insist on.
///
/// None of them is random: what is the same thing has the same identity, after any restart.
package enum GridworksIdentity {
    /// The identity of what is published of these entries of that journal, the same at each sending.
    package static func of(_ entries: ClosedRange<JournalOffset>, in journal: JournalIdentity)
        -> String
    {
        uuid([journal.high, journal.low, entries.lowerBound, entries.upperBound])
    }

    /// The identity of something that has a name.
    package static func of(_ name: String) -> String {
        var (words, word): ([UInt64], UInt64) = ([], 0)
        for (index, byte) in name.utf8.enumerated() {
            word = word << 8 | UInt64(byte)
            if index % 8 == 7 { (words, word) = (words + [word], 0) }
        }
        return uuid(words + [word, UInt64(name.utf8.count)])
    }

    /// A fresh identity, as far as the generator gives new numbers.
    package static func fresh(using generator: inout some RandomNumberGenerator) -> String {
        text(high: generator.next(), low: generator.next())
    }

    /// Whether a genuine decoder takes `text` for a UUID of version 4.
    package static func isUUID4(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        for (index, byte) in bytes.enumerated() {
            switch (index, byte) {
            case (8, _), (13, _), (18, _), (23, _): if byte != UInt8(ascii: "-") { return false }
            case (14, _): if byte != UInt8(ascii: "4") { return false }
            case (19, _):
                if !"89abAB".utf8.contains(byte) { return false }
            default: if !"0123456789abcdefABCDEF".utf8.contains(byte) { return false }
            }
        }
        return true
    }

    /// Two lanes that feed each other, so that one bit of any word changes half of the result.
    private static func uuid(_ words: [UInt64]) -> String {
        var (high, low): (UInt64, UInt64) = (0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344)
        for word in words {
            high = mixed(high ^ word)
            low = mixed(low &+ word ^ high.byteSwapped)
            high &+= low
        }
        return text(high: mixed(high ^ low), low: low)
    }

    private static func mixed(_ number: UInt64) -> UInt64 {
        var generator = SeededGenerator(seed: number)
        return generator.next()
    }

    private static func text(high: UInt64, low: UInt64) -> String {
        let high = high & 0xffff_ffff_ffff_0fff | 0x4000
        let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        let hex = Array("0123456789abcdef".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        for place in 0..<32 {
            if [8, 12, 16, 20].contains(place) { bytes.append(UInt8(ascii: "-")) }
            let word = place < 16 ? high : low
            bytes.append(hex[Int(word >> UInt64(60 - 4 * (place % 16)) & 0xf)])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
