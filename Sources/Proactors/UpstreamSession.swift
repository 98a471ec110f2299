import Upstreams
import Vocabulary

/// One MQTT session as the proactor uses it: calls return at once, what comes of them arrives as news.
public protocol UpstreamSession: Sendable {
    /// What happens on the session, in order. One consumer.
    var news: AsyncStream<MqttNews> { get }
    /// Begins to connect, and connects again whenever the connection is lost.
    func connect() throws(UpstreamError)
    func subscribe(_ topics: [String]) throws(UpstreamError)
    /// Hands one message over. Nothing is handed over when this throws.
    func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID
    func disconnect()
}

extension MqttSession: UpstreamSession {}

/// One upstream as the gateway sets it up.
public struct UpstreamPlan: Sendable {
    public let name: UpstreamName
    public let session: any UpstreamSession
    public let codec: any Codec
    /// How many messages may wait for the broker's acknowledgement.
    public let window: Int

    public init(
        name: UpstreamName, session: any UpstreamSession, codec: any Codec, window: Int
    ) {
        self.name = name
        self.session = session
        self.codec = codec
        self.window = window
    }
}
