import Documents
import Vocabulary

/// A layout to be written: JSON with comments, in the order given.
indirect enum LayoutText {
    case plain(JsonValue)
    case object([(name: String, value: LayoutText)])
    case list([LayoutText])
    /// A value with comment lines above it.
    case noted([String], LayoutText)

    static func text(_ text: String) -> LayoutText { .plain(.text(Self.printable(text))) }
    static func whole(_ number: Int64) -> LayoutText { .plain(.whole(number)) }
    /// Without zeros at the end that say nothing.
    static func number(_ number: DecimalNumber) -> LayoutText {
        var (mantissa, exponent) = (number.mantissa, number.exponent)
        while exponent < 0, mantissa % 10 == 0 {
            (mantissa, exponent) = (mantissa / 10, exponent + 1)
        }
        return .plain(.number(DecimalNumber(mantissa: mantissa, exponent: exponent)))
    }
    static func flag(_ flag: Bool) -> LayoutText { .plain(.flag(flag)) }

    /// The document, which ends with a newline.
    var document: String { lines(indent: 0, before: "") + "\n" }

    /// `text` without what would end a comment's line or take control of a terminal.
    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            result.unicodeScalars.append(isControl ? " " : scalar)
        }
        return result
    }

    /// `text` in comment lines of at most 92 letters, the further ones indented under the first.
    static func wrapped(_ text: String, after start: String) -> [String] {
        let space = String(repeating: " ", count: start.count)
        var lines = [start]
        for word in printable(text).split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.count + word.count > 92, last != space, last != start {
                lines.append(space + word)
            } else {
                lines[lines.count - 1] += (last == start || last == space ? "" : " ") + word
            }
        }
        return lines
    }

    /// The value in one line; nil when comments stand in it.
    private var inline: String? {
        switch self {
        case .plain(let value): return value.prettyText
        case .noted: return nil
        case .list(let elements):
            let parts = elements.compactMap(\.inline)
            guard parts.count == elements.count else { return nil }
            return "[" + parts.joined(separator: ", ") + "]"
        case .object(let members):
            let parts = members.compactMap { member in
                member.value.inline.map { "\(Self.quoted(member.name)): \($0)" }
            }
            guard parts.count == members.count else { return nil }
            return "{" + parts.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ name: String) -> String { JsonValue.text(name).prettyText }

    /// - Parameter before: What stands in the first line already.
    private func lines(indent: Int, before: String) -> String {
        if let inline, indent + before.utf8.count + inline.utf8.count < 100 {
            return before + inline
        }
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .plain(let value): return before + value.prettyText
        case .noted(_, let value): return value.lines(indent: indent, before: before)
        case .list(let elements):
            let rows = elements.map { Self.row($0, indent: indent + 2, before: "") }
            return before + "[\n" + rows.joined() + outer + "]"
        case .object(let members):
            return before + "{\n" + Self.rows(members, indent: indent + 2) + outer + "}"
        }
    }

    /// The members of an object, as many short ones in a line as it holds.
    private static func rows(
        _ members: [(name: String, value: LayoutText)], indent: Int
    ) -> String {
        let space = String(repeating: " ", count: indent)
        var rows = ""
        var line = ""
        func endLine() {
            if !line.isEmpty { rows += "\(space)\(line),\n" }
            line = ""
        }
        for (name, value) in members {
            let start = "\(quoted(name)): "
            guard let inline = value.inline, indent + start.utf8.count + inline.utf8.count < 99
            else {
                endLine()
                rows += row(value, indent: indent, before: start)
                continue
            }
            let width = indent + line.utf8.count + start.utf8.count + inline.utf8.count
            if !line.isEmpty, width + 3 > 100 { endLine() }
            line += (line.isEmpty ? "" : ", ") + start + inline
        }
        endLine()
        return rows
    }

    private static func row(_ value: LayoutText, indent: Int, before: String) -> String {
        let space = String(repeating: " ", count: indent)
        var rows = ""
        if case .noted(let comments, _) = value {
            for comment in comments {
                rows += comment.isEmpty ? "\(space)//\n" : "\(space)// \(printable(comment))\n"
            }
        }
        return rows + space + value.lines(indent: indent, before: before) + ",\n"
    }
}
