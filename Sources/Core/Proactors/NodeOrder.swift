import Logging
import Nodes
import Timing
import Vocabulary

/// In which order nodes start, stop and go to their safe states.
///
/// It needs nobody's isolation: any thread may ask for safe states, although the proactor stands still.
final class NodeOrder: Sendable {
    /// How long nodes have at a stop.
    static let stopTime = Duration.milliseconds(800)
    /// How long actuators have at most for their safe states, however long their feedback takes: all of
    /// a stop must fit into the ten seconds that the service manager grants.
    static let longestStop = Duration.seconds(5)
    /// What is left after that for those that waited for a confirmation only.
    static let lastDrive = Duration.milliseconds(300)
    /// How long those have after that whose channels are feedback.
    static let feedbackTime = Duration.milliseconds(200)

    let registry: Guarded<NodeRegistry>
    /// The one that all actuators ask.
    let interlocks: InterlockCoordinator
    let clock: any GatewayClock
    let logger: Logger

    init(
        _ nodes: NodeRegistry, interlocks: InterlockCoordinator, clock: any GatewayClock,
        logger: Logger
    ) {
        registry = Guarded(nodes)
        (self.interlocks, self.clock, self.logger) = (interlocks, clock, logger)
    }

    var nodes: [ShNodeName: ShNode] { registry.withLock(\.nodes) }

    /// The actuators in the order in which they go to their safe states.
    var byRank: [Set<ShNodeName>] {
        let ranks = interlocks.ranks(nodes.compactMapValues(\.component.safeState))
        return (0...(ranks.values.max() ?? 0)).map { rank in
            Set(ranks.filter { $0.value == rank }.keys)
        }
    }

    // MARK: - Starting

    /// Opens the hardware of nodes: relays first, interlocked ones in an order in which none waits for
    /// another. Those of one rank side by side; a node that hangs is left to itself after a second.
    func start(_ isConcerned: (ShNodeName) -> Bool = { _ in true }) async {
        for relays in byRank {
            await open { isConcerned($0.name) && relays.contains($0.name) }
        }
        await open { isConcerned($0.name) && $0.component.safeState == nil }
    }

    func open(_ isTheirTurn: (ShNode) -> Bool) async {
        let clock = clock
        await withTaskGroup { group in
            for node in nodes.values where isTheirTurn(node) {
                group.addTask {
                    guard await within(.seconds(1), on: clock, { await node.start() }) == nil else {
                        return
                    }
                    self.logger.error(
                        .nodeSlowStart, "device not open after 1 s",
                        metadata: ["node": "\(node.name)"])
                }
            }
        }
    }

    // MARK: - Stopping

    /// Stops nodes, by default all: actuators in the order of their interlocks, then those that give them
    /// feedback.
    ///
    /// The interlocks put the actuators in order: each one waits for those that must go before it, as long
    /// as their feedback may take. At the end of that time those are driven, too, that wait for nothing
    /// but a confirmation.
    ///
    /// - Parameter orphans: Which actuators are tried for on when they are not known to be safe.
    /// - Returns: Those that are not known to have stopped, and the actuators that are not known to be safe.
    func stop(
        _ isConcerned: (ShNodeName) -> Bool = { _ in true },
        orphaning orphans: (ShNodeName) -> Bool = { _ in false }
    ) async -> Set<ShNodeName> {
        let all = registry.withLock { $0.nodes.merging($0.orphaned) { node, _ in node } }
        let nodes = all.filter { isConcerned($0.key) }
        let feedback = Set(nodes.values.compactMap(\.rules.feedback?.channel))
        func givesFeedback(_ node: ShNode) -> Bool {
            node.component.channels.contains { feedback.contains($0.name) }
        }
        let others = nodes.values.filter { $0.component.safeState == nil }
        let relays = nodes.values.filter { $0.component.safeState != nil }
        let time = safetyTime(of: relays)
        let end = clock.now.advanced(by: time)
        async let held = stop(
            others.filter { !givesFeedback($0) }, within: Self.stopTime
        ) { await $0.stop() }
        let orphaning = Set(relays.map(\.name).filter(orphans))
        var unconfirmed = await stop(relays, within: time + Self.lastDrive) { node in
            await node.stop(insistingFrom: end, orphans: orphaning.contains(node.name))
        }
        unconfirmed.formUnion(
            await stop(others.filter(givesFeedback), within: Self.feedbackTime) {
                await $0.stop()
            })
        return await held.union(unconfirmed)
    }

