import Vocabulary

extension JsonValue {
    /// An object made by a program instead of read from a document; its members keep their order.
    public static func object(_ members: [(name: String, value: JsonValue)]) -> JsonValue {
        let nowhere = Place(path: "", line: 0, column: 0)
        return .group(
            JsonGroup(
                members.map {
                    JsonMember(
                        name: $0.name, namePlace: nowhere, node: JsonNode($0.value, at: nowhere))
                }))
    }

    /// A list made by a program.
    public static func array(_ elements: [JsonValue]) -> JsonValue {
        .list(JsonList(elements.map { JsonNode($0, at: Place(path: "", line: 0, column: 0)) }))
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
                "\(inner)\($0.name.jsonQuoted): \($0.node.value.pretty(indent: indent + 2))"
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

    /// This value as strict JSON in one line, without anything that a terminal obeys.
    public var compact: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .flag(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let number): bytes += number.description.utf8
        case .text(let text): text.writeJson(to: &bytes)
        case .list(let nodes):
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for node in nodes {
                if !isFirst { bytes += ", ".utf8 }
                isFirst = false
                node.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .group(let members):
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in members {
                bytes += (isFirst ? " " : ", ").utf8
                isFirst = false
                member.name.writeJson(to: &bytes)
                bytes += ": ".utf8
                member.node.value.write(to: &bytes)
            }
            bytes += (isFirst ? "}" : " }").utf8
        }
    }
}
