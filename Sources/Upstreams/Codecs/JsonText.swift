import Vocabulary

/// JSON to be written. Numbers stay exact decimals and members keep their order.
public indirect enum JsonText: Hashable, Sendable {
    case null
    case flag(Bool)
    case number(DecimalNumber)
    case text(String)
    case list([JsonText])
    case group([Member])

    /// One `"name": value` of an object.
    public struct Member: Hashable, Sendable {
        public let name: String
        public let value: JsonText

        public init(name: String, value: JsonText) { (self.name, self.value) = (name, value) }
    }

    /// A whole number.
    public static func number(_ integer: Int64) -> JsonText {
        .number(DecimalNumber(mantissa: integer))
    }

    /// An object with its members in the order given.
    public static func object(_ members: KeyValuePairs<String, JsonText>) -> JsonText {
        .group(members.map { Member(name: $0.key, value: $0.value) })
    }

    /// An object with its members in the order given.
    public static func members(_ members: [(String, JsonText)]) -> JsonText {
        .group(members.map { Member(name: $0.0, value: $0.1) })
    }

    /// The document in UTF-8, in one line without blanks.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .flag(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let number): bytes += number.shortest.utf8
        case .text(let text): text.writeJson(to: &bytes)
        case .list(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .group(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                member.name.writeJson(to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}

extension JsonText: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self = .text(text) }
}

extension DecimalNumber {
    /// The plain decimal without zeros that say nothing: `21.5` for 21500 × 10^−3.
    package var shortest: String {
        var text = Substring(description)
        guard exponent < 0 else { return String(text) }
        while text.hasSuffix("0") { text = text.dropLast() }
        return String(text.hasSuffix(".") ? text.dropLast() : text)
    }
}
