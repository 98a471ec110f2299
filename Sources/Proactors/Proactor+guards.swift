import Channels
import Logging
import Nodes
import Vocabulary

// What the proactor does for the guards of its actuators.
extension Proactor {
    /// Somebody who commands over that link has given a sign of life. Returns at once.
    public func hear(_ source: CommandSource) {
        for node in nodes.values { node.hear(source) }
    }

    /// Who may command an actuator now; nil for what takes no commands.
    public nonisolated func authority(of name: ShNodeName) -> Authority? {
        guard let node = nodes[name], node.component.safeState != nil else { return nil }
        return node.authority.current
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
    /// - Returns: Whether every actuator confirmed its safe state.
    func stopNodes(_ isConcerned: (ShNodeName) -> Bool = { _ in true }) async -> Bool {
        let nodes = nodes.filter { isConcerned($0.key) }
        let feedback = Set(nodes.values.compactMap(\.rules.feedback?.channel))
        func givesFeedback(_ node: ShNode) -> Bool {
            node.component.channels.contains { feedback.contains($0.name) }
        }
        let ranks = nodesByRank
        let others = nodes.values.filter { $0.component.safeState == nil }
        async let areReleased = stop(
            others.filter { !givesFeedback($0) }, within: Self.stopTime.nodes)
        var areSafe = true
        for relays in ranks {
            let time = Self.stopTime.nodes / ranks.count
            let isRankSafe = await stop(relays.compactMap { nodes[$0] }, within: time)
            areSafe = areSafe && isRankSafe
        }
        let areLast = await stop(others.filter(givesFeedback), within: Self.closeTime)
        return await areReleased && areSafe && areLast
    }

    private func stop(_ nodes: [ShNode], within time: Duration) async -> Bool {
        let clock = clock
        return await withTaskGroup(of: Bool.self) { group in
            for node in nodes {
                group.addTask {
                    self.isSafe(node, await within(time, on: clock) { await node.stop() })
                }
            }
            var areSafe = true
            for await isSafe in group where !isSafe { areSafe = false }
            return areSafe
        }
    }

    // MARK: - Authority

    /// Has everyone told whenever the authority over an actuator changes. The bell remembers that it was
    /// rung, not how often: what is told is how things are.
    func watchAuthority() -> Task<Void, Never> {
        let (rings, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        authorityBell = bell
        for node in nodes.values { watchAuthority(of: node) }
        return Task { for await _ in rings { self.tellAuthority() } }
    }

    func watchAuthority(of node: ShNode) {
        guard node.component.safeState != nil, let bell = authorityBell else { return }
        told[node.name] = node.authority.current
        node.authority.onChange { bell.yield() }
    }

    private func tellAuthority() {
        for name in told.keys {
            guard let authority = authority(of: name), let before = told[name], authority != before
            else { continue }
            told[name] = authority
            if authority.holder != before.holder {
                let words =
                    authority.holder.map { "taken over by \($0)" }
                    ?? "given back by \(before.holder?.description ?? "nobody")"
                logger.notice("\(words)", metadata: ["node": "\(name)"])
            }
            for line in lines.keys {
                lines[line]?.unsentAuthority.insert(name)
                lines[line]?.bell.yield()
            }
        }
    }

    /// The wall clock was set: what was told in its terms is told anew.
    func tellAuthorityAgain() {
        for line in lines.keys {
            lines[line]?.unsentAuthority = Set(told.filter { $0.value.until != nil }.keys)
            lines[line]?.bell.yield()
        }
    }
}
