import Nodes
import Vocabulary

/// A node that was given up. It goes by itself once its hardware comes back.
struct AbandonedNode {
    private(set) weak var node: ShNode?
}

// What the proactor starts again when it gives no heartbeat.
extension Proactor {
    /// How many threads of one node may hang, each with its stack, beside the one that goes on.
    public static let mostAbandoned = 3

    /// What is done about a node that gives no heartbeat. An actuator is left alone: its thread may
    /// still hold the line, and two must not drive it.
    public nonisolated func remedy(for node: ShNodeName) -> Remedy {
        nodes[node]?.component.safeState == nil ? .restart(atMost: Self.mostAbandoned) : .leave
    }

    /// Starts a part again that gives no heartbeat.
    ///
    /// - Returns: Whether that could be done. A node that has lived again meanwhile goes on as it is.
    public func restart(_ part: GatewayPart, watchedBy watch: Watchdog) async -> Bool {
        guard !isStopping else { return false }
        switch part {
        case .node(let name): return await restart(name, watch)
        case .link(let name): return pumps[name]?.remakeSession(in: self) ?? false
        case .broker, .journal, .proactor: return false
        }
    }

    private func restart(_ name: ShNodeName, _ watch: Watchdog) async -> Bool {
        let stamp = clock.timestamp
        guard let old = nodes[name], old.component.safeState == nil,
            old.heartbeat.isHung(at: stamp.monotonic)
        else { return false }
        abandoned[name]?.removeAll { $0.node == nil }
        let count = (abandoned[name]?.count ?? 0) + 1
        guard count <= Self.mostAbandoned else { return false }
        let silence = old.heartbeat.reading.silence(at: stamp.monotonic)
        let new = old.successor(outbox: inbox.source(named: name.text))
        abandoned[name, default: []].append(AbandonedNode(node: old))
        let requestQueue = nodeRegistry.withLock { $0.replace(with: new, clock: clock) }
        requestQueue?.stop(.failed("node \(name): started again"))
        serve(new)
        watches[name]?.startedAnew()
        watch.follow(name, from: old.heartbeat, to: new.heartbeat)
        // What stands of the old one would never end; the new one finds its own.
        endFaults(of: [name], but: .hung, because: "started again")
        let detail =
            "node \(name): started again after \(silence.components.seconds) s without a heartbeat; "
            + "\(count) of at most \(Self.mostAbandoned) of its threads hang"
        take([
            Fact(
                node: name, at: stamp,
                matter: .fault(Fault(kind: .hung, isOn: true, detail: detail)))
        ])
        await startNodes { $0 === new }
        return true
    }
}
