import CLinux
import DequeModule
import Glibc
import Threads
import Vocabulary

/// What the callers of a session and its thread share: orders one way, news the other.
///
/// Any thread may order; the session's thread takes orders and brings news; one task takes the news.
/// Everything here is bounded, see `MqttSession`.
final class MqttExchange: Alarm {
    enum Order {
        case publish(MessageID, MqttMessage)
        case subscribe(String)
    }

    /// How many subscriptions may be in flight.
    private static let subscriptionLimit = 256

    fileprivate struct State {
        var isStarted = false
        var isClosing = false
        var isFinished = false
        var isConnected = false
        /// Of the last login that the broker accepted.
        var version: MqttVersion?
        /// What the broker of this connection announced.
        var maximumPacketSize: Int?
        /// Whether there is a connection whose `.connected` the consumer has taken.
        var isKnown = false
        var lastNumber: UInt64 = 0
        var orders: [Order] = []
        /// Published and without an outcome in `news`, at QoS 0 and 1.
        var unsettled = [0, 0]
        var subscribing = 0
        var news: Deque<MqttEvent> = []
        /// Of `news`: outcomes of publishes, outcomes of subscriptions, received messages.
        var outcomes = 0
        var subscriptionOutcomes = 0
        var inbox = 0
        /// Of the received messages among them, what their payloads take.
        var inboxBytes = 0
        /// The last failure reported, so that it is not reported again with each try.
        var reported: MqttEvent?
        var consumer: CheckedContinuation<MqttEvent?, Never>?
        /// Whether the consumer was cancelled, which it may be just before it waits.
        var isDismissed = false
    }

    private let window: Int
    private let inboxCapacity: Int
    private let inboxBytes: Int
    private let state = Guarded(State())
    /// When the session's thread came round last, or until when it rests.
    let lastHeartbeat = Guarded<MonotonicInstant?>(nil)
    /// Rings when there are orders or the session is to close.
    let wakeup = Wakeup()

    init(window: Int, inboxCapacity: Int, inboxBytes: Int = .max) {
        precondition(window > 0 && inboxCapacity > 0, "a session needs room for a message each way")
        (self.window, self.inboxCapacity) = (window, inboxCapacity)
        self.inboxBytes = inboxBytes
    }

    func wake() { wakeup.wake() }
}

// MARK: - Callers

extension MqttExchange {
    /// - Returns: Whether this was the first call and the session is still open.
    func start() -> Bool {
        state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted && !state.isClosing
        }
    }

    func publish(_ message: MqttMessage) throws(UpstreamError) -> MessageID {
        if let problem = topicProblem(message.topic) {
            throw UpstreamError(kind: .badMessage, detail: problem)
        }
        let qos = Int(message.qos.rawValue)
        let (id, kind) = state.withLock { state -> (MessageID?, UpstreamError.Kind) in
            guard state.isKnown, !state.isClosing else { return (nil, .notConnected) }
            guard state.unsettled[qos] + state.outcomes < window else { return (nil, .full) }
            state.unsettled[qos] += 1
            state.lastNumber += 1
            let id = MessageID(number: state.lastNumber)
            state.orders.append(.publish(id, message))
            return (id, .full)
        }
        guard let id else { throw refusal(kind, of: "topic \(message.topic)") }
        wake()
        return id
    }

    func subscribe(_ topic: String) throws(UpstreamError) {
        if let problem = filterProblem(topic) {
            throw UpstreamError(kind: .badMessage, detail: problem)
        }
        let kind = state.withLock { state -> UpstreamError.Kind? in
            guard state.isKnown, !state.isClosing else { return .notConnected }
            guard state.subscribing + state.subscriptionOutcomes < Self.subscriptionLimit else {
                return .full
            }
            state.subscribing += 1
            state.orders.append(.subscribe(topic))
            return nil
        }
        if let kind { throw refusal(kind, of: "subscription \(topic)") }
        wake()
    }

    func close() {
        let mustFinish = state.withLock { state in
            defer { state.isClosing = true }
            // Without a connection there is nobody to disconnect from, and the thread may be busy for a
            // while with a name or an address that does not answer.
            return !state.isStarted || !state.isConnected
        }
        if mustFinish { finish() }
        wake()
    }

    private func refusal(_ kind: UpstreamError.Kind, of what: String) -> UpstreamError {
        UpstreamError(
            kind: kind,
            detail: kind == .notConnected
                ? "\(what): there is no connection to the broker"
                : "\(what): \(window) messages are in flight already")
    }
}

// MARK: - The consumer

extension MqttExchange {
    /// The next news, or nil once all is reported.
    func next() async -> MqttEvent? {
        await withCheckedContinuation { continuation in
            let (news, isOver, displaced) = state.withLock { state in
                let displaced = state.consumer.take()
                guard !state.isDismissed else { return (nil as MqttEvent?, true, displaced) }
                guard let news = state.take() else {
                    if !state.isFinished { state.consumer = continuation }
                    return (nil, state.isFinished, displaced)
                }
                return (news, false, displaced)
            }
            displaced?.resume(returning: nil)
            if news != nil || isOver { continuation.resume(returning: news) }
        }
    }

    func dismissConsumer() {
        state.withLock { state in
            state.isDismissed = true
            return state.consumer.take()
        }?.resume(returning: nil)
    }
}

// MARK: - The session's thread

extension MqttExchange {
    var isClosing: Bool { state.withLock(\.isClosing) }
    var maximumPacketSize: Int? { state.withLock(\.maximumPacketSize) }
    var version: MqttVersion? { state.withLock(\.version) }

