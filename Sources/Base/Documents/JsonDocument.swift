import Vocabulary

/// A text that was read as JSON: its bytes, and where in them each value begins.
///
/// Values, names and places are made from it when they are asked for. It costs eight bytes for each value
/// and each name, at most four times the text, whatever the text says.
final class JsonDocument: Sendable {
    /// Where a value or a member's name begins. A container's mark stands before those of what is in it;
    /// in an object, a name's before its value's.
    struct Mark: Sendable {
        private static let flags: UInt32 = 0xC000_0000
        private static let masked: UInt32 = 0x8000_0000
        private static let repeated: UInt32 = 0x4000_0000

        /// The offset of its first byte.
        let start: UInt32
        private var word: UInt32 = 0

        init(start: Int) { self.start = UInt32(start) }

        /// The mark after this one and all that is in it.
        var next: Int {
            get { Int(word & ~Self.flags) }
            set { word = word & Self.flags | UInt32(newValue) }
        }

        /// Whether the document's mask stands in place of the value.
        var isMasked: Bool {
            get { word & Self.masked != 0 }
            set { word = newValue ? word | Self.masked : word & ~Self.masked }
        }

        /// Whether another member of the same name stands for this one.
        var isRepeated: Bool {
            get { word & Self.repeated != 0 }
            set { word = newValue ? word | Self.repeated : word & ~Self.repeated }
        }
    }

    /// The longest text whose offsets and marks can be counted.
    static let longest = 1 << 29

    let bytes: [UInt8]
    let marks: [Mark]
    private let mask: String

    init(_ bytes: [UInt8], _ marks: [Mark], mask: String = "") {
        (self.bytes, self.marks, self.mask) = (bytes, marks, mask)
    }

    /// The same with `mask` in place of the values at these marks.
    func masking(_ hidden: [Int], as mask: String) -> JsonDocument {
        var marks = marks
        for mark in hidden { marks[mark].isMasked = true }
        return JsonDocument(bytes, marks, mask: mask)
    }

    // MARK: Values

    func value(at mark: Int) -> JsonValue {
        if marks[mark].isMasked { return .text(mask) }
        let start = Int(marks[mark].start)
        switch bytes[start] {
        case UInt8(ascii: "{"): return .group(JsonGroup(self, mark))
        case UInt8(ascii: "["): return .list(JsonList(self, mark))
        case UInt8(ascii: "\""): return .text(JsonString.text(in: bytes, at: start))
        case UInt8(ascii: "t"): return .flag(true)
        case UInt8(ascii: "f"): return .flag(false)
        case UInt8(ascii: "n"): return .null
        default: return number(at: mark).map { .number($0) } ?? .null
        }
    }

    private func number(at mark: Int) -> DecimalNumber? {
        let rest = bytes[Int(marks[mark].start)...]
        return DecimalNumber(
            String(decoding: rest.prefix(while: JsonParser.isOfNumber), as: UTF8.self))
    }

    /// A name, or a text that is not masked.
    func text(at mark: Int) -> String { JsonString.text(in: bytes, at: Int(marks[mark].start)) }

    func isObject(_ mark: Int) -> Bool {
        !marks[mark].isMasked && bytes[Int(marks[mark].start)] == UInt8(ascii: "{")
    }

    /// The value's own bytes.
    func bytes(of mark: Int) -> ArraySlice<UInt8> {
        let start = Int(marks[mark].start)
        var (index, depth) = (start, 0)
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""): index = JsonString.end(in: bytes, at: index)
            case UInt8(ascii: ","), UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"),
                UInt8(ascii: "\t"):
                break
            // The rest of a number or a word.
            default:
                while index + 1 < bytes.count, JsonParser.isOfWord(bytes[index + 1]) { index += 1 }
            }
            index += 1
            if depth == 0 { break }
        }
        return bytes[start..<index]
    }

    /// The value of the member called `name` of the object at `mark`.
    func member(_ name: String, of mark: Int) -> Int? {
        var (index, end) = (mark + 1, marks[mark].next)
        while index < end {
            if !marks[index].isRepeated,
                JsonString.text(in: bytes, at: Int(marks[index].start), is: name)
            {
                return index + 1
            }
            index = marks[index + 1].next
        }
        return nil
    }

    // MARK: Places

    /// The path of the value at `mark`, or of the member whose name is there.
    func path(to mark: Int) -> String {
        var path = JsonPath()
        var (container, index, count) = (0, 1, 0)
        guard mark > 0 else { return "" }
        while index < marks[container].next {
            let isObject = bytes[Int(marks[container].start)] == UInt8(ascii: "{")
            let value = isObject ? index + 1 : index
            guard mark < marks[value].next else {
                (index, count) = (marks[value].next, count + 1)
                continue
            }
            if isObject { path.add(text(at: index)) } else { path.add(count) }
            if mark <= value { break }
            (container, index, count) = (value, value + 1, 0)
        }
        return path.text
    }

    /// The line and the column, in characters, both counted from 1.
    static func position(of offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes[..<min(offset, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") }
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        let mark = start == nil && bytes.starts(with: JsonParser.byteOrderMark) ? 3 : 0
        let column = before[min((start ?? 0) + mark, before.endIndex)...].count {
            $0 & 0xC0 != 0x80
        }
        return (line + 1, column + 1)
    }
}

/// A path in a document as it is put together: `nodes[3].component.line`. What names there are was
/// a stranger's, so they are cut and shown without what a terminal obeys.
struct JsonPath {
    private static let longestName = 64
    private(set) var text = ""

    mutating func add(_ name: String) {
        if !text.isEmpty { text += "." }
        text += name.printable(limit: Self.longestName)
    }

    mutating func add(_ index: Int) { text += "[\(index)]" }
}
