import Codecs
import DequeModule
import Links
import Mqtt
import Vocabulary

/// Everything the proactor keeps about one upstream.
struct UpstreamLine: Sendable {
    /// What the journal is owed, in order.
    enum Debt: Hashable, Sendable {
        case advance(through: Sequence64)
        case deadLettered(ClosedRange<Sequence64>, because: String)
    }

    var plan: UpstreamPlan
    var link: Link<MqttMessage>
    /// How the link stands in the words of all links, and for how long it may take to open and start.
    var life = LinkLifecycle()
    /// What the session said last of its failures.
    var lastFailure = ""
    private let journal: JournalIdentity
    private var writer: any HistoryWriter
    /// Whose words entries are written in, each after which of them, in order: those after a reload come in
    /// the words of after. Kept until all before the next is acknowledged.
    private var codecs: [(after: Sequence64, codec: any Codec)]
    /// Which of them writes now.
    private var current = 0
    /// Entries that were read and not written yet, so that the journal is not asked for each alone.
    var ahead: Deque<Entry> = []
    var debts: [Debt] = []
    /// The journal could not be read or told; to be tried again.
    var mustTryJournal = false
    /// The newest value of each channel that upstream has not been told yet.
    var unsentLive: [DataChannelName: LiveValue] = [:]
    /// What is said before all else, in order: the greeting, what there was no room for, the offline message.
    var greeting: Deque<MqttMessage> = []
    /// The newest message on each topic at which the broker may hang up, until the link tries it.
    var later: [String: MqttMessage] = [:]
    /// Whether history goes before live values, while messages go one at a time.
    private var isHistorysTurn = false
    /// How many answers wait for room in the window: four times the messages that a session lets wait, so
    /// that a storm of commands is answered whole. Beyond, the oldest is evicted and is counted.
    static let mostAnswers = 1_024
    /// Answers to commands and questions.
    var answers: Deque<MqttMessage> = []
    /// What the peer has sent to be kept, and is told once it is: after which fact, and as what. At most
    /// 256; who was not told sends it again.
    var owedAcknowledgements: Deque<(after: Sequence64, identity: String)> = []
    /// Whether the status has changed, or its time has come, since upstream was told.
    var mustPublishStatus = false
    var (received, sent, dropped) = (0, 0, 0)
    /// Whether the list of active faults has changed since upstream was told.
    var mustPublishFaults = false
    /// The actuators whose authority has changed since upstream was told.
    var unsentControl: Set<ShNodeName> = []
    /// Rung whenever there may be something to hand over.
    let wakeup: AsyncStream<Void>.Continuation
    /// What was refused and why, as told, so that it is told once for each change. At most 64.
    var refusals: [String: String] = [:]
    var reports: AlignedTicks?
    var snapshots: AlignedTicks?

    init(
        plan: UpstreamPlan, journal: JournalIdentity, after cursor: Sequence64,
        wakeup: AsyncStream<Void>.Continuation, clock: any GatewayClock, chance: SeededGenerator
    ) {
        (self.plan, self.wakeup, self.journal) = (plan, wakeup, journal)
        writer = plan.codec.historyWriter(of: journal)
        codecs = [(0, plan.codec)]
        link = Link(
            rules: plan.rules, hasPeer: plan.codec is any PeerCodec,
            topics: plan.codec.subscriptions, after: cursor, chance: chance,
            size: { $0.packetSize })
        let ticks = { (period: Duration) in
            AlignedTicks(period: period, wall: clock.wallTime, now: clock.now)
        }
        (reports, snapshots) = (
            plan.codec.schedule.report.map(ticks), plan.codec.schedule.snapshot.map(ticks)
        )
    }

    /// What history says of an entry.
    mutating func write(_ entry: Entry) -> [OutboundBatch] {
        var outboundBatches: [OutboundBatch] = []
        while current + 1 < codecs.count, entry.sequence > codecs[current + 1].after {
            outboundBatches += writer.finish()
            begin(current + 1)
        }
        while current > 0, codecs[1].after <= link.cursor {
            codecs.removeFirst()
            current -= 1
        }
        return outboundBatches + writer.write(entry, within: link.limit)
    }

    /// Entries after that one are written in other words.
    mutating func speak(_ codec: any Codec, after sequence: Sequence64) {
        codecs.append((sequence, codec))
    }

    /// Entries from that one on are written again.
    mutating func rewind(to sequence: Sequence64) {
        ahead = []
        begin(codecs.lastIndex { $0.after < sequence } ?? 0)
    }

    private mutating func begin(_ index: Int) {
        current = index
        writer = codecs[index].codec.historyWriter(of: journal)
    }

    /// Whether history comes first this time: neither it nor what is live may keep the other from its turn
    /// while messages go one at a time.
    mutating func takeTurn() -> Bool {
        guard link.isCareful, greeting.isEmpty else { return false }
        isHistorysTurn.toggle()
        return isHistorysTurn
    }

    mutating func owe(_ debt: Debt) {
        if case .advance = debt, case .advance = debts.last { debts.removeLast() }
        debts.append(debt)
    }

    /// It is paid, unless a later one has taken its place meanwhile.
    mutating func settle(_ debt: Debt) {
        if debts.first == debt { debts.removeFirst() }
    }

    /// When somebody has to look after this line.
    var deadline: MonotonicInstant? {
        [linkDeadline, reports?.deadline, snapshots?.deadline].compactMap { $0 }.min()
    }

    /// When time alone may change how the link stands.
    var linkDeadline: MonotonicInstant? {
        [link.deadline, life.nextLook].compactMap { $0 }.min()
    }

    /// Takes along what the link has done.
    ///
    /// - Returns: Whether it stands otherwise than before.
    mutating func follow(_ actions: [Link<MqttMessage>.Action], at now: MonotonicInstant) -> Bool {
        for case .tell(let kind, let detail) in actions
        where [.connectFailed, .disconnected, .peerSilent].contains(kind) {
            lastFailure = detail
        }
        let before = life.state
        life.follow(link, because: lastFailure, at: now)
        if life.state == .connected { lastFailure = "" }
        return life.state != before
    }
}
