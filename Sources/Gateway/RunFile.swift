import Documents
import Glibc
import Threads
import Upstreams
import Vocabulary

/// What a running gateway leaves for the other commands of the same user: where its broker listens and how
/// to log in. Only this user may read it; it goes with the gateway.
struct RunFile {
    let gateway: GatewayName
    let broker: BrokerAddress
    let user: String?
    let password: String?
    let topic: String
    /// Whether the broker is the gateway's own, which goes with it and comes back elsewhere.
    let isEmbedded: Bool

    /// The folder of all run files of this user.
    ///
    /// Source: systemd.exec(5), RUNTIME_DIRECTORY; XDG Base Directory Specification, XDG_RUNTIME_DIR.
    static var folder: String {
        if let given = Machine.environment("RUNTIME_DIRECTORY")?.split(separator: ":").first {
            return String(given)
        }
        if let runtime = Machine.environment("XDG_RUNTIME_DIR") { return "\(runtime)/tidegate" }
        return getuid() == 0 ? "/run/tidegate" : "/tmp/tidegate-\(getuid())"
    }

    /// To look for a gateway of this machine costs next to nothing, and somebody waits for it.
    private static let longestReconnectDelay = Duration.seconds(5)

    private var path: String { "\(Self.folder)/\(gateway).json" }

    func write() throws(MachineError) {
        try Self.prepareFolder()
        var members = [
            "\"gateway\": \(quoted(gateway.text))", "\"broker\": \(quoted("\(broker)"))",
            "\"topic\": \(quoted(topic))",
            "\"process\": \(quoted("\(getpid())"))",
        ]
        if isEmbedded { members.append("\"embedded\": \"yes\"") }
        if let user { members.append("\"user\": \(quoted(user))") }
        if let password { members.append("\"password\": \(quoted(password))") }
        try Machine.write("{\(members.joined(separator: ", "))}\n", to: path)
    }

    func remove() {
        // Sound: the path lives for the length of the call.
        _ = unsafe unlink(path)
    }

    /// The run files of this user's gateways.
    static func all() -> [RunFile] {
        guard (try? checkFolder()) != nil else { return [] }
        return Machine.names(in: folder).filter { $0.hasSuffix(".json") }.compactMap { name in
            guard let bytes = try? Machine.bytes(of: "\(folder)/\(name)", limit: 65_536),
                let node = JsonParser.parse(bytes).document,
                let gateway = node["gateway"]?.text.flatMap(GatewayName.init),
                let broker = node["broker"]?.text.flatMap(BrokerAddress.init),
                let topic = node["topic"]?.text,
                // A gateway that was killed leaves its file behind.
                let pid = node["process"]?.text.flatMap(Int32.init), kill(pid, 0) == 0
            else { return nil }
            return RunFile(
                gateway: gateway, broker: broker, user: node["user"]?.text,
                password: node["password"]?.text, topic: topic,
                isEmbedded: node["embedded"]?.text == "yes")
        }
    }

    /// A session with this gateway's broker. One that is the gateway's own it finds again after the gateway
    /// has come back, on another port and with another password.
    func session(_ clientID: String) -> MqttSettings {
        var settings = MqttSettings(
            broker: broker, clientID: clientID, user: user, password: password,
            longestReconnectDelay: Self.longestReconnectDelay)
        guard isEmbedded else { return settings }
        settings.whereabouts = { [gateway] () throws(UpstreamError) in
            guard let file = Self.all().first(where: { $0.gateway == gateway }) else {
                throw UpstreamError(
                    kind: .notConnected, detail: "the gateway \(gateway) does not run here now")
            }
            return MqttWhereabouts(broker: file.broker, user: file.user, password: file.password)
        }
        return settings
    }

    /// Makes the folder, and sees that it is this user's.
    static func prepareFolder() throws(MachineError) {
        try Machine.makeFolder(folder)
        try checkFolder()
    }

    /// A folder that somebody else could write to would hand them the gateway's password.
    private static func checkFolder() throws(MachineError) {
        var status = stat()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe lstat(folder, &status) == 0 else {
            throw MachineError("\(folder): \(errorWords(errno))")
        }
        guard status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & 0o022 == 0
        else { throw MachineError("\(folder): must be a folder that only this user can write to") }
    }
}

/// `text` as a JSON string.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\n": result += "\\n"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
