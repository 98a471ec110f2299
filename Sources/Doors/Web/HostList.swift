/// The names that a server goes by. A page of another site whose name leads here by a changed DNS answer sends its own
/// name, and gets nothing.
///
/// Source: RFC 9110, 7.2; Jackson et al., Protecting Browsers from DNS Rebinding Attacks, 2007.
struct HostList: Hashable, Sendable {
    /// Names that need the port that the server is bound to, in lower case.
    private let names: Set<String>
    /// Names as the layout has them. Behind a proxy it is the proxy's port, which clients leave out where it is the
    /// usual one.
    private let exact: Set<String>
    /// The port that clients leave out.
    private let usualPort: Int
    /// The most bytes of a name with its port.
    ///
    /// Source: RFC 1035, 2.3.4: a name has at most 255.
    private static let longest = 262

    /// - Parameters:
    ///   - names: Further names of this machine: `house.local`, or with a port of their own.
    ///   - address: What the server listens on.
    init(names: [String], address: String, usesTls: Bool) {
        exact = Set(names.map { $0.lowercased() })
        self.names = exact.union(["localhost", "127.0.0.1", "::1", address.lowercased()])
        usualPort = usesTls ? 443 : 80
    }

    /// Whether a `Host` is one of them.
    ///
    /// - Parameters:
    ///   - address: The numeric address that the connection came in at, which no other name leads to.
    ///   - port: The port that it came in at.
    func knows(_ host: String, at address: String?, _ port: Int?) -> Bool {
        guard host.utf8.count <= Self.longest else { return false }
        let host = host.lowercased()
        if exact.contains(host) { return true }
        guard let (name, given) = Self.parts(host), given ?? usualPort == port else { return false }
        return names.contains(name) || name == address
    }

    /// Whether a page of that origin is one of this server's own.
    ///
    /// - Parameter host: The `Host` of the request, which is known.
    func knows(origin: String, of host: String) -> Bool {
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            let own = origin.dropFirst(scheme.count).lowercased()
            return own == host.lowercased() || exact.contains(own)
        }
        return false
    }

    /// The name without brackets, and the port where there is one.
    private static func parts(_ host: String) -> (name: String, port: Int?)? {
        var name = host[...]
        var port: Int?
        if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
            let digits = host[host.index(after: colon)...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let number = Int(digits)
            else { return nil }
            (name, port) = (host[..<colon], number)
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = name.dropFirst().dropLast()
            return name.contains(":") ? (String(name), port) : nil
        }
        return name.contains(":") ? nil : (String(name), port)
    }
}
