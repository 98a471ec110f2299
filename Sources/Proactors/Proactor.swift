import Channels
import Journals
import Logging
import Nodes
import Synchronization
import Upstreams
import Vocabulary

/// Where it all meets: takes the nodes' facts, shows the live values, hands history upstream, brings
/// commands to the nodes and their answers back. It never waits for hardware, disk or network.
public actor Proactor {
    /// How long a node has for one command before the asker hears that it is late.
    public static let commandTime = Duration.seconds(2)
    /// How long nodes, and after them upstreams, have at a stop.
    public static let stopTime = (nodes: Duration.seconds(1), upstreams: Duration.milliseconds(500))
    /// How often the nodes' signs of life are looked at.
    static let watchPeriod = Duration.seconds(1)
    /// Quiet time after which a flood is told to be over.
    static let floodOver = Duration.seconds(10)

    public nonisolated let profile: GatewayProfile
    /// The latest value of every channel, readable at any time from anywhere.
    public nonisolated let live = Feed<DataChannelName, LiveValue>()

    let journal: any Journal
    let clock: any GatewayClock
    let logger: Logger
    /// Gives identities to commands that come without one.
    var chance: SeededGenerator
    var lines: [UpstreamName: UpstreamLine] = [:]
    private let nodes: [ShNodeName: ShNode]
    private let inbox: Mailbox<Fact>
    private var watches: [ShNodeName: NodeWatch] = [:]
    /// Everything that is wrong right now.
    private(set) var standing: [TroubleKey: StandingTrouble] = [:]
    private var floods: [String: (count: Int, last: MonotonicInstant)] = [:]
    private var desk = CommandDesk()
    private var running: Task<Void, Never>?
    private var listening: [Task<Void, Never>] = []
    /// Whoever waits for the upstreams to have acknowledged everything.
    var quietWaiters: [CheckedContinuation<Void, Never>] = []

    /// - Parameter inbox: Where the nodes send their facts; the proactor is its one consumer.
    public init(
        profile: GatewayProfile, nodes: [ShNode], inbox: Mailbox<Fact>, journal: any Journal,
        clock: any GatewayClock, chance: SeededGenerator, logger: Logger
    ) {
        (self.profile, self.inbox, self.journal) = (profile, inbox, journal)
        (self.clock, self.chance, self.logger) = (clock, chance, logger)
        self.nodes = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0) })
    }

    /// Opens the hardware and drives every actuator to its safe state.
    ///
    /// Relays come first, side by side; a node that hangs is left to itself after a second.
    public func start() async {
        for node in nodes.values {
            watches[node.name] = NodeWatch(name: node.name, channels: node.component.channels)
        }
        running = Task { await self.run() }
        await startNodes { $0.component.safeState != nil }
        await startNodes { $0.component.safeState == nil }
    }

    /// Begins to publish to one upstream and to take its commands.
    public func attach(_ plan: UpstreamPlan) {
        precondition(lines[plan.name] == nil, "upstream \(plan.name) is attached once")
        var line = UpstreamLine(plan: plan)
        line.mustTellStanding = true
        lines[plan.name] = line
        listening.append(
            Task { for await news in plan.session.news { await self.take(news, plan.name) } })
        plan.session.connect()
    }

    /// Safe states first, then the farewell upstream; everything bounded in time.
    public func stop() async {
        let clock = clock
        await withTaskGroup { group in
            for node in nodes.values {
                group.addTask {
                    guard await within(Self.stopTime.nodes, on: clock, { await node.stop() }) == nil
                    else { return }
                    self.logger.error(
                        "did not stop in time; its line may not be in the safe state",
                        metadata: ["node": "\(node.name)"])
                }
            }
        }
        tellWork()
        inbox.close()
        await running?.value
        await sayFarewell()
        for task in listening { task.cancel() }
        live.close()
    }

    /// Carries out one command. Returns within `commandTime`, with exactly one answer.
    public func carryOut(_ command: Command) async -> CommandAnswer {
        let metadata: Logger.Metadata = ["node": "\(command.node)", "command": "\(command.id)"]
        guard let node = nodes[command.node] else {
            return .refused("there is no node \(command.node)")
        }
        switch desk.take(command, now: clock.wallTime) {
        case .answer(let answer):
            logger.notice("command not carried out: \(answer.words)", metadata: metadata)
            return answer
        case .carryOut: break
        }
        let answer =
            await within(Self.commandTime, on: clock) { await node.apply(command) }
            ?? .late("node \(command.node): no answer within \(Self.commandTime.layoutText)")
        desk.finished(command, answer)
        logger.notice(
            "\(command.orderedBy) asked for \(command.value): \(answer.words)", metadata: metadata)
        return answer
    }

    // MARK: - Running

    private func run() async {
        await withTaskGroup { group in
            group.addTask { await self.watchNodes() }
            while let batch = await inbox.next() {
                noteLosses(batch.losses)
                await take(batch.letters)
            }
            group.cancelAll()
        }
    }

    private func startNodes(_ isTheirTurn: (ShNode) -> Bool) async {
        let clock = clock
        await withTaskGroup { group in
            for node in nodes.values where isTheirTurn(node) {
                group.addTask { await within(.seconds(1), on: clock) { await node.start() } }
            }
        }
    }

    /// Takes facts in the order they come: shown at once, then kept until upstream has them.
    private func take(_ facts: [Fact]) async {
        guard !facts.isEmpty else { return }
        var values: [DataChannelName: LiveValue] = [:]
        for fact in facts {
            switch fact.matter {
            case .readings(let readings):
                for reading in readings {
                    values[reading.channel] = LiveValue(
                        node: fact.node, reading: reading, at: fact.at)
                }
            case .trouble(let trouble): note(trouble, of: fact.node, at: fact.at.wall)
            }
        }
        live.send(values)
        do {
            _ = try await journal.append(facts)
        } catch {
            logger.error("the journal refused \(facts.count) facts: \(error.detail)")
        }
        for name in lines.keys {
            lines[name]?.unsentLive.merge(values) { $1 }
            await pump(name)
        }
    }

    private func note(_ trouble: Trouble, of node: ShNodeName, at: WallTime) {
        let key = TroubleKey(node: node, channel: trouble.channel, kind: trouble.kind)
        standing[key] =
            trouble.isOn ? StandingTrouble(node: node, trouble: trouble, since: at) : nil
        for name in lines.keys { lines[name]?.mustTellStanding = true }
        var metadata: Logger.Metadata = ["node": "\(node)", "trouble": "\(trouble.kind.rawValue)"]
        if let channel = trouble.channel { metadata["channel"] = "\(channel)" }
        logger.log(
            level: trouble.isOn ? .warning : .notice, "\(trouble.detail)", metadata: metadata)
    }

    // MARK: - Watching

    private func watchNodes() async {
        while (try? await clock.sleep(until: clock.now.advanced(by: Self.watchPeriod))) != nil {
            let stamp = clock.timestamp
            var facts: [Fact] = []
            for node in nodes.values {
                facts += watches[node.name]?.look(at: node.pulse.reading, stamp: stamp) ?? []
            }
            await take(facts + endedFloods(stamp))
        }
    }

    /// What the nodes have done since the start, all together.
    private func tellWork() {
        let pulses = nodes.values.map(\.pulse.reading)
        let worst = pulses.map(\.worstLateness).max() ?? .zero
        logger.notice(
            "\(nodes.count) nodes are let go",
            metadata: [
                "polls": "\(pulses.map(\.polls).reduce(0, +))",
                "skipped": "\(pulses.map(\.skipped).reduce(0, +))",
                "failures": "\(pulses.map(\.failures).reduce(0, +))",
                "worst-lateness": "\(worst.wholeNanoseconds / 1_000)us",
            ])
    }

    private func noteLosses(_ losses: [(sender: String, count: Int)]) {
        for loss in losses {
            if floods[loss.sender] == nil {
                logger.warning(
                    "floods: facts are being dropped", metadata: ["node": "\(loss.sender)"])
            }
            floods[loss.sender, default: (0, clock.now)].count += loss.count
            floods[loss.sender]?.last = clock.now
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
                matter: .trouble(Trouble(kind: .dropped, isOn: false, detail: detail)))
        }
    }
}

/// What makes one trouble the same as another.
struct TroubleKey: Hashable, Sendable {
    let node: ShNodeName
    let channel: DataChannelName?
    let kind: Trouble.Kind
}

extension CommandAnswer {
    /// The answer in words, for logs.
    public var words: String {
        switch self {
        case .confirmed(let reading, _): "confirmed \(reading.value)"
        case .refused(let why): "refused, \(why)"
        case .failed(let why): "failed, \(why)"
        case .late(let why): "late, \(why)"
        }
    }
}
