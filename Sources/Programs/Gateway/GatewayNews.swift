import Channels
import Codecs
import PlainJson
import Proactors
import Timing
import Vocabulary

/// What changes in a gateway as it happens, as its messages, for all doors whose clients follow it.
struct GatewayNews: Sendable {
    /// One message: its topic below the gateway's own, and its payload unchanged.
    typealias Message = (topic: String, message: [UInt8])
    /// Takes messages that go out together; comes back when there is room for more, false when the client is gone.
    typealias Sink = @Sendable ([Message]) async -> Bool

    /// How often one who follows is sent the status though nothing has changed.
    static let statusPeriod = Duration.seconds(10)
    /// How often what changes without a word is looked at.
    static let lookPeriod = Duration.seconds(1)

    let answers: GatewayAnswers
    private var clock: any GatewayClock { answers.clock }

    /// Birth, status, faults and live values, each again when it changes, until the client is gone or the gateway
    /// stops.
    ///
    /// - Parameter name: Who follows, for the list of queues.
    func follow(_ name: String, _ send: @escaping Sink) async {
        let subscription = answers.proactor.live.subscribe(
            name, .newestPerKey, replay: .latestPerKey)
        // What the values mean comes first.
        let birth = answers.documents.birth(at: clock.wallTime)
        guard await send([("birth", birth)]) else { return }
        await withTaskGroup { group in
            group.addTask { [self] in await followStatus(faults: true, send) }
            group.addTask { [self] in
                while let batch = await subscription.nextBatch() {
                    let documents = answers.documents
                    let messages = batch.values.values.compactMap { value in
                        documents.live(value.reading, at: value.at).map {
                            ("live/\(value.reading.channel)", $0)
                        }
                    }
                    guard await send(messages) else { return }
                }
            }
            // Either ends when the client is gone or the gateway stops, and the other with it.
            _ = await group.next()
            group.cancelAll()
        }
    }

    /// How the gateway stands, when it changes and every `statusPeriod`.
    ///
    /// - Parameter faults: Whether birth and active faults are sent, too, when they change.
    func followStatus(faults: Bool, _ send: Sink) async {
        var sent = Sent()
        let ticker = Ticker(every: Self.lookPeriod, delay: .zero, clock: clock)
        while await ticker.next() != nil {
            var messages: [Message] = []
            let profile = answers.proactor.profile
            if faults {
                if let last = sent.profile, last != profile {
                    messages.append(("birth", answers.documents.birth(at: clock.wallTime)))
                }
                sent.profile = profile
                let active = await answers.proactor.activeFaults
                if sent.faults != active {
                    let text = answers.documents.active(active, at: clock.wallTime)
                    messages.append(("faults", text))
                    sent.faults = active
                }
            }
            let status = await answers.status
            if sent.mustSend(status.links.map { "\($0.who) \($0.state.word)" }, at: clock.now) {
                messages.append(("status", status.text))
            }
            guard await send(messages) else { return }
        }
    }

    /// What one client knows already.
    private struct Sent {
        var profile: GatewayProfile?
        var faults: [ActiveFault]?
        private var links: [String]?
        private var at: MonotonicInstant?

        mutating func mustSend(_ links: [String], at now: MonotonicInstant) -> Bool {
            if let at, at.duration(to: now) < GatewayNews.statusPeriod, self.links == links {
                return false
            }
            (self.links, at) = (links, now)
            return true
        }
    }
}