    /// - Returns: Those that are not known to be safe.
    private func stop(
        _ nodes: [ShNode], within time: Duration,
        _ stop: @escaping @Sendable (ShNode) async -> CommandOutcome?
    ) async -> Set<ShNodeName> {
        let clock = clock
        return await withTaskGroup(of: ShNodeName?.self) { group in
            for node in nodes {
                group.addTask {
                    let answer = await within(time, on: clock) { await stop(node) }
                    // What comes after it finds the node stopped or orphaned, unless it hangs.
                    if answer == nil {
                        await within(Self.lastDrive, on: clock) { await node.giveUpStop() }
                    }
                    return self.isSafe(node, answer) ? nil : node.name
                }
            }
            var unconfirmed: Set<ShNodeName> = []
            for await name in group { if let name { unconfirmed.insert(name) } }
            return unconfirmed
        }
    }

    /// Reports when a node that stopped is not known to be safe.
    ///
    /// - Parameter answer: Nil when the node did not come back; nil inside when it had nothing to confirm.
    func isSafe(_ node: ShNode, _ answer: CommandOutcome??) -> Bool {
        switch answer {
        case .some(.some(.confirmed)), .some(.none): return true
        case .some(.some(let answer)):
            logger.error(
                .relayUnsafe, "safe state not confirmed: \(answer.words)",
                metadata: ["node": "\(node.name)"])
            return false
        case .none:
            // What waits for its device to send leaves at its timeout, and has nothing to do before.
            if node.component.safeState != nil || node.heartbeat.reading.busySince != nil {
                logger.error(.nodeSlowStop, "stop timed out", metadata: ["node": "\(node.name)"])
            }
            // What only measures has no state to be safe in.
            return node.component.safeState?.value == nil
        }
    }

    // MARK: - Safe states

    /// How long actuators have to reach their safe states and to see that confirmed: those of each rank
    /// what the slowest feedback among them takes, one rank after the other.
    func safetyTime(of relays: [ShNode]) -> Duration {
        let ranks = interlocks.ranks(nodes.compactMapValues(\.component.safeState))
        var slowest: [Int: Duration] = [:]
        for node in relays {
            let rank = ranks[node.name] ?? 0
            slowest[rank] = max(slowest[rank] ?? .zero, node.rules.feedback?.within ?? .zero)
        }
        return min(slowest.values.reduce(Self.stopTime, +), Self.longestStop)
    }

    /// As `Proactor.secure`.
    func secure(
        _ done: @escaping @Sendable (ShNodeName, Bool) -> Void
    ) -> (actuators: Set<ShNodeName>, time: Duration) {
        let all = registry.withLock { Array($0.nodes.values) + $0.orphaned.values }
        let actuators = all.filter { $0.component.safeState != nil }
        let time = safetyTime(of: actuators)
        let end = clock.now.advanced(by: time)
        for node in actuators { node.secure(insistingFrom: end) { done(node.name, $0) } }
        return (Set(actuators.map(\.name)), time + Self.lastDrive)
    }

    /// Waits until all actuators are in their safe states whose devices are there or hang; a device that
    /// is not there is not waited for.
    ///
    /// - Returns: The actuators that are not known to be safe after that.
    func untilSafe(within time: Duration) async -> Set<ShNodeName> {
        let clock = clock
        let relays = nodes.values.filter { $0.component.safeState?.value != nil }
        await withTaskGroup { group in
            for node in relays where !node.heartbeat.reading.isSafe {
                group.addTask {
                    await within(time, on: clock) { await node.untilSafe(unlessGone: true) }
                }
            }
        }
        return unconfirmed
    }

    /// The actuators that are not known to be in their safe states now, be it because of an order.
    var unconfirmed: Set<ShNodeName> {
        let actuators = nodes.values.filter { $0.component.safeState != nil }
        return Set(actuators.filter { !$0.heartbeat.reading.isSafe }.map(\.name))
    }

    /// The actuators that have left the layout and are not known to be safe.
    var orphanedNames: Set<ShNodeName> { registry.withLock { Set($0.orphaned.keys) } }
}
