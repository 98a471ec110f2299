import Vocabulary

/// Fetches secrets from where the layout says they are. They are never logged and never shown.
enum Secrets {
    /// The path of a file that holds the secret; for what takes paths, such as a TLS key.
    static func path(of source: SecretSource) throws(MachineError) -> String {
        switch source {
        case .file(let path): return path
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

    /// The secret itself: the first line of its file, or its environment variable.
    static func text(of source: SecretSource) throws(MachineError) -> String {
        if case .environment(let name) = source {
            guard let text = Machine.environment(name) else {
                throw MachineError("environment \(name): is not set")
            }
            return text
        }
        let path = try path(of: source)
        let bytes = try Machine.bytes(of: path, limit: 65_536)
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty, let text = String(validating: line, as: UTF8.self) else {
            throw MachineError("\(path): must hold the secret in its first line")
        }
        return text
    }
}
