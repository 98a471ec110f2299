/// Where a peer listens: `HOST[:2998]`.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Chirp's own port.
    public static let standardPort: UInt16 = 2998

    /// A name or an address, without brackets.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16 = Self.standardPort) {
        self.host = host
        self.port = port
    }

    /// - Returns: Nil when `text` is neither `HOST`, `HOST:PORT` nor `[IPv6]:PORT`.
    public init?(_ text: String) {
        var rest = text[...]
        let host: Substring
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[..<end].dropFirst()
            rest = rest[end...].dropFirst()
            guard host.contains(":") else { return nil }
        } else {
            host = rest.prefix { $0 != ":" }
            rest = rest[host.endIndex...]
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/@[]\0".contains($0) })
        else { return nil }
        if rest.isEmpty {
            self.init(host: String(host))
            return
        }
        guard rest.first == ":", rest.dropFirst().utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(rest.dropFirst())
        else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Whether nobody but this machine is meant: `127.0.0.0/8`, `::1` or `localhost`.
    public var isLoopback: Bool {
        if host == "::1" || host == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
