import Timing
import Vocabulary

/// Whether an upstream can be trusted to receive, and what to hand over to it next. One for each upstream.
///
/// A pure machine: no socket, no timer, no clock. Inputs and `now` go in, actions come out; an input out
/// of turn does nothing. Where a peer stands beyond the broker, it must give a heartbeat before facts flow, and its
/// health is judged by what is received from it alone. Without one, the broker's receipt is the
/// acknowledgement, and being subscribed is being active.
public struct Link<Message: Sendable>: Sendable {
    /// How far a connection has come.
    public enum State: Hashable, Sendable, CaseIterable {
        case notStarted, connecting
        /// Connected. The subscriptions are not confirmed yet, and the peer gave no heartbeat.
        case awaitingSetupAndPeer
        /// The peer gave a heartbeat before the subscriptions were confirmed, or there is none.
        case awaitingSetup
        case awaitingPeer
        /// Facts flow.
        case active
        case stopped
    }

    /// What happened.
    public enum Input: Hashable, Sendable {
        case start
        /// The broker took the login.
        case connected
        /// The broker was not reached or said no, and why.
        case connectFailed(String)
        case disconnected(String)
        case subscribed(String)
        case subscriptionRefused(String, because: String)
        /// A message from the peer. A retained one is nobody's heartbeat.
        case heard(isRetained: Bool)
        /// The peer has accepted the batch, or received the ping, of this identity; a heartbeat as well.
        case acknowledged(String)
        /// The broker has accepted a message.
        case received(UInt64)
        /// The broker did not take a message. `isTemporary` when it may take it later.
        case refused(UInt64, because: String, isTemporary: Bool)
        /// `deadline` has come.
        case tick
        case stop
    }

    /// What the caller must do now, in order.
    public enum Action: Hashable, Sendable {
        case connect, disconnect
        case subscribe([String])
        /// Send the peer a ping of this identity, a UUID of version 4, at once.
        case ping(String)
        /// Facts begin to flow: say what is said first.
        case greetPeer
        /// Keep this as an event of the link.
        case record(GatewayEvent.Kind, String)
        /// Everything up to here was acknowledged or dead-lettered.
        case advance(through: JournalOffset)
        /// Keep these entries apart, before the cursor moves over them.
        case deadLettered(ClosedRange<JournalOffset>, because: String)
        /// There may be something to hand over: ask for `next`, or read on.
        case handOver
        /// Entries from here on are to be read and written again, in smaller pieces: see `limit`.
        case rewind(to: JournalOffset)
    }

    /// A batch to hand over now: all of `messages`, in order.
    public struct Handover: Sendable {
        public let number: Int
        public let messages: [Message]
    }

    struct Ping: Sendable {
        let identity: String
        let turn: Int
        let sent: MonotonicInstant
        var wasHeardSince = false
    }

    public let rules: LinkRules
    /// Whether a peer beyond the broker acknowledges.
    public let hasPeer: Bool
    public internal(set) var state = State.notStarted
    let topics: [String]
    /// Topics that the broker has not confirmed yet, on this connection.
    var unconfirmed: Set<String> = []
    /// Topics that the broker refused on this connection, to be tried again.
    var denied: Set<String> = []
    var subscribeAt: MonotonicInstant?
    var resubscribing: Backoff
    /// What was reported of refused subscriptions and failed connections, so that each is reported once.
    var refusals = ReportOnce<String>()
    var failures = ReportOnce<String>(capacity: 8)
    /// The broker refuses history, whatever is in it: until when nothing of it is handed over.
    var holdsUntil: MonotonicInstant?
    var holding: Backoff
    var isHoldReported = false
    var lastHeard = MonotonicInstant(nanoseconds: .min)
    var lastPing = MonotonicInstant(nanoseconds: .min)
    var lastPingTurn = 0
    /// The ping whose answer is waited for. One that was sent before the first heartbeat of the peer is none: nobody
    /// need have been there to answer it.
    var ping: Ping?
    var chance: SeededGenerator
    var deliveries: Deliveries<Message>
    var suspects: Suspects
    /// The largest message that the broker takes, by its own word.
    var announced = Int.max
    /// The broker hangs up at one piece of history after another: until when none is handed over.
    var restsUntil: MonotonicInstant?
    var resting: Backoff

