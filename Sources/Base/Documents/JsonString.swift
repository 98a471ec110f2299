/// A JSON text in a document, between its quotation marks: reads its escapes.
enum JsonString {
    enum Fault: Error {
        case isUnfinished, isUnknown, isNoDigits, isHalfPair
    }

    /// The text that starts at this quotation mark. It was checked before.
    static func text(in bytes: [UInt8], at start: Int) -> String {
        let end = end(in: bytes, at: start)
        let inside = bytes[start + 1..<end]
        guard inside.contains(UInt8(ascii: "\\")) else {
            return String(decoding: inside, as: UTF8.self)
        }
        var text: [UInt8] = []
        text.reserveCapacity(inside.count)
        text.append(contentsOf: Units(bytes, at: start))
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether the text that starts at this quotation mark is `text`, byte for byte.
    static func text(in bytes: [UInt8], at start: Int, is text: String) -> Bool {
        Units(bytes, at: start).elementsEqual(text.utf8)
    }

    /// The closing quotation mark of the text that starts at this one.
    static func end(in bytes: [UInt8], at start: Int) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, bytes.count)
    }

    /// Reads what stands behind a backslash.
    /// - Parameter index: Of the byte behind the backslash; moved behind what was read.
    static func escape(in bytes: [UInt8], at index: inout Int) throws(Fault) -> Unicode.Scalar {
        guard index < bytes.count else { throw .isUnfinished }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var code = try hexadecimal(in: bytes, at: &index)
            if (0xD800..<0xDC00).contains(code), bytes[index...].starts(with: "\\u".utf8) {
                index += 2
                let low = try hexadecimal(in: bytes, at: &index)
                guard (0xDC00..<0xE000).contains(low) else { throw .isHalfPair }
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .isHalfPair }
            return scalar
        default: throw .isUnknown
        }
    }

    private static func hexadecimal(
        in bytes: [UInt8], at index: inout Int
    ) throws(Fault) -> UInt32 {
        var code: UInt32 = 0
        for offset in index..<index + 4 {
            guard offset < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue
            else { throw .isNoDigits }
            code = code << 4 | UInt32(digit)
        }
        index += 4
        return code
    }

    /// The UTF-8 of a checked text, one byte after the other.
    struct Units: Sequence, IteratorProtocol {
        private let bytes: [UInt8]
        private var index: Int
        private var escaped = UTF8.EncodedScalar().makeIterator()

        init(_ bytes: [UInt8], at start: Int) { (self.bytes, index) = (bytes, start + 1) }

        mutating func next() -> UInt8? {
            if let byte = escaped.next() { return byte }
            let byte = bytes[index]
            guard byte != UInt8(ascii: "\"") else { return nil }
            index += 1
            guard byte == UInt8(ascii: "\\") else { return byte }
            // It was checked when the document was read.
            guard let scalar = try? JsonString.escape(in: bytes, at: &index) else { return nil }
            escaped = UTF8.encode(scalar)?.makeIterator() ?? escaped
            return escaped.next()
        }
    }
}
