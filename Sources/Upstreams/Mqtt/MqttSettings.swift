import Vocabulary

/// What an MQTT session needs to know before it connects.
public struct MqttSettings: Sendable {
    public var broker: BrokerAddress
    /// Unique at the broker; two sessions with the same one throw each other out.
    public var clientID: String
    public var user: String?
    public var password: String?
    /// Nil for MQTT 5, or 3.1.1 where the broker does not speak it.
    public var version: MqttVersion?
    /// The files of a TLS connection. With an `mqtts://` broker and nil, the system's authorities count.
    public var tls: MqttTls?
    /// How long the connection may be silent, 5 s to 18 h, rounded up to whole seconds. A broker that
    /// does not answer is given up after twice that time.
    public var keepAlive: Duration
    /// How long the broker may acknowledge nothing of what it owes; twice the keep-alive time where that is
    /// longer.
    public var acknowledgementLimit = Duration.seconds(60)
    /// What the broker publishes when the connection breaks without a DISCONNECT: another for each, which the
    /// session is given as it connects.
    package var will: MqttMessage?
    /// The wait before the second try to connect; it doubles from then on. Chance shortens each by up
    /// to a half.
    public var shortestReconnectDelay: Duration
    /// The longest wait. It comes at once when the broker refuses the login, which haste cannot mend.
    public var longestReconnectDelay: Duration
    /// How many published messages of each quality of service may be unsettled: at QoS 1 not
    /// acknowledged, at QoS 0 not written. The caller's own window should be smaller.
    public var window: Int
    /// How many received messages may wait to be taken; more are dropped and counted.
    public var inboxCapacity: Int
    /// How many bytes their payloads may take in all; one message is taken whatever its size.
    public var inboxBytes: Int
    /// Received messages with a larger payload are dropped and counted. In bytes.
    public var largestPayload: Int
    /// How messages of subscriptions are delivered. A broker keeps few acknowledged ones for a reader that has
    /// many to take at once.
    public var subscriptionQos = MqttMessage.QualityOfService.atLeastOnce
    /// Asked before each try to connect, on the session's thread, for a broker that may come back elsewhere:
    /// what it gives takes the place of `broker`, `user` and `password`. Nil where those stay.
    ///
    /// - Returns: Nil while that is not known yet; it is asked again soon, and that is not reported.
    /// - Throws: Why there is no broker now. That try has failed, and the tries go on.
    public var endpointProvider: (@Sendable () throws(UpstreamError) -> EndpointProvider?)?

    public init(
        broker: BrokerAddress, clientID: String, user: String? = nil, password: String? = nil,
        tls: MqttTls? = nil, keepAlive: Duration = .seconds(30),
        shortestReconnectDelay: Duration = .seconds(1),
        longestReconnectDelay: Duration = .seconds(60), window: Int = 256,
        inboxCapacity: Int = 256, inboxBytes: Int = 16 << 20, largestPayload: Int = 64 * 1024
    ) {
        self.broker = broker
        self.clientID = clientID
        self.user = user
        self.password = password
        self.tls = tls
        self.keepAlive = keepAlive
        self.shortestReconnectDelay = shortestReconnectDelay
        self.longestReconnectDelay = longestReconnectDelay
        self.window = window
        self.inboxCapacity = inboxCapacity
        self.inboxBytes = inboxBytes
        self.largestPayload = largestPayload
    }
}

/// Where a broker is now, and how to log in.
public struct EndpointProvider: Hashable, Sendable {
    public let broker: BrokerAddress
    public let user: String?
    public let password: String?
    /// The process that must listen at the broker's socket; the session does not go on with any other. Nil
    /// where that is not known, and on a port.
    public let listener: Int32?

    public init(
        broker: BrokerAddress, user: String? = nil, password: String? = nil, listener: Int32? = nil
    ) {
        (self.broker, self.user, self.password) = (broker, user, password)
        self.listener = listener
    }
}

extension EndpointProvider: CustomStringConvertible {
    /// Without the password, as below.
    public var description: String { "\(broker)" + (user.map { ", user \($0)" } ?? "") }
}

extension MqttSettings: CustomStringConvertible {
    /// Without the password, which must not stand in any log.
    public var description: String {
        "\(broker) as \(clientID)" + (user.map { ", user \($0)" } ?? "")
    }
}

/// The files of a TLS connection, read again for each connection.
public struct MqttTls: Hashable, Sendable {
    /// Path of the certificates of the authority that the broker's certificate must come from, in PEM;
    /// nil for the system's.
    public var ca: String?
    /// Path of the client's own certificate in PEM, when the broker asks for one.
    public var certificate: String?
    /// Path of the key of `certificate` in PEM, without a pass phrase.
    public var key: String?

    public init(ca: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.ca = ca
        self.certificate = certificate
        self.key = key
    }
}
