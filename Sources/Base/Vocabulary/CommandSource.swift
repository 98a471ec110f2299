/// Who gave an order.
public struct CommandSource: Hashable, Sendable, CustomStringConvertible {
    public let kind: Kind
    /// Which one of its kind: the upstream's name, the peer's, the rule's. Empty where there is only one.
    public let name: String

    /// The ways in which orders come.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        case upstream, page, cli, peer, rule
        /// The gateway itself, for a safe state.
        case gateway
    }

    public init(_ kind: Kind, _ name: String = "") { (self.kind, self.name) = (kind, name) }

    /// `"upstream site"`.
    public var description: String { name.isEmpty ? kind.rawValue : "\(kind.rawValue) \(name)" }
}