    func takeOrders() -> [Order] {
        state.withLock { state in
            defer { state.orders.removeAll(keepingCapacity: true) }
            return state.orders
        }
    }

    func connected(
        sessionPresent: Bool, _ version: MqttVersion = .v5, maximumPacketSize: Int? = nil
    ) {
        update { state in
            (state.isConnected, state.version) = (true, version)
            state.maximumPacketSize = maximumPacketSize
            state.news.append(.connected(sessionPresent: sessionPresent))
        }
    }

    /// A try to connect failed. `news` is `.unreachable` or `.refused`.
    func failed(_ news: MqttEvent) {
        update { $0.fail(news) }
    }

    func disconnected(_ reason: String) {
        update { state in
            state.forgetConnection()
            guard let start = state.news.lastIndex(where: \.isConnected) else {
                state.news.append(.disconnected(reason))
                return
            }
            // This connection was never reported, so it was a try that failed.
            var lost = 0
            while state.news.count > start {
                switch state.news.removeLast() {
                case .received(let message):
                    lost += 1
                    state.inbox -= 1
                    state.inboxBytes -= message.payload.count
                case .dropped(let count): lost += count
                case .acknowledged, .publishRefused: state.outcomes -= 1
                case .subscribed, .subscriptionRefused: state.subscriptionOutcomes -= 1
                case .connected, .unreachable, .refused, .disconnected, .nameTaken: break
                }
            }
            state.removeFailure()
            if lost > 0 { state.drop(lost) }
            state.fail(.unreachable(reason))
        }
    }

    /// To be reported behind the end of the connection that it ended.
    func nameTaken(_ reason: String) {
        update { state in
            state.news.removeAll(where: \.isNameTaken)
            state.news.append(.nameTaken(reason))
        }
    }

    func acknowledged(_ id: MessageID) {
        update { state in
            state.unsettled[1] -= 1
            state.outcomes += 1
            state.news.append(.acknowledged(id))
        }
    }

    func written() {
        state.withLock { $0.unsettled[0] -= 1 }
    }

    func publishRefused(
        _ id: MessageID, qos: MqttMessage.QualityOfService, reason: String, topic: String,
        isTemporary: Bool = false
    ) {
        update { state in
            state.unsettled[Int(qos.rawValue)] -= 1
            state.outcomes += 1
            state.news.append(
                .publishRefused(id, reason: reason, topic: topic, isTemporary: isTemporary))
        }
    }

    /// - Parameter refusal: Nil when the broker accepted the subscription.
    func subscriptionSettled(_ topic: String, refusal: String?) {
        update { state in
            state.subscribing -= 1
            state.subscriptionOutcomes += 1
            state.news.append(
                refusal.map { .subscriptionRefused(topic: topic, reason: $0) }
                    ?? .subscribed(topic: topic))
        }
    }

    func received(_ message: MqttMessage) {
        update { state in
            let bytes = state.inboxBytes + message.payload.count
            guard state.inbox < inboxCapacity, state.inbox == 0 || bytes <= inboxBytes else {
                return state.drop()
            }
            state.inbox += 1
            state.inboxBytes = bytes
            state.news.append(.received(message))
        }
    }

    func droppedMessage() {
        update { $0.drop() }
    }

    /// Nothing more will be reported.
    func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            state.forgetConnection()
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }

    /// Changes nothing any more once the session is finished.
    private func update(_ change: (inout State) -> Void) {
        let (consumer, news) = state.withLock { state in
            guard !state.isFinished else {
                return (nil as CheckedContinuation<MqttEvent?, Never>?, nil as MqttEvent?)
            }
            change(&state)
            guard state.consumer != nil, let news = state.take() else {
                return (nil, nil)
            }
            return (state.consumer.take(), news)
        }
        consumer?.resume(returning: news)
    }
}

extension MqttExchange.State {
    // The queue of news and its counts.

    mutating func take() -> MqttEvent? {
        guard let first = news.popFirst() else { return nil }
        switch first {
        // The connection may have broken since, but then this news would have gone with it.
        case .connected: (isKnown, reported) = (true, nil)
        case .acknowledged, .publishRefused: outcomes -= 1
        case .subscribed, .subscriptionRefused: subscriptionOutcomes -= 1
        case .received(let message):
            inbox -= 1
            inboxBytes -= message.payload.count
        case .unreachable, .refused, .disconnected, .nameTaken, .dropped: break
        }
        return first
    }

    /// Reports a failed try, unless it was reported before; of failures that wait, the newest counts.
    mutating func fail(_ failure: MqttEvent) {
        removeFailure()
        guard reported != failure else { return }
        reported = failure
        news.append(failure)
    }

    /// Forgets a failure that nobody has taken.
    mutating func removeFailure() {
        guard let index = news.lastIndex(where: \.isFailure) else { return }
        news.remove(at: index)
        reported = nil
    }

    mutating func drop(_ more: Int = 1) {
        if case .dropped(let count) = news.last {
            news[news.endIndex - 1] = .dropped(count + more)
        } else {
            news.append(.dropped(more))
        }
    }

    mutating func forgetConnection() {
        (isConnected, isKnown, maximumPacketSize) = (false, false, nil)
        orders.removeAll()
        unsettled = [0, 0]
        subscribing = 0
    }
}

extension MqttEvent {
    fileprivate var isFailure: Bool {
        switch self {
        case .unreachable, .refused: true
        default: false
        }
    }
    fileprivate var isConnected: Bool { if case .connected = self { true } else { false } }
    fileprivate var isNameTaken: Bool { if case .nameTaken = self { true } else { false } }
}
