import Logging
import Nodes
import Timing
import Vocabulary

// Actuators that have left the layout and are not known to be safe: a board that was pulled out with its
// relay on, a contact that did not follow. They take no commands and report no readings.
extension Supervisor {
    /// Has each of them tried for until it is safe.
    ///
    /// - Parameter channels: Those that there are from now on; who has lost its feedback does without.
    /// - Returns: Their names.
    func orphan(
        _ nodes: [ShNode], among channels: Set<DataChannelName>, in proactor: isolated Proactor
    ) -> Set<ShNodeName> {
        let relays = nodes.filter { $0.component.safeState?.value != nil }
        for node in relays {
            order.registry.withLock { $0.orphan(node) }
            let fault = Fault(
                kind: .command, isOn: true,
                detail: "node \(node.name): removed from the layout, safe state not confirmed; "
                    + "retrying")
            proactor.take([
                Fact(node: node.name, at: order.clock.timestamp, matter: .fault(fault))
            ])
            // It ends with the node, which a stop ends at the latest.
            Task {
                if let feedback = node.rules.feedback?.channel, !channels.contains(feedback) {
                    await node.losesFeedback()
                }
                await node.untilSafe(unlessGone: false)
                await proactor.supervisor.rescue(node, in: proactor)
            }
        }
        return Set(relays.map(\.name))
    }

    /// An orphaned actuator is safe now, or there is another one of its name that looks after it.
    private func rescue(_ node: ShNode, in proactor: isolated Proactor) async {
        guard !proactor.isStopping, order.registry.withLock({ $0.rescue(node) }) else { return }
        await node.stop()
        proactor.endFaults(of: [node.name], because: "stopped, the layout has changed")
        replaceInterlocks(forgetting: [node.name])
        order.logger.notice(
            .relaySafe, "safe state confirmed after removal from the layout",
            metadata: ["node": "\(node.name)"])
    }

    /// Releases the orphaned whose names are in use again.
    func retake(_ names: Set<ShNodeName>, in proactor: isolated Proactor) async {
        let back = order.registry.withLock {
            $0.orphaned.values.filter { names.contains($0.name) }
        }
        let clock = order.clock
        for node in back where order.registry.withLock({ $0.rescue(node) }) {
            let answer = await within(NodeOrder.stopTime, on: clock) { await node.stop() }
            _ = order.isSafe(node, answer)
            proactor.endFaults(of: [node.name], because: "stopped, the layout has changed")
        }
    }

    /// The rules of the layout, and those of before that are about the orphaned: of these, what is about
    /// actuators that are still there.
    func replaceInterlocks(forgetting gone: Set<ShNodeName>) {
        let orphaned = order.orphanedNames
        let there = orphaned.union(order.nodes.keys)
        let old = order.interlocks.rules.compactMap { rule -> Interlock? in
            guard !orphaned.isDisjoint(with: rule.relays) else { return nil }
            switch rule {
            case .onlyWhile: return there.isSuperset(of: rule.relays) ? rule : nil
            case .atMostOne(let relays, let deadTime):
                let rest = relays.filter(there.contains)
                return rest.count > 1 ? .atMostOne(rest, deadTime: deadTime) : nil
            }
        }
        let new = layoutInterlocks
        order.interlocks.replace(new + old.filter { !new.contains($0) }, forgetting: gone)
    }
}
