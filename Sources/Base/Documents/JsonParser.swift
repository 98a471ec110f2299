import Vocabulary

/// Which JSON is taken.
public struct JsonDialect: Hashable, Sendable {
    /// As people write it by hand: `//` comments and trailing commas are welcome.
    public static let handwritten = JsonDialect(isStrict: false)
    /// As programs write it: RFC 8259, every name of an object once.
    public static let strict = JsonDialect()
    /// As Python writes and reads it: of members of one name the last stands, and numbers that 64 bits do
    /// not hold are let pass; such a number has no value.
    public static let python = JsonDialect(lastStands: true, keepsLongNumbers: true)

    var isStrict = true
    var lastStands = false
    var keepsLongNumbers = false
}

/// Reads JSON in UTF-8. What it takes may be a stranger's: memory and work follow the length of the
/// text alone.
///
/// A member named twice is a problem and its first value stands, unless the dialect says otherwise; text
/// that is not JSON ends the reading, because what follows can only be guessed.
public struct JsonParser {
    /// How deep lists and objects may nest.
    public static let depthLimit = 64
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// A list or object around the place that is read, and what of it is read.
    private struct Frame {
        /// The mark of the member's name.
        var name: Int?
        var element: Int?
    }

    private let bytes: [UInt8]
    private let dialect: JsonDialect
    private var index = 0
    private var marks: [JsonDocument.Mark] = []
    private var frames: [Frame] = []
    private var problems = ProblemList()

    private init(_ bytes: [UInt8], _ dialect: JsonDialect) {
        (self.bytes, self.dialect) = (bytes, dialect)
    }

    /// - Returns: The document, nil when it could not be read to its end, and all problems found.
    public static func parse(
        _ bytes: [UInt8], _ dialect: JsonDialect = .handwritten
    ) -> (document: JsonNode?, problems: ProblemList) {
        var parser = JsonParser(bytes, dialect)
        do throws(Problem) {
            try parser.readAll()
            parser.problems.sort()
            return (JsonNode(JsonDocument(bytes, parser.marks), mark: 0), parser.problems)
        } catch {
            parser.problems.sort()
            parser.problems.append(error)
            return (nil, parser.problems)
        }
    }

    /// The document, of which nothing is wrong; nil otherwise.
    public static func document(_ bytes: [UInt8], _ dialect: JsonDialect) -> JsonNode? {
        let (document, problems) = parse(bytes, dialect)
        return problems.isEmpty ? document : nil
    }

    private mutating func readAll() throws(Problem) {
        guard bytes.count <= JsonDocument.longest else {
            throw problem("the text is longer than \(JsonDocument.longest) bytes")
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            index = error.byteOffsets.lowerBound
            throw problem("the text is not UTF-8 here")
        }
        if !dialect.isStrict, bytes.starts(with: Self.byteOrderMark) { index = 3 }
        try skipBlanks()
        marks.reserveCapacity(min(valueCount(), bytes.count / 2 + 2))
        try value()
        try skipBlanks()
        guard current == nil else {
            throw problem("the document ended before this; only one value is allowed")
        }
    }

    /// How many values and names there are if the rest is JSON.
    private func valueCount() -> Int {
        var (index, count) = (index, 1)
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"):
                count += 1
            case UInt8(ascii: "\""): index = JsonString.end(in: bytes, at: index)
            case UInt8(ascii: "/"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
            default: break
            }
            index += 1
        }
        return count
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// A problem at the place that is read.
    private func problem(_ message: String) -> Problem {
        let (line, column) = JsonDocument.position(of: index, in: bytes)
        return Problem(Place(path: path.text, line: line, column: column), message)
    }

    /// The path of what is read.
    private var path: JsonPath {
        var path = JsonPath()
        for frame in frames {
            if let name = frame.name {
                path.add(JsonString.text(in: bytes, at: Int(marks[name].start)))
            } else if let element = frame.element {
                path.add(element)
            }
        }
        return path
    }

