import Documents

/// What a user probably meant whose layout is no JSON.
enum SyntaxAdvice {
    /// The problems of a text that could not be read to its end, the last of which ended the reading, with
    /// what to write instead where that is known.
    static func advised(_ problems: ProblemList, in bytes: [UInt8]) -> ProblemList {
        guard let last = problems.last else { return problems }
        if let whole = whole(bytes) {
            return [Problem(Place(path: "", line: last.place.line, column: 1), whole)]
        }
        guard problems.leftOut == 0,
            let advice = advice(at: offset(of: last.place, in: bytes), last, bytes)
        else {
            return problems
        }
        return ProblemList(problems.dropLast() + [Problem(last.place, advice)])
    }

    /// For a text that is something else from its beginning.
    private static func whole(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            || bytes.prefix(4).contains(0)
        {
            return "is saved as UTF-16; have the editor save it as UTF-8"
        }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        // Comments of YAML begin as others do not.
        let lines = text.prefix(4_096).split(separator: UInt8(ascii: "\n"))
            .map { $0.drop { isBlank($0) } }
        let first = lines.first { !$0.isEmpty && $0.first != UInt8(ascii: "#") }
        guard let first else { return nil }
        let key = first.prefix { isLetter($0) }
        let isYaml =
            first.starts(with: "---".utf8) || first.starts(with: "- ".utf8)
            || !key.isEmpty && first.dropFirst(key.count).first == UInt8(ascii: ":")
        return isYaml
            ? "looks like YAML; a layout is JSON: "
                + "{\"gateway\": \"d1.maple7.scada\", \"nodes\": […]}"
            : nil
    }

    private static func advice(
        at offset: Int, _ problem: Problem, _ bytes: [UInt8]
    ) -> String? {
        let rest = bytes[offset...]
        guard let byte = rest.first else { return nil }
        let quotes = "a text needs straight double quotes, \"so\""
        switch byte {
        case UInt8(ascii: "'"): return "\(quotes), not in single ones"
        case 0xE2 where rest.prefix(2).last == 0x80, 0xC2 where rest.prefix(2).last == 0xAB:
            return "\(quotes), not in typographic ones"
        case UInt8(ascii: "#"): return "a comment starts with //, not with #"
        case UInt8(ascii: "/") where rest.prefix(2).last == UInt8(ascii: "*"):
            return "a comment starts with // and ends with its line; /* */ is not supported"
        case UInt8(ascii: "\t"): return "a tab in a text is written \\t"
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            let bracket = Character(Unicode.Scalar(byte))
            return problem.message.hasPrefix("the document ended")
                ? "this \(bracket) is one too many, or an earlier one closes too early" : nil
        default: break
        }
        let word = String(decoding: rest.prefix { isLetter($0) }.prefix(64), as: UTF8.self)
        switch word {
        case "": return nil
        case "True", "TRUE", "yes", "Yes": return "\(word) is not a value; write true"
        case "False", "FALSE", "no", "No": return "\(word) is not a value; write false"
        case "None", "nil", "NULL", "Null": return "\(word) is not a value; remove the key"
        default:
            return problem.message.hasPrefix("a member's name")
                ? "a name needs double quotes: \"\(word)\"" : nil
        }
    }

    /// Where a place is in the text.
    private static func offset(of place: Place, in bytes: [UInt8]) -> Int {
        var line = 1
        var index = 0
        while line < place.line, index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
        if line == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        var column = 1
        while column < place.column, index < bytes.count {
            index += 1
            // The rest of a character is no column of its own.
            while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
            column += 1
        }
        return min(index, bytes.count)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0D].contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte & 0xDF) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}