    /// - Parameters:
    ///   - topics: What is subscribed on each connection.
    ///   - cursor: Everything up to here was acknowledged before.
    ///   - chance: Gives pings their identities and waits their jitter.
    ///   - size: How many bytes a message takes on the wire.
    public init(
        rules: LinkRules, hasPeer: Bool, topics: [String], after cursor: JournalOffset = 0,
        chance: SeededGenerator, size: @escaping @Sendable (Message) -> Int = { _ in 0 }
    ) {
        (self.rules, self.hasPeer, self.topics, self.chance) = (rules, hasPeer, topics, chance)
        deliveries = Deliveries(rules: rules, hasPeer: hasPeer, after: cursor, size: size)
        suspects = Suspects(rules: rules)
        let jitter = SeededGenerator(seed: self.chance.next())
        resubscribing = Backoff(first: rules.ackTimeout, cap: .seconds(300), jitter: jitter)
        (holding, resting) = (resubscribing, resubscribing)
    }

    /// Whether the broker took the login and the connection stands.
    public var isConnected: Bool {
        switch state {
        case .notStarted, .connecting, .stopped: false
        case .awaitingSetupAndPeer, .awaitingSetup, .awaitingPeer, .active: true
        }
    }

    /// When the caller owes the next `.tick`; nil when time alone changes nothing.
    public var deadline: MonotonicInstant? {
        guard isConnected else { return nil }
        var moments = [subscribeAt, suspects.deadline]
        if state == .active {
            moments += [deliveries.deadline, holdsUntil, restsUntil]
            if let ping {
                moments.append(ping.sent.advanced(by: rules.ackTimeout))
            } else if hasPeer {
                moments.append(lastHeard.advanced(by: rules.pollPeriod))
            }
        }
        if state == .awaitingPeer { moments.append(lastPing.advanced(by: rules.pollPeriod)) }
        return moments.compactMap { $0 }.min()
    }

    /// Takes one input and then whatever `now` has made due.
    public mutating func handle(_ input: Input, at now: MonotonicInstant) -> [Action] {
        take(input, at: now) + attend(at: now)
    }

    private mutating func take(_ input: Input, at now: MonotonicInstant) -> [Action] {
        switch input {
        case .start:
            guard state == .notStarted else { return [] }
            state = .connecting
            return [.connect]
        case .stop:
            guard state != .stopped else { return [] }
            defer { state = .stopped }
            return state == .notStarted ? [] : [.disconnect]
        case .connected: return connected(at: now)
        case .connectFailed(let reason): return connectFailed(reason)
        case .disconnected(let reason): return disconnected(reason, at: now)
        case .subscribed(let topic): return subscribed(topic, at: now)
        case .subscriptionRefused(let topic, let reason):
            return subscriptionRefused(topic, reason, at: now)
        case .heard(let isRetained): return isRetained ? [] : heard(at: now)
        case .acknowledged(let identity):
            guard state != .notStarted, state != .stopped else { return [] }
            return heard(at: now) + acknowledged(identity)
        case .received(let receipt):
            guard isConnected else { return [] }
            suspects.settled(receipt)
            if deliveries.isOfHistory(receipt) {
                endHolding()
                resting.succeeded()
            }
            return carryOut(deliveries.received(receipt)) + [.handOver]
        case .refused(let receipt, let reason, let isTemporary):
            guard isConnected else { return [] }
            suspects.settled(receipt, isTaken: false)
            let holds = isTemporary && deliveries.isOfHistory(receipt)
            return (holds ? hold(because: reason, at: now) : [])
                + carryOut(
                    deliveries.refused(receipt, because: reason, isTemporary: isTemporary))
                + [.handOver]
        case .tick: return []
        }
    }

    func carryOut(_ outcomes: [DeliveryOutcome]) -> [Action] {
        outcomes.map { outcome in
            switch outcome {
            case .advanced(let through): .advance(through: through)
            case .deadLettered(let facts, let reason): .deadLettered(facts, because: reason)
            case .waiting: .handOver
            }
        }
    }
}
