import Layouts
import Links
import Proactors
import Upstreams
import Vocabulary

/// Where an upstream's broker really is, and how to log in there.
struct UpstreamLogin: Sendable {
    let address: BrokerAddress
    let user: String?
    let password: String?
}

extension GatewayAssembly {
    /// The broker that an upstream uses: the one of the command line or environment before the
    /// layout's. Nil stands for the embedded one.
    func brokerAddress(of upstream: UpstreamLayout) -> BrokerAddress? {
        if let given = settings.broker.value { return BrokerAddress(given) }
        return switch upstream.broker {
        case .embedded: nil
        case .address(let address): address
        }
    }

    /// The login that the layout gives, with its secret fetched.
    func login(of upstream: UpstreamLayout, at address: BrokerAddress) throws(MachineError)
        -> UpstreamLogin
    {
        guard case .address(let own) = upstream.broker, own.host == address.host else {
            // The layout's secrets are for the layout's broker and go nowhere else.
            return UpstreamLogin(
                address: address, user: Machine.environment("TIDEGATE_USER"),
                password: Machine.environment("TIDEGATE_PASSWORD"))
        }
        var password: String?
        if let source = upstream.password {
            do throws(MachineError) {
                password = try Secrets.text(of: source)
            } catch {
                throw MachineError("upstream \(upstream.name), password: \(error.detail)")
            }
        }
        return UpstreamLogin(address: address, user: upstream.user, password: password)
    }

    /// The same, again for each try to connect: a secret that cannot be read yet keeps its upstream away and
    /// nothing else.
    private func whereabouts(
        of upstream: UpstreamLayout, at address: BrokerAddress
    ) throws(UpstreamError) -> MqttWhereabouts {
        do throws(MachineError) {
            let login = try login(of: upstream, at: address)
            if address.usesTls, let key = upstream.tls?.key {
                do throws(MachineError) {
                    _ = try Machine.bytes(of: try Secrets.path(of: key), limit: 1 << 20)
                } catch {
                    throw MachineError("upstream \(upstream.name), tls.key: \(error.detail)")
                }
            }
            return MqttWhereabouts(
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
        var tls: MqttTls?
        if login.address.usesTls {
            // One that cannot be told is told by `whereabouts`.
            let key = upstream.tls?.key.flatMap { try? Secrets.path(of: $0) }
            tls = MqttTls(
                authority: upstream.tls?.authority, certificate: upstream.tls?.certificate, key: key
            )
        }
        var session = MqttSettings(
            broker: login.address, clientID: "tidegate-\(layout.gateway)-\(upstream.name)",
            user: login.user, password: login.password, tls: tls, keepAlive: upstream.keepAlive,
            will: codec.will, window: max(256, upstream.window * 2))
        if let address = brokerAddress(of: upstream) {
            session.whereabouts = { () throws(UpstreamError) in
                try whereabouts(of: upstream, at: address)
            }
        }
        let chance = SeededGenerator(seed: settings.seed.value, for: profile.incarnation)
        let makeSession = { @Sendable [clock, session] in
            MqttSession(settings: session, clock: clock, chance: chance)
        }
        return UpstreamPlan(
            name: upstream.name, session: makeSession(), makeSession: makeSession, codec: codec,
            rules: LinkRules(
                window: upstream.window, ackTimeout: upstream.ackTimeout,
                pollPeriod: upstream.pollPeriod, attempts: upstream.attempts))
    }

    func codec(for upstream: UpstreamLayout, _ profile: GatewayProfile) -> any Codec {
        switch upstream.codec {
        case .plain:
            PlainCodec(profile: profile, upstream: upstream.name, prefix: upstream.topic)
        case .gridworks(let link):
            GridworksCodec(
                profile: profile, upstream: upstream.name, settings: GridworksSettings(link),
                prefix: upstream.topic)
        }
    }
}
