import Brokers
import Documents
import Glibc
import Mqtt
import Threads
import Vocabulary

/// What a running gateway leaves for the other commands of the same user: where its broker listens and how
/// to log in. Only this user may read it; it goes with the gateway.
struct RunFile: Sendable {
    let gateway: GatewayName
    let broker: BrokerAddress
    let topic: String
    /// Whether the broker is the gateway's own, which goes with it and comes back. Its socket needs no login.
    var isEmbedded = false
    /// The TCP port of the gateway's own broker, for programs that know no sockets.
    var listener: BrokerLogin?
    /// Whether the password of `listener` was made for this run, and stands nowhere else.
    var isListenerPasswordNew = true
    var user: String?
    /// Where the user's password stands. The password of a broker that is not the gateway's own is kept in
    /// one place only.
    var password: SecretSource?
    var tls: MqttTls?

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

    /// The folder of the embedded broker of `gateway`.
    static func brokerFolder(_ gateway: GatewayName) -> String { "\(folder)/\(gateway)-broker" }

    /// To look for a gateway of this machine costs next to nothing, and somebody waits for it.
    static let longestReconnectDelay = Duration.seconds(5)

    private var path: String { "\(Self.folder)/\(gateway).json" }

    var isThere: Bool { Machine.exists(path) }

    func write() throws(MachineError) {
        try Self.prepareFolder()
        var members: [(name: String, text: String?)] = [
            ("gateway", gateway.text), ("broker", "\(broker)"), ("topic", topic),
            ("process", "\(getpid())"), ("embedded", isEmbedded ? "yes" : nil), ("user", user),
            ("ca", tls?.ca), ("certificate", tls?.certificate), ("key", tls?.key),
        ]
        if let listener {
            members += [
                ("listener", "\(listener.address)"), ("listenerUser", listener.user),
                ("listenerPassword", isListenerPasswordNew ? listener.password : nil),
            ]
        }
        switch password {
        case .file(let path): members.append(("passwordFile", path))
        case .environment(let name): members.append(("passwordEnvironment", name))
        case .credential(let name): members.append(("passwordCredential", name))
        case nil: break
        }
        let texts = members.compactMap { member in
            member.text.map { "\(quoted(member.name)): \(quoted($0))" }
        }
        try Machine.write("{\(texts.joined(separator: ", "))}\n", to: path)
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
                // A gateway that was killed leaves its file behind.
                let pid = node["process"]?.text.flatMap(Int32.init), kill(pid, 0) == 0
            else { return nil }
            return RunFile(node)
        }
    }

    private init?(_ node: JsonNode) {
        guard let gateway = node["gateway"]?.text.flatMap(GatewayName.init),
            let broker = node["broker"]?.text.flatMap(BrokerAddress.init),
            let topic = node["topic"]?.text
        else { return nil }
        (self.gateway, self.broker, self.topic) = (gateway, broker, topic)
        isEmbedded = node["embedded"]?.text == "yes"
        user = node["user"]?.text
        password =
            node["passwordFile"]?.text.map(SecretSource.file)
            ?? node["passwordEnvironment"]?.text.map(SecretSource.environment)
            ?? node["passwordCredential"]?.text.map(SecretSource.credential)
        if broker.usesTls {
            tls = MqttTls(
                ca: node["ca"]?.text, certificate: node["certificate"]?.text,
                key: node["key"]?.text)
        }
    }

    init(
        gateway: GatewayName, broker: BrokerAddress, topic: String, isEmbedded: Bool = false
    ) {
        (self.gateway, self.broker, self.topic) = (gateway, broker, topic)
        self.isEmbedded = isEmbedded
    }

    /// A session with this gateway's broker. One that is the gateway's own it finds again after the gateway
    /// has come back.
    ///
    /// - Parameters:
    ///   - user: The one of the command line, which counts before the gateway's; so does `ca`.
    /// - Throws: When the password cannot be read.
    func session(
        _ clientID: String, user: String?, ca: String?
    ) throws(MachineError) -> MqttSettings {
        var settings = MqttSettings(
            broker: broker, clientID: clientID, longestReconnectDelay: Self.longestReconnectDelay)
        guard !isEmbedded else {
            settings.endpointProvider = { [gateway] () throws(UpstreamError) -> EndpointProvider? in
                guard let file = Self.all().first(where: { $0.gateway == gateway && $0.isEmbedded })
                else {
                    throw UpstreamError(
                        kind: .notConnected, detail: "the gateway \(gateway) does not run here now")
                }
                return EndpointProvider(broker: file.broker)
            }
            return settings
        }
        settings.user = user ?? self.user
        settings.password = try secret(of: user)
        settings.tls = tls
        if let ca { settings.tls?.ca = ca }
        return settings
    }

    /// The password of `other`, or of the gateway's own user when nil.
    private func secret(of other: String?) throws(MachineError) -> String? {
        if let given = Machine.environment("TIDEGATE_PASSWORD") { return given }
        guard let password, other == nil || other == user else { return nil }
        do throws(MachineError) {
            return try Secrets.text(of: password)
        } catch {
            throw MachineError(
                "the password for \(broker) cannot be read: \(error.detail); give it in "
                    + "TIDEGATE_PASSWORD")
        }
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
            throw MachineError("\(folder): \(errorDescription(errno))")
        }
        guard status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR,
            status.st_mode & 0o022 == 0
        else { throw MachineError("\(folder): must be a folder that only this user can write to") }
    }
}

/// `text` as a JSON string.
func quoted(_ text: String) -> String { text.jsonQuoted }
