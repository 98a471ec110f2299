import Channels
import Health
import Logging
import Nodes
import Vocabulary

/// Watches over the nodes: brings them their commands, says when one hangs or drops facts, starts it again,
/// tries on for the safe states of those that have left, and knows who may command what.
///
/// It has no isolation of its own: it is reached from its proactor only, which each call that needs it gets
/// as `proactor`.
final class Supervisor {
    let order: NodeOrder
    private var outbox: FanIn<Fact>.Source
    private var watches: [ShNodeName: NodeWatch] = [:]
    /// Each actuator's commands on their way to it.
    private var serving: [ShNodeName: Task<Void, Never>] = [:]
    /// Nodes that were given up; see Supervisor+restarts.swift.
    var abandoned: [ShNodeName: [AbandonedNode]] = [:]
    /// The interlocks of the layout, without those of before that count on for orphaned actuators.
    var layoutInterlocks: [Interlock]
    /// Who may command each actuator, as it was published last.
    private(set) var announcedControl: [ShNodeName: Control] = [:]
    /// Rung when that has changed. It remembers that it was rung, not how often: what is published is how things
    /// are.
    private let (controlChanges, controlWakeup) = AsyncStream<Void>.makeStream(
        bufferingPolicy: .bufferingNewest(1))
    private var controlling: Task<Void, Never>?
    /// Drivers and peers, as they are heard; see Supervisor+links.swift.
    var counterparts = LinkMonitors(capacity: 4_096)
    /// Rises with every status that is published.
    var statusSequence: UInt64 = 0
    /// Sources that send faster than their facts are taken.
    private var floods = ReportOnce<String>(quiet: Proactor.floodOver)
    private var drops = SlowConsumerReporter()

    init(_ order: NodeOrder, inbox: FanIn<Fact>) {
        self.order = order
        layoutInterlocks = order.interlocks.rules
        outbox = Self.source(order, inbox)
    }

    private static func source(_ order: NodeOrder, _ inbox: FanIn<Fact>) -> FanIn<Fact>.Source {
        inbox.source(named: "watch", capacity: order.registry.withLock(\.watchCapacity))
    }

    /// Looks after all nodes from now on.
    func start(in proactor: isolated Proactor) {
        for node in order.nodes.values { attend(node, in: proactor) }
        let changes = controlChanges
        controlling = Task {
            for await _ in changes { proactor.supervisor.publishControl(in: proactor) }
        }
        for node in order.nodes.values { watchControl(of: node) }
    }

    /// Looks after nobody any more.
    func cancel() { controlling?.cancel() }

    // MARK: - Nodes that come and go

    /// Looks after a node from now on, and brings it its commands.
    func attend(_ node: ShNode, in proactor: isolated Proactor) {
        watches[node.name] = NodeWatch(
            name: node.name, channels: node.component.channels,
            isSimulated: node.component.isSimulated)
        serve(node, in: proactor)
    }

    /// Another node goes on in the place of one that hung.
    func attend(successor node: ShNode, in proactor: isolated Proactor) {
        watches[node.name]?.restarted()
        serve(node, in: proactor)
    }

    /// Brings a node its commands, when it takes any.
    private func serve(_ node: ShNode, in proactor: isolated Proactor) {
        let name = node.name
        guard let queue = order.registry.withLock({ $0.requestQueues[name] }) else { return }
        // It ends with its request queue.
        serving[name] = Task { [proactor] in await proactor.serve(node, queue) }
    }

    /// Watches over other nodes from now on, beside those of before.
    func add(_ nodes: [ShNode], in proactor: isolated Proactor) {
        outbox = Self.source(order, proactor.inbox)
        for node in nodes {
            attend(node, in: proactor)
            watchControl(of: node)
        }
    }