    private mutating func skipBlanks() throws(Problem) {
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                index += 1
            case UInt8(ascii: "/") where !dialect.isStrict:
                guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "/") else {
                    throw problem("a comment starts with // and ends with its line")
                }
                while let byte = current, byte != UInt8(ascii: "\n") { index += 1 }
            default:
                return
            }
        }
    }

    private mutating func value() throws(Problem) {
        let mark = marks.count
        marks.append(JsonDocument.Mark(start: index))
        switch current {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard frames.count < Self.depthLimit else {
                throw problem("is nested deeper than \(Self.depthLimit) levels")
            }
            frames.append(Frame())
            try current == UInt8(ascii: "{") ? members() : elements()
            if bytes[index - 1] == UInt8(ascii: "}") { try checkNames(of: mark) }
            frames.removeLast()
        case UInt8(ascii: "\""): try text()
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): try number()
        case nil: throw problem("the text ends where a value is expected")
        default: try word()
        }
        marks[mark].next = marks.count
    }

    private mutating func members() throws(Problem) {
        let frame = frames.count - 1
        index += 1
        var isFirst = true
        while true {
            try skipBlanks()
            if current == UInt8(ascii: "}"), isFirst || !dialect.isStrict { break }
            guard current == UInt8(ascii: "\"") else {
                throw problem("expected a member name in double quotes, or }")
            }
            let name = marks.count
            marks.append(JsonDocument.Mark(start: index))
            marks[name].next = name + 1
            try text()
            frames[frame].name = name
            try skipBlanks()
            guard current == UInt8(ascii: ":") else {
                throw problem("expected a colon after the name")
            }
            index += 1
            try skipBlanks()
            try value()
            frames[frame].name = nil
            try skipBlanks()
            isFirst = false
            if current == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard current == UInt8(ascii: "}") else {
                throw problem("expected a comma or }")
            }
            break
        }
        index += 1
    }

    private mutating func elements() throws(Problem) {
        let frame = frames.count - 1
        index += 1
        var count = 0
        while true {
            try skipBlanks()
            if current == UInt8(ascii: "]"), count == 0 || !dialect.isStrict { break }
            frames[frame].element = count
            try value()
            frames[frame].element = nil
            count += 1
            try skipBlanks()
            if current == UInt8(ascii: ",") {
                index += 1
                continue
            }
            guard current == UInt8(ascii: "]") else {
                throw problem("expected a comma or ]")
            }
            break
        }
        index += 1
    }

    /// Marks the members of the object at `mark` whose name another bears.
    private mutating func checkNames(of mark: Int) throws(Problem) {
        var names: [UInt32] = []
        var name = mark + 1
        var count = 0
        while name < marks.count {
            (name, count) = (marks[name + 1].next, count + 1)
        }
        guard count > 1 else { return }
        names.reserveCapacity(count)
        name = mark + 1
        while name < marks.count {
            names.append(UInt32(name))
            name = marks[name + 1].next
        }
        names.sort { left, right in
            switch order(units(left), units(right)) {
            case 0: left < right
            case let order: order < 0
            }
        }
        var first = names[0]
        for (one, other) in zip(names, names.dropFirst()) {
            guard order(units(one), units(other)) == 0 else {
                first = other
                continue
            }
            marks[Int(dialect.lastStands ? one : other)].isRepeated = true
            if !dialect.lastStands { reportRepeated(Int(other), first: Int(first)) }
        }
    }

    /// The name at `mark`, byte by byte.
    private func units(_ mark: UInt32) -> JsonString.Units {
        JsonString.Units(bytes, at: Int(marks[Int(mark)].start))
    }

    private mutating func reportRepeated(_ mark: Int, first: Int) {
        guard problems.hasRoom else { return problems.leaveOut(1) }
        let line = JsonDocument.position(of: Int(marks[first].start), in: bytes).line
        frames[frames.count - 1].name = mark
        let place = JsonDocument.position(of: Int(marks[mark].start), in: bytes)
        let problem = Problem(
            Place(path: path.text, line: place.line, column: place.column),
            "duplicate key (first in line \(line))")
        problems.append(problem)
        frames[frames.count - 1].name = nil
    }

    // MARK: Numbers, words and texts

    static func isOfNumber(_ byte: UInt8) -> Bool { "+-.0123456789eE".utf8.contains(byte) }

    static func isOfWord(_ byte: UInt8) -> Bool {
        isOfNumber(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private mutating func number() throws(Problem) {
        let start = index
        while let byte = current, Self.isOfNumber(byte) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if DecimalNumber(text) != nil { return }
        if dialect.keepsLongNumbers, Self.isNumber(text) { return }
        index = start
        // An identity like 28-0316 without its quotes begins as a number does.
        let isText = dialect != .strict && text.dropFirst().contains { "+-.".contains($0) }
        throw problem(
            "\(text.printable(limit: 40)) is not a number such as -12, 0.25 or 1e3 that fits in 64 bits"
                + (isText ? "; write a text in double quotes" : ""))
    }

    /// Whether `text` is a number to RFC 8259, however long.
    private static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let run = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(run)
            return run
        }
        func skip(_ bytes: UInt8...) -> Bool {
            guard let first = rest.first, bytes.contains(first) else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip(UInt8(ascii: "-"))
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole == 1 || (whole > 1 && !startsWithZero) else { return false }
        if skip(UInt8(ascii: ".")), digits() == 0 { return false }
        if skip(UInt8(ascii: "e"), UInt8(ascii: "E")) {
            _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
            if digits() == 0 { return false }
        }
        return rest.isEmpty
    }

    private mutating func word() throws(Problem) {
        let start = index
        while let byte = current, byte | 0x20 >= UInt8(ascii: "a"), byte | 0x20 <= UInt8(ascii: "z")
        {
            index += 1
        }
        let word = bytes[start..<index]
        if ["true", "false", "null"].contains(where: { word.elementsEqual($0.utf8) }) { return }
        index = start
        let other = String(decoding: word.prefix(100), as: UTF8.self).printable(limit: 40)
        throw problem(
            other.isEmpty
                ? "expected a value" : "\(other) is not a value; a text needs double quotes")
    }

    private mutating func text() throws(Problem) {
        index += 1
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"):
                index += 1
                do throws(JsonString.Fault) {
                    _ = try JsonString.escape(in: bytes, at: &index)
                } catch {
                    throw problem(error.words)
                }
            case 0..<0x20:
                throw problem("a text must end on the line where it starts")
            default:
                index += 1
            }
        }
        throw problem(JsonString.Fault.isUnfinished.words)
    }
}

extension JsonString.Fault {
    fileprivate var words: String {
        switch self {
        case .isUnfinished: "the text has no closing quote"
        case .isUnknown: "\\ must be followed by one of \" \\ / b f n r t u"
        case .isNoDigits: "\\u must be followed by four hexadecimal digits"
        case .isHalfPair: "\\u here is half of a pair"
        }
    }
}

/// −1, 0 or 1 as the first of two runs of bytes comes before, with or after the second.
private func order(_ left: JsonString.Units, _ right: JsonString.Units) -> Int {
    var (left, right) = (left, right)
    while true {
        switch (left.next(), right.next()) {
        case (nil, nil): return 0
        case (nil, _): return -1
        case (_, nil): return 1
        case (let one?, let other?) where one != other: return one < other ? -1 : 1
        default: continue
        }
    }
}
