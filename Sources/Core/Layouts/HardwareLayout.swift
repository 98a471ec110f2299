import DriverKit
import Vocabulary

/// A checked hardware layout: everything in it fits together and its drivers exist.
public struct HardwareLayout: Hashable, Sendable {
    public let gateway: GatewayName
    /// In layout order.
    public let buses: [Bus]
    /// In layout order.
    public let nodes: [NodeLayout]
    /// What relays may not do together, in layout order.
    public let interlocks: [Interlock]
    /// In layout order.
    public let upstreams: [UpstreamLayout]
    /// How history is kept on disk.
    public let journal: JournalSettings
    /// The direct link; nil when it is off.
    public let peers: PeersLayout?
    /// The lowest layer of the settings of `tidegate run`; nil where the layout says nothing.
    public let settings: RunSettings
}

/// One ShNode of the layout.
public struct NodeLayout: Hashable, Sendable {
    public let name: ShNodeName
    public let kind: NodeKind
    /// For people; the name when the layout gives none.
    public let title: String
    /// The node that this one belongs under, for people and the command tree.
    public let parent: ShNodeName?
    /// Its hardware, with the node's channels.
    public let component: Component
    /// What guards a relay; nothing for other nodes.
    public let rules: GuardRules
}

/// One broker that readings go to and commands come from.
public struct UpstreamLayout: Hashable, Sendable {
    public let name: UpstreamName
    public let broker: Broker
    /// A TCP port that the embedded broker opens for other programs; `user` and `password` log in there.
    public let listen: ListenAddress?
    /// The first level of all topics: `tidegate`.
    public let topic: String
    public let user: String?
    public let password: SecretSource?
    public let tls: TlsFiles?
    public let keepAlive: Duration
    /// How many messages may wait for the broker's acknowledgement.
    public let window: Int
    /// The format of topics and messages there.
    public let codec: CodecChoice
    /// The timeout of an acknowledgement.
    public let ackTimeout: Duration
    /// How long the peer may say nothing before it is asked for a heartbeat.
    public let pollPeriod: Duration
    /// How often a message is sent that is passed over before it is dead-lettered.
    public let attempts: Int

    /// Which broker it is.
    public enum Broker: Hashable, Sendable {
        /// A private mosquitto that the gateway starts and stops.
        case embedded
        case address(BrokerAddress)
    }
}

/// A port of this machine.
public struct ListenAddress: Hashable, Sendable {
    /// A name or an address, without brackets.
    public let host: String
    public let port: UInt16
}

/// The files of a TLS connection.
public struct TlsFiles: Hashable, Sendable {
    /// The certificate authority that signs the broker's certificate.
    public let ca: String
    /// The gateway's own certificate and key, when the broker asks for one.
    public let certificate: String?
    public let key: SecretSource?

    public init(ca: String, certificate: String?, key: SecretSource?) {
        self.ca = ca
        self.certificate = certificate
        self.key = key
    }
}

/// Settings of `tidegate run` that a layout may give. Command line and environment go before it.
public struct RunSettings: Hashable, Sendable {
    public let logLevel: String?
    public let logFormat: String?
    public let stateDirectory: String?
    public let seed: UInt64?
    public let simulate: Bool?
    /// The board's own watchdog, when this program is to be its owner.
    public let watchdogDevice: String?
}

extension HardwareLayout {
    /// The same layout with every bus and component on simulated wires.
    public func simulated() -> HardwareLayout {
        HardwareLayout(
            gateway: gateway,
            buses: buses.map {
                Bus(name: $0.name, line: $0.line, gap: $0.gap, isSimulated: true)
            },
            nodes: nodes.map {
                NodeLayout(
                    name: $0.name, kind: $0.kind, title: $0.title, parent: $0.parent,
                    component: $0.component.simulated(), rules: $0.rules)
            }, interlocks: interlocks, upstreams: upstreams, journal: journal,
            peers: peers, settings: settings)
    }
}
