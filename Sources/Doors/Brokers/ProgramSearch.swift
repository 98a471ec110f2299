import Glibc

/// Finds programs as a shell does.
struct ProgramSearch: Sendable {
    private let folders: [String]

    /// - Parameter path: Nil for `PATH` and the folders that it often lacks and mosquitto is often in.
    init(path: String?) {
        // Sound: the string is copied before anything could change the environment.
        let inherited = unsafe getenv("PATH").map { unsafe String(cString: $0) }
        let path = path ?? (inherited ?? "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin"
        folders = path.split(separator: ":").map(String.init)
    }

    func find(_ program: String) throws(BrokerError) -> String {
        if let path = search(program) { return path }
        throw BrokerError(
            kind: .notInstalled,
            detail: "embedded broker: \(program) is not installed; install the Debian package "
                + "mosquitto, or name a broker in the layout")
    }

    func search(_ program: String) -> String? {
        // Sound: the call reads the path only.
        folders.lazy.map { "\($0)/\(program)" }.first { unsafe access($0, X_OK) == 0 }
    }
}

/// The last of what a program wrote, at most 4 KiB.
struct LogTail {
    private var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) {
        bytes += more
        if bytes.count > 4096 { bytes.removeFirst(bytes.count - 4096) }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The last complaint for the end of a message: `: Error: Address already in use`.
    var lastWords: String {
        let lines = text.split(separator: "\n")
        guard let line = lines.last(where: { $0.contains("Error") }) else { return "" }
        // Each line starts with the time in seconds.
        let parts = line.split(separator: ": ", maxSplits: 1)
        return ": \(parts.last ?? line)"
    }
}
