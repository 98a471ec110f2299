import Nodes
import Vocabulary

/// Looks at one node's signs of life and says what the node itself cannot: that it hangs, and that its
/// channels have had no good reading for too long.
struct NodeWatch: Sendable {
    private let name: ShNodeName
    private let channels: [DataChannel]
    private var isHung = false

    init(name: ShNodeName, channels: [DataChannel]) {
        (self.name, self.channels) = (name, channels)
    }

    /// - Returns: What changed since the last look, as facts to publish.
    mutating func look(at pulse: NodePulse, stamp: Timestamp) -> [Fact] {
        let now = stamp.monotonic
        var facts: [Fact] = []
        if pulse.reading.isHung(at: now) != isHung {
            isHung.toggle()
            let detail =
                isHung
                ? "node \(name): its hardware has not answered for "
                    + "\(NodePulse.patience.layoutText); commands to it will be late"
                : "node \(name): its hardware answers again"
            facts.append(
                Fact(
                    node: name, at: stamp,
                    matter: .trouble(Trouble(kind: .hung, isOn: isHung, detail: detail))))
        }
        let stale = pulse.newlyStale(channels, at: now).map {
            Reading(channel: channels[$0.index].name, value: $0.lastValue, quality: .stale)
        }
        if !stale.isEmpty { facts.append(Fact(node: name, at: stamp, matter: .readings(stale))) }
        return facts
    }
}
