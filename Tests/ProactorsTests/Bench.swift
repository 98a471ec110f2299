import Codecs
import Delivery
import Documents
import DriverKit
import Fakes
import Journals
import Logging
import Mqtt
import Nodes
import Synchronization
import Vocabulary

@testable import Channels
@testable import Proactors

/// A whole gateway on scripted devices, a simulated broker and a clock that stands still.
struct Bench {
    let clock: ManualClock
    let broker = SimulatedUpstream()
    let journal: SimulatedJournal
    let proactor: Proactor
    let nodes: [ShNode]
    /// Makes one more node that shares everything with the others.
    let makeNode: @Sendable (Device) -> ShNode

    struct Device: Sendable {
        let name: StaticString
        let device: ScriptedDevice
        var isRelay = false
        var rules = GuardRules()
        var poll = Duration.seconds(1)
        var capture = Duration.seconds(60)
    }

    init(
        _ devices: Device..., queue: Int = 1_000, others: [UpstreamName: Int] = [:],
        interlocks: [Interlock] = [], isTimeSynchronised: Bool = true
    ) {
        clock = ManualClock(isSynchronised: isTimeSynchronised)
        let coordinator = InterlockCoordinator(interlocks)
        let snapshot = ChannelSnapshot()
        let inbox = FanIn<Fact>(capacity: 256)
        let clock = clock
        let makeNode = { @Sendable (device: Device) in
            let name = ShNodeName(known: device.name)
            let channel = DataChannel(
                name: DataChannelName(known: device.name), node: name, source: "value",
                unit: device.isRelay ? .onOff : .celsius, exponent: 0, pollPeriod: device.poll,
                capture: CaptureRule(period: device.capture, delta: 1))
            let place = Place(path: "", line: 1, column: 1)
            let component = Component(
                name: ComponentName(known: device.name), model: "scripted",
                settings: Settings(JsonNode(.group([]), at: place), described: []),
                channels: [channel], safeState: device.isRelay ? .off : nil)
            return ShNode(
                name: name, component: component, rules: device.rules, coordinator: coordinator,
                snapshot: snapshot, outbox: inbox.source(named: device.name.description),
                clock: clock,
                open: device.device.opener(actuates: device.isRelay))
        }
        self.makeNode = makeNode
        nodes = devices.map(makeNode)
        journal = SimulatedJournal(upstreams: others.merging(["site": queue]) { $1 })
        proactor = Proactor(
            profile: GatewayProfile(gateway: "d1.test.scada", incarnation: "1", nodes: []),
            nodes: nodes, inbox: inbox, journal: journal,
            clock: clock, chance: SeededGenerator(seed: 1), logger: Logger(label: "test"),
            interlocks: coordinator)
    }

    /// Starts the nodes and attaches the broker, which does not answer yet.
    func start(window: Int = 20, codec: any Codec = SimulatedCodec()) async {
        await proactor.start()
        await attach("site", broker, codec, window: window)
    }

    func attach(
        _ name: UpstreamName, _ broker: SimulatedUpstream, _ codec: any Codec, window: Int = 20
    ) async {
        await proactor.attach(
            UpstreamPlan(
                name: name, session: broker, codec: codec,
                rules: LinkRules(window: window, attempts: 3)))
    }

    /// How far the link of an upstream is.
    func state(_ name: UpstreamName = "site") async -> Link<MqttMessage>.State? {
        await proactor.linkState(of: name)
    }

    /// Somebody publishes a command.
    func order(
        _ node: String, _ id: String, _ value: Int, isRetained: Bool = false,
        expires: WallTime? = nil
    ) {
        let words = "\(id) \(value) \(expires?.iso8601 ?? "")"
        broker.deliver(
            MqttMessage(
                topic: "set/\(node)", payload: Array(words.utf8), isRetained: isRetained))
    }

    /// What was published to `topic`, in order; waits until there are `count`.
    func published(_ topic: String, _ count: Int) async -> [String] {
        while true {
            let all = broker.published
            let found = all.filter { $0.topic == topic }
            if found.count >= count { return found.map(\.text) }
            await broker.published(all.count + 1)
        }
    }

