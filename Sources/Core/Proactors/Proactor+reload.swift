import Channels
import Codecs
import Logging
import Nodes
import Vocabulary

/// What another layout changes about a gateway that runs.
public struct Replacement: Sendable {
    /// All nodes as they are from now on.
    public let profile: GatewayProfile
    /// The nodes to stop, because they are gone or different.
    let leaving: Set<ShNodeName>
    let interlocks: [Interlock]
    /// The words of each upstream, for the new profile.
    let codecs: [UpstreamName: any Codec]
    /// What it touches, for the history.
    let words: String
    /// Makes the nodes that are new or different. Called once the old ones have released their wires, with
    /// whether some of them have not, because they are not known to be safe.
    let makeNodes: @Sendable (Bool) -> [ShNode]

    public init(
        profile: GatewayProfile, leaving: Set<ShNodeName>, interlocks: [Interlock],
        codecs: [UpstreamName: any Codec], words: String,
        makeNodes: @escaping @Sendable (Bool) -> [ShNode]
    ) {
        (self.profile, self.leaving, self.interlocks) = (profile, leaving, interlocks)
        (self.codecs, self.words, self.makeNodes) = (codecs, words, makeNodes)
    }
}

// How another layout is applied while the gateway runs.
extension Proactor {
    /// What the gateway is made of now.
    public nonisolated var profile: GatewayProfile { order.registry.withLock(\.profile) }

    nonisolated var nodes: [ShNodeName: ShNode] { order.nodes }

    nonisolated var requestQueues: [ShNodeName: RequestQueue<PendingCommand, CommandOutcome>] {
        order.registry.withLock(\.requestQueues)
    }

    /// Stops and starts what is not the same; all others never notice. One at a time.
    ///
    /// Actuators that leave go to their safe states first, by the interlocks of before. One that is gone
    /// from the layout and not known to be safe is tried for on, and the old rules about it count on. One
    /// that has a successor of its name leaves all to that one: the safe state, its hold, its switches.
    ///
    /// - Returns: Whether each actuator that was stopped confirmed its safe state.
    @discardableResult
    public func replace(_ replacement: Replacement) async -> Bool {
        guard !isStopping else { return true }
        let leaving = replacement.leaving
        let profile = replacement.profile
        let owners = self.profile.channelOwners
        let here = Set(profile.nodes.map(\.name))
        await supervisor.retake(here, in: self)
        let before = nodes
        let unconfirmed = await order.stop(leaving.contains) { !here.contains($0) }
        let areSafe = unconfirmed.isEmpty
        guard !isStopping else { return areSafe }
        let gone = supervisor.dismiss(leaving)
        let channels = Set(profile.nodes.flatMap(\.channels).map(\.name))
        let orphaned = supervisor.orphan(
            unconfirmed.subtracting(here).compactMap { before[$0] }, among: channels, in: self)
        await settle(GatewayEvent(.reloaded, detail: replacement.words))
        endFaults(
            of: leaving.subtracting(orphaned), because: "stopped, the layout has changed")
        live.forget(gone)
        guard !isStopping else { return areSafe }
        supervisor.layoutInterlocks = replacement.interlocks
        let added = replacement.makeNodes(!orphaned.isEmpty)
        for node in added {
            if let predecessor = before[node.name] { await node.succeed(predecessor) }
        }
        order.registry.withLock { registry in
            registry.profile = profile
            for node in added { registry.add(node, clock: clock) }
        }
        let names = here.union(orphanedNames)
        supervisor.replaceInterlocks(forgetting: leaving.subtracting(names))
        supervisor.add(added, in: self)
        let lost = leaving.subtracting(here)
        forgotten.add(
            FormerNames(
                channels: Dictionary(gone.map { ($0, owners[$0]) }) { first, _ in first },
                nodes: lost))
        forgotten.remove(channels: channels, nodes: here)
        for name in lost { deduplicator.forget(node: name) }
        for (name, codec) in replacement.codecs {
            pumps[name]?.speak(codec, after: reload.at, without: gone, lost, in: self)
        }
        journal.change(profile.nodes.flatMap(\.channels))
        let new = Set(added.map(\.name))
        await order.start(new.contains)
        supervisor.hearDrivers(in: self)
        return areSafe
    }

    /// A changed layout has problems; the old one goes on.
    public func refuseReload(_ detail: String) {
        guard !isStopping else { return }
        record(GatewayEvent(.reloadRejected, detail: detail))
    }

    func endFaults(
        of names: Set<ShNodeName>, but kept: Fault.Kind? = nil, because reason: String
    ) {
        let stamp = clock.timestamp
        take(
            faults.active.values.filter {
                names.contains($0.node) && $0.fault.kind != kept
            }.map { active in
                let fault = Fault(
                    channel: active.fault.channel, kind: active.fault.kind, isOn: false,
                    detail: "node \(active.node): \(reason)")
                return Fact(node: active.node, at: stamp, matter: .fault(fault))
            })
    }

    /// Reports the reload behind the last facts of the nodes that were stopped, and waits until all of them
    /// are in history.
    private func settle(_ event: GatewayEvent) async {
        // A source that is new comes last in the batch that it is taken with.
        let last = inbox.source(named: "reload", capacity: 1)
        let fact = Fact(node: .gateway, at: clock.timestamp, matter: .event(event))
        await withCheckedContinuation { continuation in
            guard inbox.cause == nil else { return continuation.resume() }
            reload.waiter = continuation
            last.send(fact)
        }
    }
}

extension GatewayProfile {
    /// The node of each channel.
    fileprivate var channelOwners: [DataChannelName: ShNodeName] {
        Dictionary(nodes.flatMap(\.channels).map { ($0.name, $0.node) }) { first, _ in first }
    }
}

extension Fact {
    /// Whether it reports that another layout was applied.
    var isReload: Bool {
        guard case .event(let event) = matter else { return false }
        return event.kind == .reloaded
    }
}
