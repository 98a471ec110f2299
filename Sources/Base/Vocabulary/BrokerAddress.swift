/// Where an MQTT broker listens: `mqtt://host[:1883]` or, with TLS, `mqtts://host[:8883]`; on a Unix socket
/// of this machine `mqtt+unix:///path`.
public struct BrokerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The longest path of a socket, in bytes.
    ///
    /// Source: unix(7), sun_path: 108 bytes with the zero at the end.
    public static let longestSocketPath = 107

    /// A name or an address; of a socket its path.
    public let host: String
    /// 0 for a socket.
    public let port: UInt16
    public let usesTls: Bool

    public init(host: String, port: UInt16, usesTls: Bool = false) {
        self.host = host
        self.port = port
        self.usesTls = usesTls
    }

    /// - Parameter path: From the root on, at most `longestSocketPath` bytes.
    public init(socket path: String) { self.init(host: path, port: 0) }

    /// The path of the socket; nil when the broker listens on a port.
    public var socket: String? { port == 0 ? host : nil }

    /// - Returns: Nil when `text` is not of the form; `problem(in:)` says why.
    public init?(_ text: String) {
        guard Self.problem(in: text) == nil, let parts = Self.parts(of: text) else { return nil }
        self.init(host: parts.host, port: parts.port, usesTls: parts.usesTls)
    }

    /// What is wrong with `text` as a broker's address; nil when nothing is.
    public static func problem(in text: String) -> String? {
        if let path = socketPath(in: text) { return problem(inSocket: path) }
        if text.contains("@") {
            return "an address must not hold a user or password; name them in user and password"
        }
        guard parts(of: text) != nil else {
            return "\"\(text)\" must be mqtt://HOST, mqtt://HOST:PORT, mqtts:// for TLS, "
                + "or mqtt+unix:///PATH for a socket of this machine"
        }
        return nil
    }

    /// What stands for the path where `text` is of the form `mqtt+unix:///path` or `mqtt+unix:/path`.
    private static func socketPath(in text: String) -> Substring? {
        guard text.hasPrefix("mqtt+unix:") else { return nil }
        let rest = text.dropFirst(10)
        return rest.hasPrefix("///") ? rest.dropFirst(2) : rest
    }

    private static func problem(inSocket path: Substring) -> String? {
        guard path.hasPrefix("/"), !path.hasPrefix("//"), !path.hasSuffix("/"),
            path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return "\"mqtt+unix:\(path)\" must be mqtt+unix:///PATH, the path of a socket" }
        guard path.utf8.count > longestSocketPath else { return nil }
        return "the path of a socket has at most \(longestSocketPath) bytes, and \(path) has "
            + "\(path.utf8.count)"
    }

    private static func parts(of text: String) -> (host: String, port: UInt16, usesTls: Bool)? {
        if let path = socketPath(in: text) { return (String(path), 0, false) }
        let usesTls = text.hasPrefix("mqtts://")
        guard usesTls || text.hasPrefix("mqtt://") else { return nil }
        var rest = text.dropFirst(usesTls ? 8 : 7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let (host, afterHost) = split(rest) else { return nil }
        guard !afterHost.isEmpty else { return (String(host), usesTls ? 8883 : 1883, usesTls) }
        guard afterHost.utf8.dropFirst().allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(afterHost.dropFirst()), afterHost.first == ":", port > 0
        else { return nil }
        return (String(host), port, usesTls)
    }

    /// Splits `host:port`. An IPv6 address stands in brackets, so that its colons are not the port's.
    private static func split(_ text: Substring) -> (host: Substring, rest: Substring)? {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = text[..<end].dropFirst()
            let isAddress = host.utf8.allSatisfy { ":.%".utf8.contains($0) || isOfWord($0) }
            return host.contains(":") && isAddress ? (host, text[end...].dropFirst()) : nil
        }
        let host = text.prefix { $0 != ":" }
        let isName = host.utf8.allSatisfy { ".-_".utf8.contains($0) || isOfWord($0) }
        return !host.isEmpty && isName ? (host, text[host.endIndex...]) : nil
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    public var description: String {
        if let socket { return "mqtt+unix://\(socket)" }
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(usesTls ? "mqtts" : "mqtt")://\(host):\(port)"
    }
}

/// Where a secret comes from. The secret itself never stands in a layout.
public enum SecretSource: Hashable, Sendable, CustomStringConvertible {
    /// The first line of a file.
    case file(String)
    /// An environment variable.
    case environment(String)
    /// A systemd credential: a file of that name in `$CREDENTIALS_DIRECTORY`.
    case credential(String)

    public var description: String {
        switch self {
        case .file(let path): "file \(path)"
        case .environment(let name): "environment \(name)"
        case .credential(let name): "credential \(name)"
        }
    }
}
