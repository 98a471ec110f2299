import Vocabulary

/// Reads JSON as people write it by hand: `//` comments and trailing commas are welcome.
///
/// Everything else is RFC 8259. A member named twice is a problem and its first value stands; text
/// that is not JSON ends the reading, because what follows can only be guessed.
public struct JsonParser {
    /// How deep lists and objects may nest.
    public static let depthLimit = 64

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var lineStart = 0
    /// Where columns were counted last, so that a long line is walked through once.
    private var counted = (index: 0, column: 1)
    private var problems: [Problem] = []

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Returns: The document, nil when it could not be read to its end, and all problems found.
    public static func parse(_ bytes: [UInt8]) -> (document: JsonNode?, problems: [Problem]) {
        var parser = JsonParser(bytes)
        do throws(Problem) {
            try parser.checkEncoding()
            parser.skipByteOrderMark()
            try parser.skipBlanks(path: "")
            let node = try parser.value(path: "", depth: 0)
            try parser.skipBlanks(path: "")
            guard parser.current == nil else {
                throw parser.problem(
                    "", "the document ended before this; only one value may stand here")
            }
            return (node, parser.problems)
        } catch {
            return (nil, parser.problems + [error])
        }
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func place(_ path: String) -> Place {
        if index < counted.index { counted = (lineStart, 1) }
        counted.column += bytes[counted.index..<index].count { $0 & 0xC0 != 0x80 }
        counted.index = index
        return Place(path: path, line: line, column: counted.column)
    }

    private mutating func startLine() {
        lineStart = index
        counted = (index, 1)
    }

    private mutating func checkEncoding() throws(Problem) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            index = error.byteOffsets.lowerBound
            line += bytes[..<index].count { $0 == UInt8(ascii: "\n") }
            let start = bytes[..<index].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            (lineStart, counted) = (start, (start, 1))
            throw problem("", "the text is not UTF-8 here")
        }
    }

    private mutating func skipByteOrderMark() {
        guard bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
        index = 3
        startLine()
    }

    private mutating func problem(_ path: String, _ message: String) -> Problem {
        Problem(place(path), message)
    }

    private mutating func skipBlanks(path: String) throws(Problem) {
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\n"):
                index += 1
                line += 1
                startLine()
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                index += 1
            case UInt8(ascii: "/"):
                guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "/") else {
                    throw problem(path, "a comment starts with // and ends with its line")
                }
                while let byte = current, byte != UInt8(ascii: "\n") { index += 1 }
            default:
                return
            }
        }
    }

    private mutating func value(path: String, depth: Int) throws(Problem) -> JsonNode {
        let place = place(path)
        switch current {
        case UInt8(ascii: "{") where depth == Self.depthLimit,
            UInt8(ascii: "[") where depth == Self.depthLimit:
            throw problem(path, "is nested deeper than \(Self.depthLimit) levels")
        case UInt8(ascii: "{"): return JsonNode(.group(try members(path, depth)), at: place)
        case UInt8(ascii: "["): return JsonNode(.list(try elements(path, depth)), at: place)
        case UInt8(ascii: "\""): return JsonNode(.text(try string(path)), at: place)
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")):
            return JsonNode(.number(try number(path)), at: place)
        case nil: throw problem(path, "the text ends where a value should stand")
        default: return JsonNode(try word(path), at: place)
        }
    }

    private mutating func members(_ path: String, _ depth: Int) throws(Problem) -> [JsonMember] {
        var members: [JsonMember] = []
        var linesByName: [String: Int] = [:]
        index += 1
        while true {
            try skipBlanks(path: path)
            if current == UInt8(ascii: "}") { break }
            guard current == UInt8(ascii: "\"") else {
                throw problem(path, "a member's name in double quotes, or }, should stand here")
            }
            let start = place(path)
            let name = try string(path)
            let below = path.isEmpty ? name : "\(path).\(name)"
            let namePlace = Place(path: below, line: start.line, column: start.column)
            try skipBlanks(path: below)
            guard current == UInt8(ascii: ":") else {
                throw problem(below, "a colon should follow the name")
            }
            index += 1
            try skipBlanks(path: below)
            let node = try value(path: below, depth: depth + 1)
            if let line = linesByName[name] {
                problems.append(
                    Problem(namePlace, "stands here a second time (first in line \(line))"))
            } else {
                linesByName[name] = start.line
                members.append(JsonMember(name: name, namePlace: namePlace, node: node))
            }
            try skipBlanks(path: path)
            if current == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard current == UInt8(ascii: "}") else {
                throw problem(path, "a comma or } should stand here")
            }
        }
        index += 1
        return members
    }

    private mutating func elements(_ path: String, _ depth: Int) throws(Problem) -> [JsonNode] {
        var elements: [JsonNode] = []
        index += 1
        while true {
            try skipBlanks(path: path)
            if current == UInt8(ascii: "]") { break }
            elements.append(try value(path: "\(path)[\(elements.count)]", depth: depth + 1))
            try skipBlanks(path: path)
            if current == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard current == UInt8(ascii: "]") else {
                throw problem(path, "a comma or ] should stand here")
            }
        }
        index += 1
        return elements
    }

    private mutating func number(_ path: String) throws(Problem) -> DecimalNumber {
        let start = index
        while let byte = current, "+-.0123456789eE".utf8.contains(byte) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        guard let number = DecimalNumber(text) else {
            index = start
            throw problem(
                path, "\(text) is no number such as -12, 0.25 or 1e3 that fits in 64 bits")
        }
        return number
    }

    private mutating func word(_ path: String) throws(Problem) -> JsonValue {
        let start = index
        while let byte = current, byte | 0x20 >= UInt8(ascii: "a"), byte | 0x20 <= UInt8(ascii: "z")
        {
            index += 1
        }
        switch String(decoding: bytes[start..<index], as: UTF8.self) {
        case "true": return .flag(true)
        case "false": return .flag(false)
        case "null": return .null
        case let other:
            index = start
            throw problem(
                path,
                other.isEmpty
                    ? "a value should stand here"
                    : "\(other) is no value; a text needs double quotes")
        }
    }

    private mutating func string(_ path: String) throws(Problem) -> String {
        var text: [UInt8] = []
        index += 1
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                text.append(contentsOf: try escaped(path))
            case 0..<0x20:
                throw problem(path, "a text must end in the line that it starts in")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw problem(path, "the text has no closing quote")
    }

    private mutating func escaped(_ path: String) throws(Problem) -> [UInt8] {
        guard let byte = current else { throw problem(path, "the text has no closing quote") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal(path))
            if (0xD800..<0xDC00).contains(code), bytes[index...].starts(with: "\\u".utf8) {
                index += 2
                let low = UInt32(try hexadecimal(path))
                guard (0xDC00..<0xE000).contains(low) else { throw problem(path, halfOfPair) }
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw problem(path, halfOfPair) }
            return Array(String(Character(scalar)).utf8)
        default:
            throw problem(path, "\\ must be followed by one of \" \\ / b f n r t u")
        }
    }

    private mutating func hexadecimal(_ path: String) throws(Problem) -> UInt16 {
        var code: UInt16 = 0
        for offset in index..<index + 4 {
            guard offset < bytes.count,
                let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue
            else { throw problem(path, "\\u must be followed by four hexadecimal digits") }
            code = code << 4 | UInt16(digit)
        }
        index += 4
        return code
    }
}

private let halfOfPair = "\\u here is half of a pair"
