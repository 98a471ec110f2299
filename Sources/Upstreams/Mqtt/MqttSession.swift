import Threads
import Vocabulary

/// One connection to one upstream, made again whenever it breaks. Calls return at once; what comes of
/// them arrives as `news`.
public protocol Upstream: Sendable {
    /// For one consumer. Ends after `close()`, once the connection is closed.
    var news: AsyncStream<MqttEvent> { get }

    /// When whatever drives the connection came round last, or until when it rests; nil when nobody can
    /// report.
    var lastHeartbeat: MonotonicInstant? { get }

    /// The largest packet that the broker of the present connection takes, in bytes, as it announced; nil
    /// while there is no connection, and where it announced none. `MqttMessage.packetSize` compares.
    var maximumPacketSize: Int? { get }

    /// The version that the broker of the present or last connection speaks; nil before the first.
    var version: MqttVersion? { get }

    /// Starts to connect, and goes on trying until `close()`.
    ///
    /// - Parameter will: Asked once for each login, from any thread: what the broker publishes when that
    ///   connection breaks without a DISCONNECT.
    func connect(will: @escaping @Sendable () -> MqttMessage?)

    /// Asks the broker for messages that match `topic`, a filter. `.subscribed` or
    /// `.subscriptionRefused` follows.
    ///
    /// Subscriptions end with the connection: subscribe again after each `.connected`.
    /// - Throws: `.notConnected`; `.full`; `.badMessage` when `topic` is no filter.
    func subscribe(_ topic: String) throws(UpstreamError)

    /// Hands `message` over. One of `.acknowledged`, `.publishRefused` or `.disconnected` follows; at
    /// QoS 0 there is no `.acknowledged`.
    ///
    /// - Throws: `.notConnected` until `.connected` was taken from `news`, and after the connection
    ///   broke; `.full`; `.badMessage`, worth no other try. In each case nothing was handed over.
    @discardableResult
    func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID

    /// Sends what was handed over, disconnects from the broker and ends the news, all within about 1 s.
    /// A caller that needs acknowledgements waits for them before.
    func close()
}

extension Upstream {
    /// Starts to connect, without a last will.
    public func connect() { connect { nil } }
    public var lastHeartbeat: MonotonicInstant? { nil }
    public var maximumPacketSize: Int? { nil }
    public var version: MqttVersion? { nil }
}

/// One MQTT session with a broker, on a thread of its own.
///
/// Each connection starts clean and leaves nothing behind: the broker keeps no messages for a session
/// that is away, so no command comes late, and what was not acknowledged when the connection broke is
/// forgotten, so the caller that keeps it hands it over again without making a duplicate of it.
///
/// Published messages wait for their turn in an outbox that `settings.window` bounds; who comes too
/// often gets `.full`. News wait for their consumer: received messages beyond
/// `settings.inboxCapacity` and `settings.inboxBytes` are dropped and counted, outcomes of publishes are bounded by the window,
/// and a connection that came and went unseen is reported as a try that failed.
public final class MqttSession: Upstream {
    public let news: AsyncStream<MqttEvent>
    private let settings: MqttSettings
    private let clock: any GatewayClock
    private let exchange: MqttExchange
    private let chance: SeededGenerator

    /// - Parameters:
    ///   - clock: Measures the waits between tries to connect.
    ///   - chance: Shortens the waits, so that gateways that lost their broker together do not all come
    ///     back together. Another one for each client identifier, whatever the seed.
    public init(
        settings: MqttSettings, clock: any GatewayClock,
        chance: SeededGenerator = SeededGenerator(seed: 0)
    ) {
        (self.settings, self.clock) = (settings, clock)
        var chance = chance
        self.chance = SeededGenerator(seed: chance.next(), for: settings.clientID)
        let exchange = MqttExchange(
            window: settings.window, inboxCapacity: settings.inboxCapacity,
            inboxBytes: settings.inboxBytes)
        self.exchange = exchange
        news = AsyncStream {
            await exchange.next()
        } onCancel: {
            exchange.dismissConsumer()
        }
    }

    deinit { exchange.close() }

    public var lastHeartbeat: MonotonicInstant? { exchange.lastHeartbeat.withLock { $0 } }
    public var maximumPacketSize: Int? { exchange.maximumPacketSize }
    public var version: MqttVersion? { exchange.version }

    public func connect(will: @escaping @Sendable () -> MqttMessage?) {
        guard exchange.start() else { return }
        let (settings, exchange, clock, chance) = (settings, exchange, clock, chance)
        let end = settings.broker.socket == nil ? settings.broker.host : "socket"
        startThread(
            ThreadPlan(name: "mqtt-\(end)", leaves: ThreadPlan.reserve), on: clock,
            lacks: { error in
                if let error { exchange.failed(.unreachable("\(settings.broker): \(error)")) }
            }
        ) {
            MqttLoop(
                settings: settings, exchange: exchange, clock: clock, chance: chance, will: will
            ).run()
        }
    }

    public func subscribe(_ topic: String) throws(UpstreamError) {
        try exchange.subscribe(topic)
    }

    @discardableResult
    public func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID {
        try exchange.publish(message)
    }

    public func close() { exchange.close() }
}