    /// Looks after these no more.
    ///
    /// - Returns: The channels of which nothing is known any more.
    func dismiss(_ leaving: Set<ShNodeName>) -> Set<DataChannelName> {
        var gone: Set<DataChannelName> = []
        let left = order.registry.withLock { registry in
            let left = leaving.compactMap { name in
                registry.nodes[name].map { ($0, registry.requestQueues[name]) }
            }
            for name in leaving { registry.remove(name) }
            return left
        }
        for (node, requestQueue) in left {
            requestQueue?.stop(.failed("node \(node.name): the layout has changed"))
            gone.formUnion(node.component.channels.map(\.name))
        }
        for name in leaving {
            (watches[name], serving[name], announcedControl[name]) = (nil, nil, nil)
            forgetDriver(of: name)
        }
        return gone
    }

    // MARK: - Looking

    /// Looks at all heartbeats, and at what was lost on the way from nodes and to subscribers.
    func look(in proactor: isolated Proactor) {
        let stamp = order.clock.timestamp
        // They go through the inbox like all others, so that history has one order.
        for node in order.nodes.values {
            for fact in watches[node.name]?.look(
                at: node.heartbeat, lack: node.lacks?.detail, stamp: stamp) ?? []
            {
                outbox.send(fact)
            }
        }
        for fact in endedFloods(stamp) { outbox.send(fact) }
    }

    /// Logs what subscribers have lost, each at most once a minute.
    func noteDrops(of subscribers: [QueueStatus]) {
        for line in drops.look(at: subscribers, now: order.clock.now) {
            order.logger.warning(.subscriberSlow, "\(line)")
        }
    }

    /// Sources have sent faster than their facts were taken.
    func note(_ losses: [(source: String, count: Int)]) {
        let now = order.clock.now
        for loss in losses {
            guard floods.begin(loss.source, count: loss.count, at: now) else { continue }
            order.logger.warning(
                .nodeFlooding, "flooding: readings are dropped",
                metadata: ["node": "\(loss.source)"])
        }
    }

    /// A flood is reported upstream once it is over, with the number of facts that it cost.
    private func endedFloods(_ stamp: Timestamp) -> [Fact] {
        floods.ended(at: stamp.monotonic).compactMap { sender, count in
            guard let node = ShNodeName(sender) else { return nil }
            let detail = "node \(node): flooded; dropped \(count) of its records"
            return Fact(
                node: node, at: stamp,
                matter: .fault(Fault(kind: .dropped, isOn: false, detail: detail)))
        }
    }

    /// What the nodes have done since the start, all together.
    func reportWork() {
        let heartbeats = order.nodes.values.map(\.heartbeat.reading)
        let worst = heartbeats.map(\.worstLateness).max() ?? .zero
        var metadata: Logger.Metadata = [
            "worst-lateness": "\(worst.wholeNanoseconds / 1_000)us"
        ]
        for count in NodeCount.allCases {
            metadata[count.key] = "\(heartbeats.reduce(0) { $0 + $1.counts[count] })"
        }
        order.logger.notice(
            .gatewaySummary, "stopped \(heartbeats.count) nodes", metadata: metadata)
    }

    // MARK: - Who may command what

    private func watchControl(of node: ShNode) {
        guard node.component.safeState != nil else { return }
        let wakeup = controlWakeup
        announcedControl[node.name] = node.control.current
        node.control.onChange { wakeup.yield() }
    }

    private func publishControl(in proactor: isolated Proactor) {
        for name in announcedControl.keys {
            guard let control = proactor.control(of: name), let before = announcedControl[name],
                control != before
            else { continue }
            announcedControl[name] = control
            if control.overriddenBy != before.overriddenBy {
                let words =
                    control.overriddenBy.map { "overridden by \($0)" }
                    ?? "override by \(before.overriddenBy?.description ?? "?") ended"
                order.logger.notice(
                    control.overriddenBy == nil ? .overrideEnded : .overrideStarted, "\(words)",
                    metadata: ["node": "\(name)"])
            }
            proactor.controlChanged(of: [name])
        }
    }

    /// The wall clock was set: what was published in its terms is published again.
    func republishControl(in proactor: isolated Proactor) {
        proactor.controlChanged(of: announcedControl.filter { $0.value.until != nil }.map(\.key))
    }
}
