import Mqtt
import Vocabulary

/// A broker and the session to it, without a network. It connects, acknowledges, refuses and breaks
/// as a test sets it.
public final class SimulatedUpstream: Upstream {
    private struct State {
        var isConnected = false
        var lastHeartbeat: MonotonicInstant?
        var makeWill: (@Sendable () -> MqttMessage?)?
        var wills: [MqttMessage?] = []
        var maximumPacketSize: Int?
        var hangsUp: (@Sendable (MqttMessage) -> Bool)?
        var acknowledges = true
        var published: [MqttMessage] = []
        var unacknowledged: [MessageID] = []
        var subscriptions: [String] = []
        var nextID: UInt64 = 1
        /// How often each topic is refused from now on; `.max` is for good.
        var refusedTopics: [String: Int] = [:]
        var deniedSubscriptions: Set<String> = []
        var withheldSubscriptions: [String]?
        var listener: (@Sendable (MqttMessage) -> Void)?
        var watchers: [(count: Int, resume: CheckedContinuation<Void, Never>)] = []
    }

    public let news: AsyncStream<MqttEvent>
    private let teller: AsyncStream<MqttEvent>.Continuation
    private let state = Guarded(State())

    public init() { (news, teller) = AsyncStream.makeStream() }

    // MARK: - What the world does

    /// Whatever drives the connection lives until then. Nobody can know before this is called.
    public func live(until time: MonotonicInstant) { state.withLock { $0.lastHeartbeat = time } }
    public var lastHeartbeat: MonotonicInstant? { state.withLock(\.lastHeartbeat) }
    public var maximumPacketSize: Int? { state.withLock(\.maximumPacketSize) }

    /// The broker accepts the connection, and announces the largest packet that it takes.
    public func accept(maximumPacketSize: Int? = nil) {
        let will = state.withLock(\.makeWill).flatMap { $0() }
        state.withLock { state in
            state.wills.append(will)
            (state.isConnected, state.maximumPacketSize) = (true, maximumPacketSize)
        }
        teller.yield(.connected(sessionPresent: false))
    }

    /// The connection breaks; what was not acknowledged is forgotten.
    public func lose(_ reason: String = "the broker is gone") {
        state.withLock { state in
            (state.isConnected, state.maximumPacketSize) = (false, nil)
            state.unacknowledged = []
        }
        teller.yield(.disconnected(reason))
    }

    /// From now on the broker hangs up at such messages, without a word.
    public func hangUp(at isBad: @escaping @Sendable (MqttMessage) -> Bool) {
        state.withLock { $0.hangsUp = isBad }
    }

    /// From now on messages are taken and not acknowledged.
    public func withholdAcknowledgements() { state.withLock { $0.acknowledges = false } }

    /// Acknowledges what was withheld, the newest first when `reversed`, and all that follows.
    public func acknowledge(reversed: Bool = false) {
        let ids = state.withLock { state in
            defer { state.unacknowledged = [] }
            state.acknowledges = true
            return reversed ? state.unacknowledged.reversed() : state.unacknowledged
        }
        for id in ids { teller.yield(.acknowledged(id)) }
    }

    /// From now on the broker refuses what is published to `topic`.
    public func refuse(_ topic: String) {
        state.withLock { $0.refusedTopics[topic] = .max }
    }

    /// The broker's quota for `topic` is used up for so many messages.
    public func refuse(_ topic: String, temporarily count: Int) {
        state.withLock { $0.refusedTopics[topic] = count }
    }

    /// From now on subscriptions are not confirmed.
    public func withholdSubscriptions() { state.withLock { $0.withheldSubscriptions = [] } }

    /// Confirms what was withheld, and all that follows.
    public func confirmSubscriptions() {
        let withheld = state.withLock { $0.withheldSubscriptions.take() ?? [] }
        for topic in withheld { teller.yield(.subscribed(topic: topic)) }
    }

    /// The broker does not, or does again, let this gateway subscribe to `topic`.
    public func deny(_ topic: String, _ isDenied: Bool = true) {
        state.withLock { state in
            if isDenied {
                state.deniedSubscriptions.insert(topic)
            } else {
                state.deniedSubscriptions.remove(topic)
            }
        }
    }

    /// Who hears what is published, when the broker has taken it over. One listener.
    public func onPublish(_ listener: @escaping @Sendable (MqttMessage) -> Void) {
        state.withLock { $0.listener = listener }
    }

    public func say(_ news: MqttEvent) { teller.yield(news) }

    /// Somebody publishes `message` for this gateway.
    public func deliver(_ message: MqttMessage) { teller.yield(.received(message)) }

    // MARK: - What was seen

    /// The last will of each connection, oldest first.
    public var wills: [MqttMessage?] { state.withLock(\.wills) }
    /// Everything that was handed over, oldest first.
    public var published: [MqttMessage] { state.withLock { $0.published } }
    public var subscriptions: [String] { state.withLock { $0.subscriptions } }
    /// Messages that wait for their acknowledgement.
    public var inFlight: Int { state.withLock { $0.unacknowledged.count } }

    /// Returns once at least `count` messages were handed over in all.
    public func published(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.published.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    // MARK: - Upstream

    public func connect(will: @escaping @Sendable () -> MqttMessage?) {
        state.withLock { $0.makeWill = will }
    }

    public func subscribe(_ topic: String) throws(UpstreamError) {
        let news: MqttEvent? = state.withLock { state in
            state.subscriptions.append(topic)
            if state.deniedSubscriptions.contains(topic) {
                return .subscriptionRefused(topic: topic, reason: "not authorized")
            }
            state.withheldSubscriptions?.append(topic)
            return state.withheldSubscriptions == nil ? .subscribed(topic: topic) : nil
        }
        if let news { teller.yield(news) }
    }

    @discardableResult
    public func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID {
        var listener: (@Sendable (MqttMessage) -> Void)?
        let outcome: (id: MessageID, news: MqttEvent?, woken: [CheckedContinuation<Void, Never>])? =
            state.withLock { state in
                guard state.isConnected else { return nil }
                let id = MessageID(number: state.nextID)
                state.nextID += 1
                state.published.append(message)
                let count = state.published.count
                let woken = state.watchers.filter { $0.count <= count }.map(\.resume)
                state.watchers.removeAll { $0.count <= count }
                if state.hangsUp?(message) == true {
                    (state.isConnected, state.unacknowledged) = (false, [])
                    return (id, .disconnected("the broker closed the connection"), woken)
                }
                if let left = state.refusedTopics[message.topic], left > 0 {
                    let isTemporary = left < .max
                    if isTemporary { state.refusedTopics[message.topic] = left - 1 }
                    let refusal = MqttEvent.publishRefused(
                        id, reason: isTemporary ? "quota" : "not authorized",
                        topic: message.topic, isTemporary: isTemporary)
                    return (id, refusal, woken)
                }
                listener = state.listener
                guard message.qos == .atLeastOnce else { return (id, nil, woken) }
                if state.acknowledges { return (id, .acknowledged(id), woken) }
                state.unacknowledged.append(id)
                return (id, nil, woken)
            }
        guard let outcome else { throw UpstreamError(kind: .notConnected, detail: "not connected") }
        if let news = outcome.news { teller.yield(news) }
        listener?(message)
        for watcher in outcome.woken { watcher.resume() }
        return outcome.id
    }

    public func close() { teller.finish() }
}
