extension StringProtocol {
    /// This text for a terminal, a pipe or a log line: in one line, without anything that a terminal
    /// obeys or that turns the order of its letters, and no longer than `limit`.
    ///
    /// Everything that others wrote is shown through this. Line breaks and tabs become `\n`, `\r` and
    /// `\t`, other controls `\u{1b}`. Work and memory follow `limit`, not the length of the text.
    ///
    /// - Parameter limit: The most Unicode scalars the result has, at least 1. What is cut off is shown
    ///   as `…`; an escape is never cut in the middle.
    public func printable(limit: Int) -> String {
        precondition(limit >= 1, "a printable text has room for at least one character")
        var result = String.UnicodeScalarView()
        var count = 0
        // Where the result ends when `…` must follow it.
        var cut = result.endIndex
        for scalar in unicodeScalars {
            let escape = scalar.isUnprintable ? scalar.visibleEscape : nil
            let length = escape?.unicodeScalars.count ?? 1
            guard count + length <= limit else {
                result.removeSubrange(cut...)
                result.append("…")
                return String(result)
            }
            if let escape { result += escape.unicodeScalars } else { result.append(scalar) }
            count += length
            if count < limit { cut = result.endIndex }
        }
        return String(result)
    }
}

extension Unicode.Scalar {
    /// Whether a terminal, a log viewer or an editor would act on it instead of showing it.
    ///
    /// Source: the C0 and C1 controls of ECMA-48, U+2028 and U+2029 (Unicode 5.8), and the characters of
    /// UAX #9 (bidirectional text), table 4, with U+061C, U+200E and U+200F.
    fileprivate var isUnprintable: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// Between the words of JSON as good as a space.
    fileprivate var isBlank: Bool { self == "\n" || self == "\r" || self == "\t" }

    fileprivate var visibleEscape: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(String(value, radix: 16))}"
        }
    }
}

extension StringProtocol {
    /// This text as a JSON string, with everything escaped that a terminal obeys.
    public var jsonQuoted: String {
        var bytes: [UInt8] = []
        writeJson(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends this text as a JSON string in UTF-8, with everything escaped that a terminal obeys.
    public func writeJson(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        // Nearly all texts are plain, and seeing this in bytes is cheap.
        if utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
            bytes += utf8
        } else {
            for scalar in unicodeScalars { scalar.writeJson(to: &bytes) }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

extension Unicode.Scalar {
    fileprivate func writeJson(to bytes: inout [UInt8]) {
        switch self {
        case "\"": bytes += "\\\"".utf8
        case "\\": bytes += "\\\\".utf8
        case "\n": bytes += "\\n".utf8
        case "\r": bytes += "\\r".utf8
        case "\t": bytes += "\\t".utf8
        case _ where isUnprintable:
            // None of them is beyond 16 bits.
            bytes += "\\u\(UInt16(truncatingIfNeeded: value).hex)".utf8
        default: bytes += UTF8.encode(self) ?? UTF8.encodedReplacementCharacter
        }
    }
}

extension StringProtocol {
    /// This JSON text in one line, without anything that a terminal obeys, saying the same.
    ///
    /// Strict JSON has such characters only as blanks between its words, and unescaped inside its texts.
    public var jsonLine: String {
        guard unicodeScalars.contains(where: \.isUnprintable) else { return String(self) }
        // Six bytes stand for each that is escaped.
        let count = unicodeScalars.count { $0.isUnprintable && !$0.isBlank }
        var line = ""
        line.reserveCapacity(utf8.count + 5 * count)
        var escape: [UInt8] = []
        for scalar in unicodeScalars {
            if scalar.isBlank {
                line.unicodeScalars.append(" ")
            } else if scalar.isUnprintable {
                escape.removeAll(keepingCapacity: true)
                scalar.writeJson(to: &escape)
                line += String(decoding: escape, as: UTF8.self)
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}

extension StringProtocol {
    /// A name of code in words: `deadLettered` as `dead.lettered`.
    public func words(separatedBy separator: String) -> String {
        reduce(into: "") { text, letter in
            text += letter.isUppercase ? separator + letter.lowercased() : String(letter)
        }
    }
}
