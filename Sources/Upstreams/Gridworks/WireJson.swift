import Vocabulary

/// A value of a JSON message, with where it stands in the bytes.
///
/// Unlike a layout's, it has no lines and paths, which a hostile message could make as large as it likes:
/// what it takes is bounded by the message alone.
struct WireJson: Sendable {
    enum Value: Sendable {
        case null
        case flag(Bool)
        /// Nil when it has more digits than 64 bits hold.
        case number(DecimalNumber?)
        case text(String)
        case list([WireJson])
        case group([(name: String, value: WireJson)])
    }

    let value: Value
    let range: Range<Int>

    var text: String? { if case .text(let text) = value { text } else { nil } }
    var number: DecimalNumber? { if case .number(let number) = value { number } else { nil } }
    var list: [WireJson]? { if case .list(let list) = value { list } else { nil } }
    var isGroup: Bool { if case .group = value { true } else { false } }
    var isNull: Bool { if case .null = value { true } else { false } }

    /// The member of that name; of several the last, as Python takes it.
    subscript(name: String) -> WireJson? {
        guard case .group(let members) = value else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// A whole number written as one: `12`, neither `12.0` nor `"12"`.
    var strictInteger: Int64? {
        guard let number, number.exponent == 0 else { return nil }
        return number.mantissa
    }

    /// A time in milliseconds since 1970 that GridWorks can carry.
    var milliseconds: Int64? {
        guard let whole = number?.wholeSteps(exponent: 0), GridworksTime.range.contains(whole)
        else { return nil }
        return whole
    }

    /// - Returns: Nil when `bytes` is not one value of JSON as RFC 8259 has it, in UTF-8.
    init?(_ bytes: [UInt8]) {
        var parser = WireJsonParser(bytes)
        guard let json = parser.document() else { return nil }
        self = json
    }

    fileprivate init(_ value: Value, _ range: Range<Int>) {
        (self.value, self.range) = (value, range)
    }
}

/// Reads strict JSON. Any breach gives nil.
private struct WireJsonParser {
    private static let depthLimit = 64
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() -> WireJson? {
        guard (try? UTF8Span(validating: bytes.span)) != nil else { return nil }
        guard let json = value(depth: 0) else { return nil }
        skipBlanks()
        return index == bytes.count ? json : nil
    }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    /// Steps over `byte` and the blanks before it.
    private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard index < bytes.count, bytes[index] == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) -> WireJson? {
        skipBlanks()
        guard index < bytes.count, depth <= Self.depthLimit else { return nil }
        let start = index
        let value: WireJson.Value?
        switch bytes[index] {
        case UInt8(ascii: "{"): value = members(depth)
        case UInt8(ascii: "["): value = elements(depth)
        case UInt8(ascii: "\""): value = string().map { .text($0) }
        case UInt8(ascii: "t"): value = word("true", .flag(true))
        case UInt8(ascii: "f"): value = word("false", .flag(false))
        case UInt8(ascii: "n"): value = word("null", .null)
        default: value = number()
        }
        return value.map { WireJson($0, start..<index) }
    }

    private mutating func members(_ depth: Int) -> WireJson.Value? {
        var members: [(name: String, value: WireJson)] = []
        index += 1
        if skip("}") { return .group(members) }
        repeat {
            skipBlanks()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\""), let name = string(),
                skip(":"), let value = value(depth: depth + 1)
            else { return nil }
            members.append((name, value))
        } while skip(",")
        return skip("}") ? .group(members) : nil
    }

    private mutating func elements(_ depth: Int) -> WireJson.Value? {
        var elements: [WireJson] = []
        index += 1
        if skip("]") { return .list(elements) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
        } while skip(",")
        return skip("]") ? .list(elements) : nil
    }

    private mutating func word(_ word: StaticString, _ value: WireJson.Value) -> WireJson.Value? {
        let letters = word.description.utf8
        guard bytes[index...].starts(with: letters) else { return nil }
        index += letters.count
        return value
    }

    private mutating func number() -> WireJson.Value? {
        let start = index
        func isDigit(_ at: Int) -> Bool {
            at < bytes.count && bytes[at] >= UInt8(ascii: "0") && bytes[at] <= UInt8(ascii: "9")
        }
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard isDigit(index) else { return nil }
        if bytes[index] == UInt8(ascii: "0"), isDigit(index + 1) { return nil }
        while isDigit(index) { index += 1 }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            guard isDigit(index + 1) else { return nil }
            index += 1
            while isDigit(index) { index += 1 }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count,
                bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-")
            {
                index += 1
            }
            guard isDigit(index) else { return nil }
            while isDigit(index) { index += 1 }
        }
        return .number(DecimalNumber(String(decoding: bytes[start..<index], as: UTF8.self)))
    }

    private mutating func string() -> String? {
        index += 1
        let start = index
        // Nearly all texts stand in the message as they are.
        while index < bytes.count, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""),
            bytes[index] != UInt8(ascii: "\\")
        {
            index += 1
        }
        var text = Array(bytes[start..<index])
        while index < bytes.count, bytes[index] >= 0x20 {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escaped = escaped() else { return nil }
            text += escaped
        }
        return nil
    }

    private mutating func escaped() -> [UInt8]? {
        guard index < bytes.count else { return nil }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            guard var code = hexadecimal() else { return nil }
            if (0xD800..<0xDC00).contains(code), bytes[index...].starts(with: "\\u".utf8) {
                index += 2
                guard let low = hexadecimal(), (0xDC00..<0xE000).contains(low) else { return nil }
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            }
            return Unicode.Scalar(code).map { Array(String(Character($0)).utf8) }
        default: return nil
        }
    }

    private mutating func hexadecimal() -> UInt32? {
        guard index + 4 <= bytes.count else { return nil }
        var code: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            code = code << 4 | UInt32(digit)
        }
        index += 4
        return code
    }
}
