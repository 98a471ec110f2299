/// The direct link as a layout describes it.
public struct PeersLayout: Hashable, Sendable {
    /// A name or an address, without brackets.
    public let host: String
    public let port: UInt16
    /// `sync` or `async`.
    public let mode: String
    /// Nil for the mode's own.
    public let slots: Int?
    public let connections: Int
    /// What any user of this machine may do without TLS: `read`, `switch`.
    public let rights: Set<String>
    public let usesTls: Bool
    /// Nil for the one in the state directory.
    public let key: String?
    /// Nil for the one in the state directory.
    public let list: String?
    public let echoes: Bool

    /// - Returns: Nil when `text` is not `HOST:PORT` or `[IPv6]:PORT`.
    static func address(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.contains(":") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/@[]".contains($0) }),
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits)
        else { return nil }
        return (String(host), port)
    }

    /// Whether nobody but this machine can reach the address.
    static func isLoopback(_ host: String) -> Bool {
        if host == "::1" || host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
