import Codecs
import Delivery
import DequeModule
import Health
import Logging
import Mqtt
import Timing
import Vocabulary

/// Brings one upstream what the gateway has for it, and the gateway what the upstream wants.
///
/// It owns all that there is about its upstream: the session, how the link stands, what is in flight and
/// in the backlog, what the journal is owed. It has no isolation of its own: it is reached from its
/// proactor only, which each call that needs it gets as `proactor`.
final class UpstreamPump {
    /// What the journal is owed, in order.
    enum Debt: Hashable, Sendable {
        case advance(through: JournalOffset)
        case deadLettered(ClosedRange<JournalOffset>, because: String)
    }

    /// How many answers wait for room in the window: four times the messages that a session lets wait, so
    /// that a storm of commands is answered whole. Beyond, the oldest is evicted and is counted.
    static let mostAnswers = 1_024

    let name: UpstreamName
    var plan: UpstreamPlan
    var link: Link<MqttMessage>
    /// How the link stands in the words of all links, and for how long it may take to open and start.
    var life = LinkLifecycle()
    /// What the session said last of its failures.
    private var lastFailure = ""
    var script: HistoryScript
    /// What the codec says on the connection that stands; nil while there is none.
    var codecSession: (any CodecSession)?
    let connections: CodecConnections
    /// The upstream has asked for the birth: it is said again, and everything after it, once there is room.
    var owesBirth = false
    /// Entries that were read and not written yet, so that the journal is not asked for each alone.
    var ahead: Deque<Entry> = []
    private(set) var debts: [Debt] = []
    /// The journal could not be read or written; to be tried again.
    var mustTryJournal = false
    /// The channels whose newest value has not been published upstream yet. The value is in the feed.
    var unsentLive: Set<DataChannelName> = []
    /// What is said before all else, in order: the birth, what there was no room for, the offline message.
    var announcements: Deque<MqttMessage> = []
    /// The newest message on each topic at which the broker may hang up, until the link tries it.
    var later: [String: MqttMessage] = [:]
    /// Whether history goes before live values, while messages go one at a time.
    private var isHistorysTurn = false
    /// Answers to commands and questions.
    var answers: Deque<MqttMessage> = []
    /// What the peer has sent to be kept, acknowledged once it is: after which fact, and as what. At most
    /// 256; what was not acknowledged is sent again.
    var owedAcknowledgements: Deque<(after: JournalOffset, identity: String)> = []
    /// Whether the status has changed, or its time has come, since it was published upstream.
    var mustPublishStatus = false
    var counts = LinkCounts()
    /// Whether the list of active faults has changed since it was published upstream.
    var mustPublishFaults = false
    /// The actuators whose control has changed since it was published upstream.
    var unsentControl: Set<ShNodeName> = []
    /// What the upstream will never have, as far as that was not recorded.
    var drops: DropReporter
    /// What the broker has refused on this connection.
    var refusals = ReportOnce<String>(capacity: 64)
    var reports: AlignedTicks?
    var snapshots: AlignedTicks?
    private let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation
    /// Hands over whenever there may be something.
    private(set) var pumping: Task<Void, Never>?
    /// Takes what the session has to say.
    var listening: Task<Void, Never>?

    /// - Parameters:
    ///   - cursor: Everything up to here was acknowledged before.
    ///   - drops: What the upstream has lost before it was attached.
    init(
        plan: UpstreamPlan, journal: JournalIdentity, after cursor: JournalOffset,
        drops: DropReporter,
        clock: any GatewayClock, chance: SeededGenerator
    ) {
        (name, self.plan, self.drops) = (plan.name, plan, drops)
        (wakeups, wakeup) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        connections = CodecConnections(plan.codec)
        script = HistoryScript(of: journal, in: plan.codec)
        link = Link(
            rules: plan.rules, hasPeer: plan.codec.peer != nil,
            topics: plan.codec.subscriptions, after: cursor, chance: chance,
            size: { $0.packetSize })
        let ticks = { (period: Duration) in
            AlignedTicks(period: period, wall: clock.wallTime, now: clock.now)
        }
        (reports, snapshots) = (
            plan.codec.schedule.report.map(ticks), plan.codec.schedule.snapshot.map(ticks)
        )
    }

