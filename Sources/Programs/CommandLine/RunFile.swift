import Brokers
import Documents
import Glibc
import Host
import Mqtt
import Threads
import Vocabulary

/// What a running gateway leaves for the other commands of the same user: where its broker listens and how
/// to log in. Only this user may read it; it goes with the gateway.
package struct RunFile: Sendable {
    package let gateway: GatewayName
    package let broker: BrokerAddress
    package let topic: String
    /// Whether the broker is the gateway's own, which goes with it and comes back. Its socket needs no login.
    package var isEmbedded = false
    /// The TCP port of the gateway's own broker, for programs that know no sockets.
    package var listener: BrokerLogin?
    /// Whether the password of `listener` was made for this run, and stands nowhere else.
    package var isListenerPasswordNew = true
    package var user: String?
    /// Where the user's password stands. The password of a broker that is not the gateway's own is kept in
    /// one place only.
    package var password: SecretSource?
    package var tls: MqttTls?
    /// The gateway's state directory.
    package var stateDirectory: String?

    /// The folder of the embedded broker of `gateway`.
    package static func brokerFolder(_ gateway: GatewayName) -> String {
        "\(RunFolder.path)/\(gateway)-broker"
    }

    /// To look for a gateway of this machine costs next to nothing, and a user waits for it.
    package static let longestReconnectDelay = Duration.seconds(5)

    private var path: String { "\(RunFolder.path)/\(gateway).json" }

    package var isThere: Bool { Machine.exists(path) }

    package func write() throws(MachineError) {
        try RunFolder.prepare()
        var members: [(name: String, text: String?)] = [
            ("gateway", gateway.text), ("broker", "\(broker)"), ("topic", topic),
            ("process", "\(getpid())"), ("embedded", isEmbedded ? "yes" : nil), ("user", user),
            ("ca", tls?.ca), ("certificate", tls?.certificate), ("key", tls?.key),
            ("stateDirectory", stateDirectory),
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
            member.text.map { "\(member.name.jsonQuoted): \($0.jsonQuoted)" }
        }
        try Machine.write("{\(texts.joined(separator: ", "))}\n", to: path)
    }

    package func remove() {
        // Sound: the path lives for the length of the call.
        _ = unsafe unlink(path)
    }

    /// The run files of this user's gateways.
    package static func all() -> [RunFile] {
        guard (try? RunFolder.check()) != nil else { return [] }
        return Machine.names(in: RunFolder.path).filter { $0.hasSuffix(".json") }.compactMap {
            name in
            guard let bytes = try? Machine.bytes(of: "\(RunFolder.path)/\(name)", limit: 65_536),
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
        stateDirectory = node["stateDirectory"]?.text
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

    package init(
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
    package func session(
        _ clientID: String, user: String?, ca: String?
    ) throws(MachineError) -> MqttSettings {
        var settings = MqttSettings(
            broker: broker, clientID: clientID, longestReconnectDelay: Self.longestReconnectDelay)
        guard !isEmbedded else {
            settings.endpointProvider = { [gateway] () throws(UpstreamError) -> EndpointProvider? in
                guard let file = Self.all().first(where: { $0.gateway == gateway && $0.isEmbedded })
                else {
                    throw UpstreamError(
                        kind: .notConnected,
                        detail: "the gateway \(gateway) is not running on this machine")
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
                "cannot read the password for \(broker): \(error.detail); give it in "
                    + "TIDEGATE_PASSWORD")
        }
    }
}
