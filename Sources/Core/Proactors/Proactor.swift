import Channels
import Codecs
import Health
import Journals
import Logging
import Mqtt
import Nodes
import Timing
import Vocabulary

/// Where it all meets: takes the nodes' facts, shows the live values, hands history upstream, brings
/// commands to the nodes and their answers back. It never waits for hardware, disk or network.
public actor Proactor {
    /// Commands that one actuator may have in work; the next one is refused as busy.
    public static let commandsPerNode = 4
    /// How long upstreams have at a stop, once the nodes have stopped.
    static let upstreamStopTime = Duration.milliseconds(500)
    /// How many threads of one node may hang, each with its stack, beside the one that goes on.
    public static let mostAbandoned = 3
    /// How long sessions have to disconnect from their brokers.
    public static let closeTime = Duration.milliseconds(200)
    /// A fact with more readings is journalled in several pieces, so that no window is too small for it.
    static let largestFact = 16
    /// How often the nodes' heartbeats are looked at.
    static let watchPeriod = Duration.seconds(1)
    /// Quiet time after which a flood is reported as over.
    static let floodOver = Duration.seconds(10)
    /// The same for messages from upstream that are invalid.
    static let malformedOver = Duration.seconds(60)
    /// How long no other client may have taken an upstream's name before that fault is over; longer than
    /// two that push each other out ever wait.
    static let rivalryOver = Duration.seconds(300)

    /// Who works here now, and in which order nodes start and stop.
    nonisolated let order: NodeOrder
    /// Watches over the nodes.
    let supervisor: Supervisor
    /// The latest value of every channel, readable at any time from anywhere.
    public nonisolated let live: Feed<DataChannelName, LiveValue>

    let journal: any Journal
    let clock: any GatewayClock
    let logger: Logger
    /// Gives identities to commands that come without one.
    var chance: SeededGenerator
    var pumps: [UpstreamName: UpstreamPump] = [:]
    let inbox: FanIn<Fact>
    /// Channels and nodes that are gone from the layout: each new connection learns of them, too.
    var forgotten = FormerNames()
    /// The place at which the last reload was reported, and one that waits for the last facts of the nodes that
    /// it stopped.
    var reload: (at: JournalOffset, waiter: CheckedContinuation<Void, Never>?) = (0, nil)
    var faults = FaultBook()
    var progress = HistoryProgress()
    var deduplicator = CommandDeduplicator()
    /// What takes the nodes' facts, and the journal's news.
    private var tasks: (running: Task<Void, Never>?, keeping: Task<Void, Never>?) = (nil, nil)
    private(set) var isStopping = false
    /// The timekeeper's.
    let rest = InterruptibleSleep()
    /// Those who wait for the upstreams to have acknowledged everything.
    var quietWaiters: [CheckedContinuation<Void, Never>] = []

    /// - Parameter inbox: Where the nodes send their facts; the proactor is its one consumer.
    public init(
        profile: GatewayProfile, nodes: [ShNode], inbox: FanIn<Fact>, journal: any Journal,
        clock: any GatewayClock, chance: SeededGenerator, logger: Logger,
        interlocks: InterlockCoordinator = InterlockCoordinator()
    ) {
        live = Feed(clock: clock)
        (self.inbox, self.journal) = (inbox, journal)
        (self.clock, self.chance, self.logger) = (clock, chance, logger)
        order = NodeOrder(
            NodeRegistry(profile: profile, nodes: nodes, clock: clock), interlocks: interlocks,
            clock: clock, logger: logger)
        supervisor = Supervisor(order, inbox: inbox)
    }

    /// Opens the hardware and drives every actuator to its safe state.
    ///
    /// Relays come first, side by side; a node that hangs is left to itself after a second.
    public func start() async {
        let journal = journal
        tasks.keeping = Task { for await news in journal.news { self.take(news) } }
        record(GatewayEvent(.started, detail: profile.incarnation))
        tasks.running = Task { await self.run() }
        supervisor.start(in: self)
        await order.start()
        supervisor.hearDrivers(in: self)
    }

    /// Safe states first, then the last facts and the offline message upstream; everything bounded in time.
    ///
    /// - Parameter reason: Why, for the history.
    /// - Returns: Whether every actuator confirmed its safe state.
    @discardableResult
    public func stop(because reason: String = "stop requested") async -> Bool {
        isStopping = true
        let clock = clock
        let areSafe = await order.stop().isEmpty
        for requestQueue in requestQueues.values { requestQueue.stop(.failed("the gateway stops")) }
        supervisor.reportWork()
        inbox.close()
        await tasks.running?.value
        reload.waiter.take()?.resume()
        record(progress.pace.due(at: clock.now, isLast: true))
        record(GatewayEvent(.stopped, detail: reason))
        await publishOffline()
        await within(Self.closeTime, on: clock) {
            for task in await self.listeners { await task.value }
        }
        for pump in pumps.values { pump.cancel() }
        supervisor.cancel()
        live.close()
        tasks.keeping?.cancel()
        return areSafe
    }

    // MARK: - Upstreams

    /// Begins to publish to one upstream and to take its commands.
    public func attach(_ plan: UpstreamPlan) async {
        precondition(pumps[plan.name] == nil, "upstream \(plan.name) is attached once")
        let cursor = await journal.status()[plan.name]?.acknowledged ?? 0
        guard !isStopping else { return }
        let pump = UpstreamPump(
            plan: plan, journal: journal.identity, after: cursor,
            drops: progress.earlyDrops.removeValue(forKey: plan.name) ?? DropReporter(),
            clock: clock,
            chance: SeededGenerator(seed: chance.next(), for: plan.name.text))
        pumps[plan.name] = pump
        pump.start(in: self)
    }

    /// Earlier layouts had these, and this one has not: what brokers may still keep of them is taken back at
    /// each connection. To be called before upstreams are attached.
    public func forget(_ former: FormerNames) { forgotten.add(former) }

    // MARK: - Running

    private func run() async {
        await withTaskGroup { group in
            group.addTask { await self.keepTime() }
            while let batch = await inbox.nextBatch() {
                supervisor.note(batch.losses)
                take(batch.elements)
            }
            group.cancelAll()
        }
    }

    /// Takes facts in the order they come: shown at once, then kept until upstream has them.
    func take(_ facts: [Fact]) {
        guard !facts.isEmpty else { return }
        let facts = facts.map(corrected)
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
        for pump in pumps.values { pump.offer(values.keys) }
        record(progress.pace.admit(facts, at: clock.now))
    }

    /// Keeps facts until every upstream has them.
    func record(_ facts: [Fact]) {
        guard !facts.isEmpty else { return }
        // What was held may be labelled from before the clock was synchronised.
        let facts = facts.map(corrected)
        let offsets = journal.append(facts.flatMap(Self.pieces))
        progress.took(offsets, acknowledged: pumps.values.map(\.link.cursor), at: clock.now)
        if let index = facts.firstIndex(where: \.isReload) {
            let count = facts[...index].reduce(0) { $0 + Self.pieces(of: $1).count }
            reload.at = offsets.map { $0.lowerBound + JournalOffset(count) - 1 } ?? progress.newest
            reload.waiter.take()?.resume()
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
        faults.active[key] =
            fault.isOn ? ActiveFault(node: node, fault: fault, since: at) : nil
        supervisor.hearDriver(fault, of: node, among: faults.active, in: self)
        for pump in pumps.values { pump.faultsChanged() }
        var metadata: Logger.Metadata = ["node": "\(node)", "fault": "\(fault.kind.rawValue)"]
        if let channel = fault.channel { metadata["channel"] = "\(channel)" }
        logger.log(
            fault.isOn ? .faultRaised : .faultCleared, level: fault.isOn ? .warning : .notice,
            "\(fault.detail)", metadata: metadata)
    }

    private func note(_ event: GatewayEvent) {
        let metadata: Logger.Metadata = event.link.map { ["link": "\($0)"] } ?? [:]
        let (level, words) = self.words(event)
        // Kinds of events are distinguished as functions are, so that one hides no other where lines are limited.
        logger.log(
            LogKey(event.kind), level: level, "\(words)", metadata: metadata,
            function: event.kind.rawValue)
        guard event.kind == .clockSet else { return }
        supervisor.republishControl(in: self)
        // The journal moves the times of what it keeps, so it is asked again.
        progress.clockSets += 1
        for pump in pumps.values { pump.forgetAhead() }
    }

    // MARK: - Watching

    func watchNodes() {
        supervisor.noteDrops(of: live.subscribers)
        note(clock.look())
        supervisor.look(in: self)
    }
}