    /// Opens the session and begins to publish and to take commands.
    func start(in proactor: isolated Proactor) {
        let (name, wakeups) = (name, wakeups)
        pumping = Task {
            for await _ in wakeups { await proactor.pumps[name]?.run(in: proactor) }
        }
        listen(to: plan.session, in: proactor)
        handle(.start, in: proactor)
    }

    /// There may be something to hand over.
    func wake() { wakeup.yield() }

    /// Ends both tasks, whatever they wait for.
    func cancel() {
        pumping?.cancel()
        listening?.cancel()
    }

    // MARK: - What there is to publish

    /// These channels have newer values in the feed. They go with the next wake-up.
    func offer(_ channels: some Sequence<DataChannelName>) { unsentLive.formUnion(channels) }

    /// The list of active faults has changed. It goes with the next wake-up.
    func faultsChanged() { mustPublishFaults = true }

    func controlChanged(of nodes: some Sequence<ShNodeName>) {
        unsentControl.formUnion(nodes)
        wake()
    }

    func statusChanged() {
        mustPublishStatus = true
        wake()
    }

    /// Facts were kept: they are acknowledged to their senders, and may be published.
    func committed(through offset: JournalOffset, in proactor: isolated Proactor) {
        while let owed = owedAcknowledgements.first, owed.after <= offset {
            _ = owedAcknowledgements.popFirst()
            acknowledge(owed.identity, in: proactor)
        }
        readable(through: offset, in: proactor)
    }

    /// Facts may be published up to here. An upstream that takes no history has none of them wait for it,
    /// whether it is connected or not.
    func readable(through offset: JournalOffset, in proactor: isolated Proactor) {
        defer { wake() }
        guard !plan.codec.takesHistory, offset > link.lastRead else { return }
        let nothing = HistoryBatch(covers: offset...offset, messages: [])
        perform(link.read(offset, making: [nothing]), in: proactor)
    }

    /// Facts that the upstream had not acknowledged are gone.
    func evicted(_ count: Int, in proactor: isolated Proactor) {
        counts[.dropped] += Int64(count)
        if let event = drops.drop(count, of: name, at: proactor.clock.now) {
            proactor.record(event)
        }
    }

    /// The times of what was read ahead have moved: it is read again.
    func forgetAhead() { ahead = [] }

    // MARK: - What is due

    /// When this upstream is due to be looked after.
    var deadline: MonotonicInstant? {
        [linkDeadline, reports?.deadline, snapshots?.deadline].compactMap { $0 }.min()
    }

    /// When time alone may change how the link stands.
    private var linkDeadline: MonotonicInstant? {
        [link.deadline, life.nextLook].compactMap { $0 }.min()
    }

    /// Does what is due by now.
    func attend(in proactor: isolated Proactor) {
        if let linkDeadline, linkDeadline <= proactor.clock.now { handle(.tick, in: proactor) }
        reportDrops(in: proactor)
        attendSchedule(in: proactor)
    }

    private func attendSchedule(in proactor: isolated Proactor) {
        let stamp = proactor.clock.timestamp
        let (wall, now) = (stamp.wall, stamp.monotonic)
        if let end = reports?.take(wall: wall, now: now), let period = reports?.period {
            let past = Duration.nanoseconds(wall.nanoseconds - end.nanoseconds)
            let event = GatewayEvent(
                .periodEnded, link: name, number: period.wholeNanoseconds,
                detail: "ended at \(end.iso8601)")
            proactor.record(
                event,
                at: Timestamp(
                    wall: end, monotonic: now.advanced(by: .zero - past),
                    isSynchronised: stamp.isSynchronised))
        }
        if snapshots?.take(wall: wall, now: now) != nil { sendSnapshot(in: proactor) }
    }

