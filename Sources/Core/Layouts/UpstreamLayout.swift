import Delivery
import Documents
import DriverKit
import Vocabulary

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
    /// The version of MQTT, as a word of the layout; nil to find out.
    public let mqttVersion: String?
    /// The format of topics and messages there.
    public let codec: CodecChoice
    /// How patient the link is, and how much it has in flight.
    public let link: LinkRules

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

extension LayoutSection {
    /// What every upstream has; the keys of the codecs stand beside.
    static func upstream(_ codecs: CodecRegistry) -> LayoutSection {
        LayoutSection(
            noun: "an upstream",
            keys: reachKeys + [
                LayoutKey(
                    "codec", .value(.choice(codecs.codecs.map(\.name))),
                    .defaults(to: .text(codecs.standard?.name ?? "")),
                    "The format of topics and messages: "
                        + codecs.codecs.map(\.words).joined(separator: ", or ") + ".")
            ] + codecs.codecs.flatMap(\.keys) + connectionKeys + LinkRules.keys)
    }

    private static let reachKeys = [
        LayoutKey(
            "name", .text(.name(UpstreamTag.self)), .required, "Its name, in logs and topics."),
        LayoutKey(
            "broker", .text(.broker), .required,
            "mqtt://HOST[:1883], mqtts://HOST[:8883] for TLS, mqtt+unix:///PATH for a socket, or "
                + "embedded for a private one."),
        LayoutKey(
            "listen", .text(.peerAddress), .optional,
            "HOST:PORT that the embedded broker opens for other programs, with a login."),
        LayoutKey(
            "topic", .text(.topic), .defaults(to: .text("tidegate")),
            "The first level of the gateway's own topics."),
    ]

    private static let connectionKeys = [
        LayoutKey("user", .value(.text), .optional, "The user at the broker."),
        LayoutKey("password", .secret, .optional, "Where the user's password is kept."),
        LayoutKey(
            "mqttVersion", .value(.choice(["5", "3.1.1"])), .optional,
            "The version of MQTT. Default: 5, or 3.1.1 where the broker does not speak 5."),
        LayoutKey("tls", .section(.tls), .optional, "The files of a mqtts:// connection."),
        LayoutKey(
            "keepAlive", .value(.duration(.seconds(5) ... .seconds(3600))),
            .defaults(to: .text("30s")),
            "The keep-alive period: how often a silent broker is pinged."),
    ]

    static let tls = LayoutSection(
        noun: "the files of a TLS connection",
        keys: [
            LayoutKey(
                "ca", .text(.path), .required,
                "The certificate authority that signs the broker's certificate."),
            LayoutKey(
                "certificate", .text(.path), .optional,
                "The gateway's own certificate, when the broker requires one."),
            LayoutKey("key", .secret, .optional, "Where the certificate's private key is kept."),
        ])
}
