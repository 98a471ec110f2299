import Mqtt
import Vocabulary

/// The peer of a `SimulatedPeerCodec`, beyond a simulated broker. It keeps each fact once, and
/// acknowledges, is away, freezes or forgets as a test sets it.
public final class SimulatedPeer: Sendable {
    private struct State {
        var isAway: Bool
        var isFrozen = false
        var withholds = false
        var withheld: [String] = []
        var unread: [MqttMessage] = []
        var indigestible: [String] = []
        var stored: [String] = []
        var known: Set<String> = []
        var heard = 0
        var watchers: [(count: Int, resume: CheckedContinuation<Void, Never>)] = []
    }

    private let broker: SimulatedUpstream
    private let state: Guarded<State>

    /// - Parameter isAway: Whether it hears nothing until it arrives.
    public init(at broker: SimulatedUpstream, isAway: Bool = false) {
        self.broker = broker
        state = Guarded(State(isAway: isAway))
        broker.onPublish { [weak self] in self?.hear($0) }
    }

    /// The same peer at another broker, as when the gateway was started again: it keeps what it kept.
    public init(at broker: SimulatedUpstream, after other: SimulatedPeer) {
        self.broker = broker
        let (stored, known, heard) = other.state.withLock { ($0.stored, $0.known, $0.heard) }
        var state = State(isAway: false)
        (state.stored, state.known, state.heard) = (stored, known, heard)
        self.state = Guarded(state)
        broker.onPublish { [weak self] in self?.hear($0) }
    }

    // MARK: - What the world does

    /// It comes and says so with a ping.
    public func arrive() {
        state.withLock { $0.isAway = false }
        ping()
    }

    /// What is sent to it from now on is lost.
    public func leave() { state.withLock { $0.isAway = true } }

    /// It stands still, as after SIGSTOP: what is sent to it waits.
    public func freeze() { state.withLock { $0.isFrozen = true } }

    /// It goes on and handles all that has waited.
    public func thaw() {
        // In one step, so that nothing that comes meanwhile overtakes what has waited.
        let reactions = state.withLock { state in
            state.isFrozen = false
            defer { state.unread = [] }
            return state.unread.map { Self.react(to: $0, &state) }
        }
        reactions.forEach(act)
    }

    /// From now on it keeps facts and acknowledges none of them. Pings are returned.
    public func withholdAcknowledgements() { state.withLock { $0.withholds = true } }

    /// Acknowledges what was withheld, the newest first when `reversed`, and all that follows.
    public func acknowledge(reversed: Bool = false) {
        let withheld = state.withLock { state in
            defer { state.withheld = [] }
            state.withholds = false
            return reversed ? state.withheld.reversed() : state.withheld
        }
        for identity in withheld { say("ack", identity) }
    }

    /// It cannot decode facts that contain `words`, and never acknowledges them.
    public func cannotDigest(_ words: String) { state.withLock { $0.indigestible.append(words) } }

    /// It says `text` on `down/TOPIC`.
    public func say(_ topic: String, _ text: String, isRetained: Bool = false) {
        broker.deliver(
            MqttMessage(
                topic: "down/\(topic)", payload: Array(text.utf8), isRetained: isRetained))
    }

    public func ping() { say("ping", "from-the-peer") }

    // MARK: - What was seen

    /// What it keeps, without identities, in the order in which each came first.
    public var stored: [String] { state.withLock { $0.stored } }
    /// How many facts came, those that it had already included.
    public var heard: Int { state.withLock { $0.heard } }

    /// What it keeps that contains `words`; waits until there are `count`.
    public func stored(_ words: String, _ count: Int) async -> [String] {
        while true {
            let all = stored
            let found = all.filter { $0.contains(words) }
            if found.count >= count { return found }
            await stores(all.count + 1)
        }
    }

    private func stores(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.stored.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// What follows from a message: an acknowledgement, and who has waited for it.
    private typealias Reaction = (answer: String?, woken: [CheckedContinuation<Void, Never>])

    private func hear(_ message: MqttMessage) {
        act(state.withLock { Self.react(to: message, &$0) })
    }

    private func act(_ reaction: Reaction) {
        if let answer = reaction.answer { say("ack", answer) }
        for watcher in reaction.woken { watcher.resume() }
    }

    private static func react(to message: MqttMessage, _ state: inout State) -> Reaction {
        guard !state.isAway else { return (nil, []) }
        guard !state.isFrozen else {
            state.unread.append(message)
            return (nil, [])
        }
        let words = message.text.split(separator: " ", maxSplits: 1)
        guard message.topic == "fact", words.count == 2 else {
            return (message.topic == "ping" ? message.text : nil, [])
        }
        state.heard += 1
        let (identity, fact) = (String(words[0]), String(words[1]))
        guard !state.indigestible.contains(where: fact.contains) else { return (nil, []) }
        if state.known.insert(identity).inserted { state.stored.append(fact) }
        let count = state.stored.count
        let woken = state.watchers.filter { $0.count <= count }.map(\.resume)
        state.watchers.removeAll { $0.count <= count }
        if state.withholds { state.withheld.append(identity) }
        return (state.withholds ? nil : identity, woken)
    }
}
