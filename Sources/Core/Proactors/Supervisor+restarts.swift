import Nodes
import Vocabulary

/// A node that was given up. It goes by itself once its hardware comes back.
struct AbandonedNode {
    private(set) weak var node: ShNode?
}

// Nodes that give no heartbeat are started again.
extension Supervisor {
    func restart(
        _ name: ShNodeName, _ watch: Watchdog, in proactor: isolated Proactor
    ) async -> Bool {
        let stamp = order.clock.timestamp
        guard let old = order.nodes[name], old.component.safeState == nil,
            old.heartbeat.isHung(at: stamp.monotonic)
        else { return false }
        abandoned[name]?.removeAll { $0.node == nil }
        let count = (abandoned[name]?.count ?? 0) + 1
        guard count <= Proactor.mostAbandoned else { return false }
        let silence = old.heartbeat.reading.silence(at: stamp.monotonic)
        let new = old.successor(outbox: proactor.inbox.source(named: name.text))
        abandoned[name, default: []].append(AbandonedNode(node: old))
        let clock = order.clock
        let requestQueue = order.registry.withLock { $0.replace(with: new, clock: clock) }
        requestQueue?.stop(.failed("node \(name): restarted"))
        attend(successor: new, in: proactor)
        watch.follow(name, from: old.heartbeat, to: new.heartbeat)
        // What stands of the old one would never end; the new one finds its own.
        proactor.endFaults(of: [name], but: .hung, because: "restarted")
        let detail =
            "node \(name): restarted after \(silence.components.seconds) s without a heartbeat; "
            + "\(count) of at most \(Proactor.mostAbandoned) of its threads hang"
        proactor.take([
            Fact(
                node: name, at: stamp,
                matter: .fault(Fault(kind: .hung, isOn: true, detail: detail)))
        ])
        await order.open { $0 === new }
        return true
    }
}