    /// What was published there last so far.
    func last(_ topic: String) -> String? {
        broker.published.last { $0.topic == topic }?.text
    }

    /// Moves on 10 ms at a time until `work` is done.
    ///
    /// - Parameter hanging: Nodes whose threads hang, or will.
    func pass(until work: Task<Void, Never>, hanging: Set<ShNodeName> = []) async {
        let isDone = Atomic(false)
        async let _: Void = {
            await work.value
            isDone.store(true, ordering: .releasing)
        }()
        await pass(hanging: hanging) { isDone.load(ordering: .acquiring) }
    }

    /// Moves on to the next moment that somebody waits for, at most 100 ms, until `isDone`; each time once
    /// everybody has done what needs no time, so that no time limit is over only because a thread had no
    /// turn.
    func pass(hanging: Set<ShNodeName> = [], until isDone: () async -> Bool) async {
        while await !isDone() {
            await settle(hanging: hanging)
            let wait = clock.nextDeadline.map { clock.now.duration(to: $0) } ?? .zero
            clock.advance(by: min(max(wait, .milliseconds(10)), .milliseconds(100)))
        }
    }

    /// Gives each node's thread and the proactor turns, as many as a command needs on its way and back.
    func settle(hanging: Set<ShNodeName> = []) async {
        // Those that serve the nodes take each command at once, as soon as they have a turn.
        for queue in proactor.requestQueues.values { await queue.empty() }
        for _ in 0..<3 {
            for (name, node) in proactor.nodes where !hanging.contains(name) { await node.hop() }
            await proactor.turn()
            await Task.yield()
        }
    }

    /// Moves on to each moment that somebody waits for, until `duration` has passed; each time, and at the
    /// end, once everybody has done what was due.
    ///
    /// - Parameter threads: How many nodes' threads do not hang; all when nothing is said.
    func pass(_ duration: Duration, threads: Int? = nil) async {
        let end = clock.now.advanced(by: duration)
        while true {
            await calm(threads: threads)
            guard let next = clock.nextDeadline, next <= end else { break }
            clock.advance(by: max(.zero, clock.now.duration(to: next)))
        }
        clock.advance(by: clock.now.duration(to: end))
        await calm(threads: threads)
    }

    /// The nodes' threads sleep again, and the proactor has taken what they said. The watch over the nodes
    /// always sleeps, too.
    private func calm(threads: Int?) async {
        let threads = threads ?? nodes.count
        await clock.sleepers(threads + 1, threads: threads)
        await proactor.inbox.rest()
    }
}

// A turn on its thread: what was asked of it before is done, or waits for something.
extension ShNode { func hop() {} }

extension Parking {
    /// Has `onlooker` look again when the next task comes.
    fileprivate mutating func look(_ onlooker: CheckedContinuation<Bool, Never>) {
        let before = onArrival
        onArrival = {
            before?()
            onlooker.resume(returning: false)
        }
    }
}

extension FanIn {
    /// Returns once all was taken and nothing of it is in work.
    fileprivate func rest() async {
        while await !withCheckedContinuation({ onlooker in
            state.withLock { state in
                guard state.cause == nil, !state.parking.isTaken else {
                    return onlooker.resume(returning: true)
                }
                state.parking.look(onlooker)
            }
        }) {}
    }
}

extension RequestQueue {
    /// Returns once every question was taken.
    fileprivate func empty() async {
        while await !withCheckedContinuation({ onlooker in
            state.withLock { state in
                guard state.cause == nil, !state.waiting.isEmpty else {
                    return onlooker.resume(returning: true)
                }
                state.parking.look(onlooker)
            }
        }) {}
    }
}

extension Proactor {
    func linkState(of upstream: UpstreamName) -> Link<MqttMessage>.State? {
        pumps[upstream]?.link.state
    }

    /// How many of its topics' refusals the broker has given a reason for.
    func refusals(by upstream: UpstreamName) -> Int? { pumps[upstream]?.refusals.count }
}
