import Vocabulary

/// Fetches secrets from where the layout says they are. They are never logged and never shown.
package enum Secrets {
    /// The path of a file that holds the secret; for what takes paths, such as a TLS key.
    package static func path(of source: SecretSource) throws(MachineError) -> String {
        switch source {
        case .file(let path):
            // Systemd reads the file as root for a service whose user may not; see `ServiceUnit`.
            let copy = Machine.environment("CREDENTIALS_DIRECTORY").map {
                "\($0)/\(source.credentialName)"
            }
            return copy.flatMap { Machine.exists($0) ? $0 : nil } ?? path
        case .environment(let name):
            throw MachineError("environment \(name): a key must come from a file or a credential")
        case .credential(let name):
            guard let folder = Machine.environment("CREDENTIALS_DIRECTORY") else {
                throw MachineError(
                    "credential \(name): $CREDENTIALS_DIRECTORY is not set; "
                        + "start under systemd with LoadCredential=\(name):PATH")
            }
            return "\(folder)/\(name)"
        }
    }

    /// The secret itself: the first line of its file, or its environment variable. The byte order mark that
    /// editors put before UTF-8 is no part of it.
    package static func text(of source: SecretSource) throws(MachineError) -> String {
        if case .environment(let name) = source {
            guard let text = Machine.environment(name) else {
                throw MachineError("environment \(name): is not set")
            }
            return text
        }
        let path = try path(of: source)
        let bytes = try Machine.bytes(of: path, limit: 65_536)
        guard !bytes.starts(with: [0xFF, 0xFE]), !bytes.starts(with: [0xFE, 0xFF]) else {
            throw MachineError("\(path): is UTF-16, must be UTF-8")
        }
        let line = bytes.dropFirst(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
            .prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, let text = String(validating: line, as: UTF8.self) else {
            if case .file(let named) = source, named != path {
                throw MachineError(
                    "\(named): empty or missing when the service started; "
                        + "write the secret in its first line, and restart the service")
            }
            throw MachineError("\(path): must hold the secret in its first line")
        }
        return text
    }
}

extension SecretSource {
    /// What systemd calls the credential that holds this secret: a credential's own name, or the file's path
    /// with `+` for each `/`. Other bytes that not every file system and systemd takes well are `=` and two
    /// hexadecimal digits, so that no two paths have one name.
    ///
    /// Source: systemd.exec(5), LoadCredential=.
    package var credentialName: String {
        switch self {
        case .credential(let name): return name
        case .environment(let name): return name
        case .file(let path):
            return path.drop { $0 == "/" }.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "/"): "+"
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    String(Unicode.Scalar(byte))
                default: "=" + byte.hex
                }
            }.joined()
        }
    }
}