    /// Reports facts that were dead-lettered or dropped, when that is due.
    func reportDrops(in proactor: isolated Proactor) {
        let now = proactor.clock.now
        if let event = drops.due(name, at: now) { proactor.record(event) }
        guard link.state == .active else { return }
        if let event = drops.dropsDue(name, at: now) { proactor.record(event) }
    }

    /// Tries the journal again, if it failed.
    func retryJournal() {
        guard mustTryJournal else { return }
        mustTryJournal = false
        wake()
    }

    // MARK: - How it stands

    /// How the link stands, for all who ask.
    func status(in proactor: isolated Proactor) -> LinkStatus {
        var counts = counts
        counts[.unacknowledged] = Int64(link.inFlight)
        let oldest = proactor.progress.backlogAge.first(after: link.cursor)
        counts[age: .oldestUnsent] = oldest?.duration(to: proactor.clock.now)
        return LinkStatus(
            who: name.text, incarnation: proactor.profile.incarnation,
            sequence: proactor.supervisor.statusSequence, state: life.state,
            interval: Proactor.statusPeriod, counts: counts, cause: life.cause)
    }

    /// Whether the upstream has acknowledged all there is, or is not active.
    func isQuiet(through newest: JournalOffset) -> Bool {
        guard link.isConnected else { return true }
        guard announcements.isEmpty, answers.isEmpty, !owesBirth else { return false }
        guard link.state == .active else { return true }
        return link.inFlight == 0 && link.lastRead >= newest && unsentLive.isEmpty
            && unsentControl.isEmpty && !mustPublishFaults && debts.isEmpty
    }

    func log(
        _ key: LogKey, _ level: Logger.Level, _ text: String, in proactor: isolated Proactor,
        file: String = #fileID, line: UInt = #line
    ) {
        // Lines are distinguished by where they come from, so that none hides another.
        proactor.logger.log(
            key, level: level, "\(text)", metadata: ["link": "\(name)"], file: file, line: line)
    }

    /// One line a message, when the log is asked for that much.
    func trace(
        _ message: MqttMessage, _ key: LogKey, _ word: String, in proactor: isolated Proactor
    ) {
        guard proactor.logger.logLevel <= .trace else { return }
        let flags = (message.isRetained ? ", retained" : "")
        let text = String(decoding: message.payload.prefix(500), as: UTF8.self)
        log(
            key, .trace,
            "\(word) \(message.topic), \(message.payload.count) bytes\(flags): \(text)",
            in: proactor)
    }

    // MARK: - For its own extensions

    /// Whether history comes first this time: neither it nor what is live may keep the other from its turn
    /// while messages go one at a time.
    func takeTurn() -> Bool {
        guard link.isCareful, announcements.isEmpty else { return false }
        isHistorysTurn.toggle()
        return isHistorysTurn
    }

    func owe(_ debt: Debt) {
        if case .advance = debt, case .advance = debts.last { debts.removeLast() }
        debts.append(debt)
    }

    /// It is paid, unless a later one has taken its place meanwhile.
    func settle(_ debt: Debt) {
        if debts.first == debt { debts.removeFirst() }
    }

    /// Takes along what the link has done.
    ///
    /// - Returns: Whether it stands otherwise than before.
    func follow(_ actions: [Link<MqttMessage>.Action], at now: MonotonicInstant) -> Bool {
        for case .record(let kind, let detail) in actions
        where [.connectFailed, .disconnected, .peerSilent].contains(kind) {
            lastFailure = detail
        }
        let before = life.state
        life.follow(link, because: lastFailure, at: now)
        if life.state == .connected { lastFailure = "" }
        return life.state != before
    }
}
