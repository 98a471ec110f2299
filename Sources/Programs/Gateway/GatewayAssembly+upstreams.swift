import Brokers
import Codecs
import CommandLine
import Host
import Layouts
import Mqtt
import Proactors
import Vocabulary

/// Where an upstream's broker really is, and how to log in there.
struct UpstreamLogin: Sendable {
    let address: BrokerAddress
    var user: String?
    var password: String?
    /// Where the password was found.
    var source: SecretSource?
    /// Where the broker is now; nil where that does not change.
    let endpointProvider: (@Sendable () throws(UpstreamError) -> EndpointProvider?)?

    init(
        address: BrokerAddress,
        endpointProvider: (@Sendable () throws(UpstreamError) -> EndpointProvider?)? = nil
    ) {
        (self.address, self.endpointProvider) = (address, endpointProvider)
    }
}

extension GatewayAssembly {
    /// The upstreams that this run has. Where all go to one embedded broker, those are left out that would say
    /// the same again on the same topics.
    var upstreams: [UpstreamLayout] {
        guard settings.isKeptApart else { return layout.upstreams }
        var claimed: Set<CodecClaim> = []
        return layout.upstreams.filter { upstream in
            let claims = upstream.codec.settings.claims(topic: upstream.topic)
            guard claimed.isDisjoint(with: claims) else { return false }
            claimed.formUnion(claims)
            return true
        }
    }

    /// The broker that an upstream uses: the one of the command line or environment before the
    /// layout's. Nil stands for the embedded one.
    func brokerAddress(of upstream: UpstreamLayout) -> BrokerAddress? {
        if let given = settings.broker.value { return BrokerAddress(given) }
        // A simulated run stays among itself.
        if settings.isKeptApart { return nil }
        return switch upstream.broker {
        case .embedded: nil
        case .address(let address): address
        }
    }

    /// What a simulated run says of itself before anything else; nil for others.
    var simulationNotice: String? {
        guard settings.simulate.value else { return nil }
        let nothing = "simulated: no hardware is used, and all readings are marked"
        guard settings.isKeptApart else { return nothing }
        let left = upstreams.filter { $0.broker != .embedded }.map(\.name.text)
        return nothing
            + (left.isEmpty
                ? ""
                : "; upstream \(left.joined(separator: ", ")) uses an embedded broker instead, "
                    + "unless --real-upstreams or --broker is given")
    }

    /// Who logs in and where the secret is. It is fetched by the session, on a thread that may wait for a
    /// disk, and again at each try.
    func user(of upstream: UpstreamLayout, at address: BrokerAddress) -> UpstreamLogin {
        var login = UpstreamLogin(address: address)
        guard case .address(let own) = upstream.broker, own.host == address.host else {
            // The layout's secrets are for the layout's broker and go nowhere else.
            login.user = Machine.environment("TIDEGATE_USER")
            login.password = Machine.environment("TIDEGATE_PASSWORD")
            login.source = login.password.map { _ in .environment("TIDEGATE_PASSWORD") }
            return login
        }
        (login.user, login.source) = (upstream.user, upstream.password)
        return login
    }

    /// The same, with the secret fetched.
    private func login(
        of upstream: UpstreamLayout, at address: BrokerAddress
    ) throws(MachineError) -> UpstreamLogin {
        var login = user(of: upstream, at: address)
        if login.password == nil { login.password = try secret(login.source, of: upstream) }
        return login
    }

    private func secret(
        _ source: SecretSource?, of upstream: UpstreamLayout
    ) throws(MachineError) -> String? {
        guard let source else { return nil }
        do throws(MachineError) {
            return try Secrets.text(of: source)
        } catch {
            throw MachineError("upstream \(upstream.name), password: \(error.detail)")
        }
    }

    /// The TCP port that the embedded broker of an upstream opens, with its secret fetched; nil for none.
    func listener(of upstream: UpstreamLayout) throws(MachineError) -> BrokerListener? {
        guard upstream.broker == .embedded, let listen = upstream.listen else { return nil }
        return BrokerListener(
            host: listen.host, port: listen.port,
            user: upstream.user ?? BrokerListener.standardUser,
            password: try secret(upstream.password, of: upstream))
    }

    /// What the user's other commands need to reach an upstream's broker.
    func runFile(
        for upstream: UpstreamLayout, login: UpstreamLogin
    ) -> RunFile {
        var file = RunFile(gateway: layout.gateway, broker: login.address, topic: upstream.topic)
        (file.user, file.password) = (login.user, login.source)
        // Other commands do not know the service's credentials by name.
        if let source = login.source, case .credential = source {
            file.password = (try? Secrets.path(of: source)).map { .file($0) }
        }
        file.tls = tls(of: upstream, at: login.address)
        return file
    }

    /// A key that cannot be read here is reported by `endpoint`.
    private func tls(of upstream: UpstreamLayout, at address: BrokerAddress) -> MqttTls? {
        guard address.usesTls else { return nil }
        return MqttTls(
            ca: upstream.tls?.ca, certificate: upstream.tls?.certificate,
            key: upstream.tls?.key.flatMap { try? Secrets.path(of: $0) })
    }

    /// The same, again for each try to connect: a secret that cannot be read yet keeps its upstream away and
    /// nothing else.
    private func endpointProvider(
        of upstream: UpstreamLayout, at address: BrokerAddress
    ) throws(UpstreamError) -> EndpointProvider {
        do throws(MachineError) {
            let login = try login(of: upstream, at: address)
            if address.usesTls, let key = upstream.tls?.key {
                do throws(MachineError) {
                    _ = try Machine.bytes(of: try Secrets.path(of: key), limit: 1 << 20)
                } catch {
                    throw MachineError("upstream \(upstream.name), tls.key: \(error.detail)")
                }
            }
            return EndpointProvider(
                broker: login.address, user: login.user, password: login.password)
        } catch {
            throw UpstreamError(kind: .notConnected, detail: error.detail)
        }
    }

    /// A session and codec for one upstream. Nothing connects yet.
    func plan(
        for upstream: UpstreamLayout, login: UpstreamLogin, profile: GatewayProfile
    ) -> UpstreamPlan {
        let codec = codec(for: upstream, profile)
        var session = MqttSettings(
            broker: login.address, clientID: "tidegate-\(layout.gateway)-\(upstream.name)",
            user: login.user, password: login.password,
            tls: tls(of: upstream, at: login.address), keepAlive: upstream.keepAlive,
            window: max(256, upstream.link.window * 2))
        session.version = upstream.mqttVersion.flatMap(MqttVersion.init(words:))
        // The link tries one message at a time for so long, and must not take our end for the broker's.
        session.acknowledgementLimit = max(
            session.acknowledgementLimit, upstream.link.ackTimeout * 2)
        if let endpointProvider = login.endpointProvider {
            session.endpointProvider = endpointProvider
            session.longestReconnectDelay = RunFile.longestReconnectDelay
        } else {
            session.endpointProvider = { () throws(UpstreamError) in
                try endpointProvider(of: upstream, at: login.address)
            }
        }
        let chance = SeededGenerator(seed: settings.seed.value, for: profile.incarnation)
        let makeSession = { @Sendable [clock, session] in
            MqttSession(settings: session, clock: clock, chance: chance)
        }
        return UpstreamPlan(
            name: upstream.name, session: makeSession(), makeSession: makeSession, codec: codec,
            rules: upstream.link)
    }

    func codec(for upstream: UpstreamLayout, _ profile: GatewayProfile) -> any Codec {
        upstream.codec.settings.codec(
            of: profile, upstream: upstream.name, topic: upstream.topic)
    }
}
