import Vocabulary

extension JsonValue {
    /// An object made by a program instead of read from a document; its members keep their order.
    public static func object(_ members: [(name: String, value: JsonValue)]) -> JsonValue {
        let nowhere = Place(path: "", line: 0, column: 0)
        return .group(
            members.map {
                JsonMember(
                    name: $0.name, namePlace: nowhere, node: JsonNode($0.value, at: nowhere))
            })
    }

    /// A list made by a program.
    public static func array(_ elements: [JsonValue]) -> JsonValue {
        .list(elements.map { JsonNode($0, at: Place(path: "", line: 0, column: 0)) })
    }

    /// A whole number made by a program, cut off at the ends of 64 bits.
    public static func whole(_ number: some BinaryInteger & Sendable) -> JsonValue {
        .number(DecimalNumber(mantissa: Int64(clamping: number)))
    }

    /// This value as strict JSON, two spaces for each level; objects and lists of plain values that
    /// fit into 100 columns stay on their line.
    public var prettyText: String { pretty(indent: 0) }

    private func pretty(indent: Int) -> String {
        let line = compact
        let isFlat =
            switch self {
            case .group(let members): members.allSatisfy(\.node.value.isPlain)
            case .list(let nodes): nodes.allSatisfy(\.value.isPlain)
            default: true
            }
        if isFlat, indent + line.utf8.count <= 100 { return line }
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .group(let members):
            let lines = members.map {
                "\(inner)\(Self.escaped($0.name)): \($0.node.value.pretty(indent: indent + 2))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
        case .list(let nodes):
            let lines = nodes.map { inner + $0.value.pretty(indent: indent + 2) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(outer)]"
        default:
            return line
        }
    }

    /// Neither an object nor a list.
    private var isPlain: Bool {
        switch self {
        case .group, .list: false
        default: true
        }
    }

    /// This value as strict JSON in one line.
    public var compact: String {
        switch self {
        case .null: "null"
        case .flag(let flag): "\(flag)"
        case .number(let number): "\(number)"
        case .text(let text): Self.escaped(text)
        case .list(let nodes): "[" + nodes.map(\.value.compact).joined(separator: ", ") + "]"
        case .group(let members):
            members.isEmpty
                ? "{}"
                : "{ "
                    + members.map { "\(Self.escaped($0.name)): \($0.node.value.compact)" }
                    .joined(separator: ", ") + " }"
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
