import Vocabulary

/// One connection to one upstream, made again whenever it breaks. Calls return at once; what comes of
/// them arrives as `news`.
public protocol Upstream: Sendable {
    /// For one consumer. Ends after `close()`, once the connection is closed.
    var news: AsyncStream<MqttNews> { get }

    /// Starts to connect, and goes on trying until `close()`.
    func connect()

    /// Asks the broker for messages that match `topic`, a filter.
    ///
    /// Subscriptions end with the connection: subscribe again after each `.connected`.
    /// - Throws: `.notConnected`; `.full`; `.badMessage` when `topic` is no filter.
    func subscribe(_ topic: String) throws(UpstreamError)

    /// Hands `message` over. One of `.acknowledged`, `.publishRefused` or `.disconnected` follows.
    ///
    /// - Throws: `.notConnected` or `.full`, and nothing was handed over; `.badMessage`, worth no other try.
    @discardableResult
    func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID

    /// Sends what was handed over, says goodbye to the broker and ends the news.
    func close()
}

/// One MQTT 5 session on a thread of its own.
public final class MqttSession: Upstream {
    public let news: AsyncStream<MqttNews>

    public init(settings: MqttSettings, clock: any GatewayClock) {
        news = AsyncStream { $0.finish() }
    }

    public func connect() {}
    public func subscribe(_ topic: String) throws(UpstreamError) {}
    @discardableResult
    public func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID {
        throw UpstreamError(kind: .notConnected, detail: "not connected")
    }
    public func close() {}
}
