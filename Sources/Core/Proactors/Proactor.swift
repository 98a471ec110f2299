import Channels
import Codecs
import Journals
import Links
import Logging
import Mqtt
import Nodes
import Vocabulary

/// Where it all meets: takes the nodes' facts, shows the live values, hands history upstream, brings
/// commands to the nodes and their answers back. It never waits for hardware, disk or network.
public actor Proactor {
    /// How long a node has for one command before the requester hears that it is late.
    public static let commandTime = Duration.seconds(2)
    /// Commands that one actuator may have under way; the next one is refused as busy.
    public static let commandsPerNode = 4
    /// How long nodes, and after them upstreams, have at a stop.
    public static let stopTime = (
        nodes: Duration.milliseconds(800), upstreams: Duration.milliseconds(500)
    )
    /// How long actuators have at most for their safe states, however long their feedback takes: all of
    /// a stop must fit into the ten seconds that the service manager grants.
    public static let longestStop = Duration.seconds(5)
    /// What is left after that for those that waited for a confirmation only.
    static let lastDrive = Duration.milliseconds(300)
    /// How long sessions have to say goodbye to their brokers.
    public static let closeTime = Duration.milliseconds(200)
    /// A fact with more readings is told in several pieces, so that no window is too small for it.
    static let largestFact = 16
    /// How often the nodes' heartbeats are looked at.
    static let watchPeriod = Duration.seconds(1)
    /// Quiet time after which a flood is told to be over.
    static let floodOver = Duration.seconds(10)
    /// The same for messages from upstream that make no sense.
    static let nonsenseOver = Duration.seconds(60)
    /// How long no other client may have taken an upstream's name before that fault is over; longer than
    /// two that push each other out ever wait.
    static let rivalryOver = Duration.seconds(300)

    /// Who works here now; see Proactor+reload.swift.
    nonisolated let nodeRegistry: Guarded<NodeRegistry>
    /// The latest value of every channel, readable at any time from anywhere.
    public nonisolated let live: Feed<DataChannelName, LiveValue>

    let journal: any Journal
    let clock: any GatewayClock
    let logger: Logger
    /// Gives identities to commands that come without one.
    var chance: SeededGenerator
    var pumps: [UpstreamName: UpstreamPump] = [:]
    /// Drivers and peers, as they are heard; see Proactor+status.swift.
    var counterparts = LinkMonitors(capacity: 4_096)
    /// The session of each upstream, for whoever watches over it.
    nonisolated let sessions = Guarded<[UpstreamName: any Upstream]>([:])
    /// Rises with every status that is told.
    var statusSequence: UInt64 = 0
    /// The one that all actuators ask; see Proactor+guards.swift.
    let interlocks: InterlockCoordinator
    /// Who may command each actuator, as everyone was told last.
    var told: [ShNodeName: Control] = [:]
    /// Rung when an authority has changed.
    var controlWakeup: AsyncStream<Void>.Continuation?
    let inbox: FanIn<Fact>
    var watchOutbox: FanIn<Fact>.Source
    var watches: [ShNodeName: NodeWatch] = [:]
    /// Nodes that were given up; see Proactor+restarts.swift.
    var abandoned: [ShNodeName: [AbandonedNode]] = [:]
    /// Each actuator's commands on their way to it.
    var serving: [ShNodeName: Task<Void, Never>] = [:]
    /// Channels and actuators that are gone from the layout: whoever connects is told, too.
    var forgotten: (channels: Set<DataChannelName>, actuators: Set<ShNodeName>) = ([], [])
    /// The interlocks of the layout, without those of before that count on for orphaned actuators.
    var layoutInterlocks: [Interlock]
    /// A reload that waits for the last facts of the nodes that it stopped.
    var reloading: CheckedContinuation<Void, Never>?
    /// The place at which the last reload was told.
    private(set) var reloadedAt: Sequence64 = 0
    /// Everything that is wrong right now.
    var faults: [FaultKey: ActiveFault] = [:]
    private var floods: [String: (count: Int, last: MonotonicInstant)] = [:]
    var desk = CommandDeduplicator()
    private var running: Task<Void, Never>?
    private var keeping: Task<Void, Never>?
    /// Has everyone told who may command what.
    private var controlling: Task<Void, Never>?
    private(set) var isStopping = false
    /// The timekeeper's sleep, and until when.
    var resting: (sleep: Task<Void, Never>, until: MonotonicInstant)?
    /// By how much labels were wrong before the clock was sure; nil until that is known.
    var labelsWereOff: Duration?
    /// The last fact that was taken into the journal.
    private(set) var newest: Sequence64 = 0
    private(set) var backlogAge = BacklogAge()
    var drops = SlowConsumerReporter()
    /// Everything up to here is kept.
    var committed: Sequence64 = 0
    /// Everything up to here may be published; more than is kept while the disk takes nothing.
    var readable: Sequence64 = 0
    /// How often the wall clock was set.
    private(set) var clockSets = 0
    /// What upstreams have lost before they were attached.
    var earlyDrops: [UpstreamName: DropReporter] = [:]
    /// Messages from upstream that made no sense, since when that was last told to be over.
    var malformed: (count: Int, last: MonotonicInstant)?
    /// Upstreams whose name another client took, and when last.
    var rivals: [UpstreamName: MonotonicInstant] = [:]
    /// Whoever waits for the upstreams to have acknowledged everything.
    var quietWaiters: [CheckedContinuation<Void, Never>] = []

    /// - Parameter inbox: Where the nodes send their facts; the proactor is its one consumer.
    public init(
        profile: GatewayProfile, nodes: [ShNode], inbox: FanIn<Fact>, journal: any Journal,
        clock: any GatewayClock, chance: SeededGenerator, logger: Logger,
        interlocks: InterlockCoordinator = InterlockCoordinator()
    ) {
        self.interlocks = interlocks
        layoutInterlocks = interlocks.rules
        live = Feed(clock: clock)
        let nodeRegistry = NodeRegistry(profile: profile, nodes: nodes, clock: clock)
        self.nodeRegistry = Guarded(nodeRegistry)
        (self.inbox, self.journal) = (inbox, journal)
        (self.clock, self.chance, self.logger) = (clock, chance, logger)
        watchOutbox = inbox.source(named: "watch", capacity: nodeRegistry.watchCapacity)
    }

    /// Opens the hardware and drives every actuator to its safe state.
    ///
    /// Relays come first, side by side; a node that hangs is left to itself after a second.
    public func start() async {
        let journal = journal
        keeping = Task { for await news in journal.news { self.take(news) } }
        tell(GatewayEvent(.started, detail: profile.incarnation))
        for node in nodes.values { attend(node) }
        running = Task { await self.run() }
        controlling = watchControl()
        // Interlocked relays in an order in which none waits for another.
        for relays in nodesByRank { await startNodes { relays.contains($0.name) } }
        await startNodes { $0.component.safeState == nil }
        hearDrivers()
    }

    /// Safe states first, then the last facts and the offline message upstream; everything bounded in time.
    ///
    /// - Parameter reason: Why, for the history.
    /// - Returns: Whether every actuator confirmed its safe state.
    @discardableResult
    public func stop(because reason: String = "a stop was asked for") async -> Bool {
        isStopping = true
        let clock = clock
        let areSafe = await stopNodes().isEmpty
        for requestQueue in requestQueues.values { requestQueue.stop(.failed("the gateway stops")) }
        reportWork()
        inbox.close()
        await running?.value
        reloading.take()?.resume()
        tell(GatewayEvent(.stopped, detail: reason))
        await sayFarewell()
        await within(Self.closeTime, on: clock) {
            for task in await self.listeners { await task.value }
        }
        for pump in pumps.values { pump.cancel() }
        controlling?.cancel()
        live.close()
        keeping?.cancel()
        return areSafe
    }

    /// Tells when a node that stopped is not known to be safe.
    ///
    /// - Parameter answer: Nil when the node did not come back; nil inside when it had nothing to confirm.
    nonisolated func isSafe(_ node: ShNode, _ answer: CommandAnswer??) -> Bool {
        switch answer {
        case .some(.some(.confirmed)), .some(.none): return true
        case .some(.some(let answer)):
            logger.error(
                "not confirmed in its safe state: \(answer.words)",
                metadata: ["node": "\(node.name)"])
            return false
        case .none:
            logger.error("did not stop in time", metadata: ["node": "\(node.name)"])
            // What only measures has no state to be safe in.
            return node.component.safeState?.value == nil
        }
    }

    // MARK: - Upstreams

    /// Begins to publish to one upstream and to take its commands.
    public func attach(_ plan: UpstreamPlan) async {
        precondition(pumps[plan.name] == nil, "upstream \(plan.name) is attached once")
        let cursor = await journal.status()[plan.name]?.acknowledged ?? 0
        guard !isStopping else { return }
        let pump = UpstreamPump(
            plan: plan, journal: journal.identity, after: cursor,
            drops: earlyDrops.removeValue(forKey: plan.name) ?? DropReporter(), clock: clock,
            chance: SeededGenerator(seed: chance.next(), for: plan.name.text))
        pumps[plan.name] = pump
        pump.start(in: self)
    }

    /// Earlier layouts had these, and this one has not: what brokers may still keep of them is taken back at
    /// each connection. To be told before upstreams are attached.
    public func forget(channels: [DataChannelName], actuators: [ShNodeName]) {
        forgotten = (forgotten.channels.union(channels), forgotten.actuators.union(actuators))
    }

    // MARK: - Running

    private func run() async {
        await withTaskGroup { group in
            group.addTask { await self.keepTime() }
            while let batch = await inbox.nextBatch() {
                noteLosses(batch.losses)
                take(batch.elements)
            }
            group.cancelAll()
        }
    }

    func startNodes(_ isTheirTurn: (ShNode) -> Bool) async {
        let clock = clock
        await withTaskGroup { group in
            for node in nodes.values where isTheirTurn(node) {
                group.addTask {
                    guard await within(.seconds(1), on: clock, { await node.start() }) == nil else {
                        return
                    }
                    self.logger.error(
                        "has not opened its device yet", metadata: ["node": "\(node.name)"])
                }
            }
        }
    }

    /// Takes facts in the order they come: shown at once, then kept until upstream has them.
    func take(_ facts: [Fact]) {
        guard !facts.isEmpty else { return }
        let facts = facts.map(righted)
        var values: [DataChannelName: LiveValue] = [:]
        for fact in facts {
            switch fact.matter {
            case .readings(let readings):
                for reading in readings {
                    values[reading.channel] = LiveValue(
                        node: fact.node, reading: reading, at: fact.at)
                }
            case .fault(let fault): note(fault, of: fact.node, at: fact.at.wall)
            case .event(let event): note(event)
            }
        }
        live.send(values.lazy.map { (key: $0.key, value: $0.value) })
        for pump in pumps.values { pump.offer(values) }
        let places = journal.append(facts.flatMap(Self.pieces))
        newest = max(newest, places?.upperBound ?? 0)
        backlogAge.note(through: newest, at: clock.now)
        backlogAge.forget(through: pumps.values.map(\.link.cursor).min() ?? newest)
        if let index = facts.firstIndex(where: \.isReload) {
            let count = facts[...index].reduce(0) { $0 + Self.pieces(of: $1).count }
            reloadedAt = places.map { $0.lowerBound + Sequence64(count) - 1 } ?? newest
            reloading.take()?.resume()
        }
        for pump in pumps.values { pump.wake() }
    }

    private static func pieces(of fact: Fact) -> [Fact] {
        guard case .readings(let readings) = fact.matter, readings.count > largestFact else {
            return [fact]
        }
        return stride(from: 0, to: readings.count, by: largestFact).map { start in
            let piece = Array(readings[start..<min(start + largestFact, readings.count)])
            return Fact(node: fact.node, at: fact.at, matter: .readings(piece))
        }
    }

    private func note(_ fault: Fault, of node: ShNodeName, at: WallTime) {
        let key = FaultKey(node: node, channel: fault.channel, kind: fault.kind)
        faults[key] =
            fault.isOn ? ActiveFault(node: node, fault: fault, since: at) : nil
        hearDriver(fault, of: node)
        for pump in pumps.values { pump.faultsChanged() }
        var metadata: Logger.Metadata = ["node": "\(node)", "fault": "\(fault.kind.rawValue)"]
        if let channel = fault.channel { metadata["channel"] = "\(channel)" }
        logger.log(
            level: fault.isOn ? .warning : .notice, "\(fault.detail)", metadata: metadata)
    }

    private func note(_ event: GatewayEvent) {
        let metadata: Logger.Metadata = event.link.map { ["link": "\($0)"] } ?? [:]
        let (level, words) = self.words(event)
        // Kinds of events are told apart as functions are, so that one hides no other where lines are limited.
        logger.log(level: level, "\(words)", metadata: metadata, function: event.kind.rawValue)
        guard event.kind == .clockSet else { return }
        republishControl()
        // The journal moves the times of what it keeps, so it is asked again.
        clockSets += 1
        for pump in pumps.values { pump.forgetAhead() }
    }

    // MARK: - Watching

    func watchNodes() {
        noteDrops()
        note(clock.look())
        let stamp = clock.timestamp
        // They go through the inbox like all others, so that history has one order.
        for node in nodes.values {
            for fact in watches[node.name]?.look(
                at: node.heartbeat, lack: node.lacks?.detail, stamp: stamp) ?? []
            {
                watchOutbox.send(fact)
            }
        }
        for fact in endedFloods(stamp) { watchOutbox.send(fact) }
    }

    /// What the nodes have done since the start, all together.
    private func reportWork() {
        let heartbeats = nodes.values.map(\.heartbeat.reading)
        let worst = heartbeats.map(\.worstLateness).max() ?? .zero
        logger.notice(
            "\(nodes.count) nodes are released",
            metadata: [
                "polls": "\(heartbeats.map(\.polls).reduce(0, +))",
                "skipped": "\(heartbeats.map(\.skipped).reduce(0, +))",
                "failures": "\(heartbeats.map(\.failures).reduce(0, +))",
                "worst-lateness": "\(worst.wholeNanoseconds / 1_000)us",
            ])
    }

    private func noteLosses(_ losses: [(source: String, count: Int)]) {
        for loss in losses {
            if floods[loss.source] == nil {
                logger.warning(
                    "floods: facts are being dropped", metadata: ["node": "\(loss.source)"])
            }
            floods[loss.source, default: (0, clock.now)].count += loss.count
            floods[loss.source]?.last = clock.now
        }
    }

    /// A flood is told upstream once it is over, with the number of facts that it cost.
    private func endedFloods(_ stamp: Timestamp) -> [Fact] {
        let ended = floods.filter { $0.value.last.duration(to: stamp.monotonic) > Self.floodOver }
        return ended.compactMap { sender, flood in
            floods[sender] = nil
            guard let node = ShNodeName(sender) else { return nil }
            let detail = "node \(node): flooded; \(flood.count) of its facts were dropped"
            return Fact(
                node: node, at: stamp,
                matter: .fault(Fault(kind: .dropped, isOn: false, detail: detail)))
        }
    }
}

/// A command on its way to its actuator.
struct PendingCommand: Sendable {
    let command: Command
    /// It is not carried out when it could not be begun by then: what a feedback takes is no time to
    /// begin in.
    let latestStart: MonotonicInstant
    /// When it must not be carried out any more, also where it waits for a limit.
    let expires: MonotonicInstant?
}

/// What makes one fault the same as another.
struct FaultKey: Hashable, Sendable {
    let node: ShNodeName
    let channel: DataChannelName?
    let kind: Fault.Kind
}
