import Channels
import Logging
import Nodes
import Vocabulary

// What the proactor does for the guards of its actuators.
extension Proactor {
    /// Somebody who commands over that link has given a heartbeat. Returns at once.
    public func hear(_ source: CommandSource) {
        for node in nodes.values { node.hear(source) }
    }

    /// Who may command an actuator now; nil for what takes no commands.
    public nonisolated func control(of name: ShNodeName) -> Control? {
        guard let node = nodes[name], node.component.safeState != nil else { return nil }
        return node.control.current
    }

    /// The actuators in the order in which they go to their safe states.
    var nodesByRank: [Set<ShNodeName>] {
        let ranks = interlocks.ranks(nodes.compactMapValues(\.component.safeState))
        return (0...(ranks.values.max() ?? 0)).map { rank in
            Set(ranks.filter { $0.value == rank }.keys)
        }
    }

    /// Stops nodes, all when nothing is said: actuators in the order of their interlocks, then those that give them feedback.
    ///
    /// The interlocks put the actuators in order: each one waits for those that must go before it, as long
    /// as their feedback may take. At the end of that time those are driven, too, that wait for nothing
    /// but a confirmation.
    ///
    /// - Parameter strands: Which actuators are tried for on when they are not known to be safe.
    /// - Returns: Those that are not known to have released, and the actuators that are not known to be safe.
    func stopNodes(
        _ isConcerned: (ShNodeName) -> Bool = { _ in true },
        orphaning orphans: (ShNodeName) -> Bool = { _ in false }
    ) async -> Set<ShNodeName> {
        let all = nodeRegistry.withLock { $0.nodes.merging($0.orphaned) { node, _ in node } }
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
            others.filter { !givesFeedback($0) }, within: Self.stopTime.nodes
        ) { await $0.stop() }
        let orphaning = Set(relays.map(\.name).filter(orphans))
        var unconfirmed = await stop(relays, within: time + Self.lastDrive) { node in
            await node.stop(insistingFrom: end, orphans: orphaning.contains(node.name))
        }
        unconfirmed.formUnion(
            await stop(others.filter(givesFeedback), within: Self.closeTime) { await $0.stop() })
        return await held.union(unconfirmed)
    }

    /// How long actuators have to reach their safe states and to see that confirmed: those of each rank
    /// what the slowest feedback among them takes, one rank after the other.
    nonisolated func safetyTime(of relays: [ShNode]) -> Duration {
        let ranks = interlocks.ranks(nodes.compactMapValues(\.component.safeState))
        var slowest: [Int: Duration] = [:]
        for node in relays {
            let rank = ranks[node.name] ?? 0
            slowest[rank] = max(slowest[rank] ?? .zero, node.rules.feedback?.within ?? .zero)
        }
        return min(slowest.values.reduce(Self.stopTime.nodes, +), Self.longestStop)
    }

    /// - Returns: Those that are not known to be safe.
    private func stop(
        _ nodes: [ShNode], within time: Duration,
        _ stop: @escaping @Sendable (ShNode) async -> CommandAnswer?
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

    /// Waits until all actuators are in their safe states whose devices are there or hang; a device that
    /// is not there is not waited for.
    ///
    /// - Returns: The actuators that are not known to be safe after that.
    public func untilSafe(within time: Duration) async -> Set<ShNodeName> {
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

    /// The actuators that have left the layout and are not known to be safe.
    public nonisolated var orphanedNames: Set<ShNodeName> {
        nodeRegistry.withLock { Set($0.orphaned.keys) }
    }

    /// The actuators that are not known to be in their safe states now, be it because of an order.
    public nonisolated var unconfirmed: Set<ShNodeName> {
        let actuators = nodes.values.filter { $0.component.safeState != nil }
        return Set(actuators.filter { !$0.heartbeat.reading.isSafe }.map(\.name))
    }

    // MARK: - Authority

    /// Has everyone told whenever the authority over an actuator changes. The bell remembers that it was
    /// rung, not how often: what is told is how things are.
    func watchControl() -> Task<Void, Never> {
        let (rings, wakeup) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        controlWakeup = wakeup
        for node in nodes.values { watchControl(of: node) }
        return Task { for await _ in rings { self.publishControl() } }
    }

    func watchControl(of node: ShNode) {
        guard node.component.safeState != nil, let wakeup = controlWakeup else { return }
        told[node.name] = node.control.current
        node.control.onChange { wakeup.yield() }
    }

    private func publishControl() {
        for name in told.keys {
            guard let control = control(of: name), let before = told[name], control != before
            else { continue }
            told[name] = control
            if control.holder != before.holder {
                let words =
                    control.holder.map { "taken over by \($0)" }
                    ?? "given back by \(before.holder?.description ?? "nobody")"
                logger.notice("\(words)", metadata: ["node": "\(name)"])
            }
            for pump in pumps.values { pump.controlChanged(of: [name]) }
        }
    }

    /// The wall clock was set: what was told in its terms is told again.
    func republishControl() {
        let timed = told.filter { $0.value.until != nil }.keys
        for pump in pumps.values { pump.controlChanged(of: timed) }
    }
}
