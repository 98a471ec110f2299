import Vocabulary

/// What a user asks a parent to do, as one line of text.
public enum ParentOrder: Hashable, Sendable {
    case set(GatewayName, node: String, value: String)
    case snapshot(GatewayName)
    case layout(GatewayName)
    case quit

    /// How orders are written.
    public static let form =
        "set ALIAS NODE on|off|EVENT|NUMBER, snap ALIAS, layout ALIAS, or quit"

    /// - Returns: Nil for a line that is no order.
    public init?(_ line: String) {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init)
        let child = words.count > 1 ? GatewayName(words[1]) : nil
        switch (words.first, words.count, child) {
        case ("set", 4, let child?): self = .set(child, node: words[2], value: words[3])
        case ("snap", 2, let child?): self = .snapshot(child)
        case ("layout", 2, let child?): self = .layout(child)
        case ("quit", 1, _): self = .quit
        default: return nil
        }
    }
}
