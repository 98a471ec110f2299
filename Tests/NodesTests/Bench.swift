import Channels
import Documents
import DriverKit
import Fakes
import Synchronization
import Vocabulary

@testable import Nodes

/// One scripted node on a clock that stands still, and what it says.
struct Bench {
    let clock = ManualClock()
    let inbox = FanIn<Fact>(capacity: 64)

    func channel(
        _ name: StaticString = "value", poll: Duration = .seconds(1),
        capture: Duration = .seconds(60), delta: Int64? = 1, summary: CaptureSummary = .last,
        plausibility: Plausibility = .anything
    ) -> DataChannel {
        DataChannel(
            name: DataChannelName(known: name), node: "node", source: "value", unit: .celsius,
            exponent: 0, pollPeriod: poll,
            capture: CaptureRule(period: capture, delta: delta, summary: summary),
            plausibility: plausibility)
    }

    func node(
        _ device: ScriptedDevice, _ channels: [DataChannel]? = nil, name: StaticString = "node",
        actuates: Bool = false, safeState: SafeState? = nil, rules: GuardRules = GuardRules(),
        coordinator: InterlockCoordinator = InterlockCoordinator(),
        snapshot: ChannelSnapshot = ChannelSnapshot(),
        counters: (any CounterStore)? = nil, isSimulated: Bool = false
    ) -> ShNode {
        let place = Place(path: "", line: 1, column: 1)
        let component = Component(
            name: "device", model: "scripted",
            settings: Settings(JsonNode(.group([]), at: place), described: []),
            channels: channels ?? [channel()], safeState: safeState, isSimulated: isSimulated)
        return ShNode(
            name: ShNodeName(known: name), component: component, rules: rules,
            coordinator: coordinator,
            snapshot: snapshot, counters: counters,
            outbox: inbox.source(named: name.description), clock: clock,
            open: device.opener(actuates: actuates))
    }

    /// Starts a node. Returns once it has read its device for the first time.
    func start(_ node: ShNode) async {
        await node.start()
        await clock.sleepers(1)
    }

    /// All facts up to and including the first for which `isLast` holds.
    func facts(until isLast: (Fact) -> Bool) async -> [Fact] {
        var facts: [Fact] = []
        while let batch = await inbox.nextBatch() {
            facts += batch.elements
            if facts.contains(where: isLast) { return facts }
        }
        return facts
    }

    /// Has a node carry out a command that came in just now.
    func apply(_ command: Command, to node: ShNode) async -> CommandOutcome {
        // Only an expiry can be wrong, and these commands have none.
        await node.apply(command, by: try! CommandDeadline(of: command, at: clock.timestamp))
    }

    /// The next batch of facts.
    func nextFacts() async -> [Fact] { await inbox.nextBatch()?.elements ?? [] }

    /// Moves on to each moment that a node waits for, until `duration` has passed.
    func pass(_ duration: Duration, nodes: Int = 1) async {
        let end = clock.now.advanced(by: duration)
        while true {
            await clock.sleepers(nodes, threads: nodes)
            guard let next = clock.nextDeadline, next <= end else { break }
            clock.advance(by: max(.zero, clock.now.duration(to: next)))
        }
        clock.advance(by: clock.now.duration(to: end))
    }

    /// Moves on 10 ms at a time until `work` is done.
    func pass<Result: Sendable>(
        _ nodes: ShNode..., until work: Task<Result, Never>
    ) async -> Result {
        let isDone = Atomic(false)
        async let result = {
            let result = await work.value
            isDone.store(true, ordering: .releasing)
            return result
        }()
        await pass(nodes) { isDone.load(ordering: .acquiring) }
        return await result
    }

    /// Moves on 10 ms at a time until `isDone`, each once the threads of `nodes` have done what needs no
    /// time: so that no time limit is over only because one had no turn.
    func pass(_ nodes: [ShNode], until isDone: () async -> Bool) async {
        while await !isDone() {
            for _ in 0..<2 {
                for node in nodes { await node.hop() }
            }
            clock.advance(by: .milliseconds(10))
        }
    }
}

// A turn on its thread: what was asked of it before is done, or waits for something.
extension ShNode { func hop() {} }

extension Fact {
    var values: [Int64] {
        guard case .readings(let readings) = matter else { return [] }
        return readings.map(\.value)
    }

    var qualities: [Quality] {
        guard case .readings(let readings) = matter else { return [] }
        return readings.map(\.quality)
    }

    var fault: Fault? {
        guard case .fault(let fault) = matter else { return nil }
        return fault
    }
}
