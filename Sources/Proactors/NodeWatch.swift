import Nodes
import Vocabulary

/// Looks at one node's signs of life and says what the node itself cannot: that it hangs, and that its
/// channels have had no good reading for too long.
struct NodeWatch: Sendable {
    private let name: ShNodeName
    private let channels: [DataChannel]
    private let startedAt: MonotonicInstant
    private var isHung = false
    private var isStale: [Bool]

    init(name: ShNodeName, channels: [DataChannel], startedAt: MonotonicInstant) {
        (self.name, self.channels, self.startedAt) = (name, channels, startedAt)
        isStale = Array(repeating: false, count: channels.count)
    }

    /// - Returns: What changed since the last look, as facts to publish.
    mutating func look(at pulse: NodePulse.Reading, stamp: Timestamp) -> [Fact] {
        let now = stamp.monotonic
        var facts: [Fact] = []
        if pulse.isHung(at: now) != isHung {
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
        let stale = newlyStale(pulse, now)
        if !stale.isEmpty { facts.append(Fact(node: name, at: stamp, matter: .readings(stale))) }
        return facts
    }

    /// The channels that have just become stale. Only a report of the node itself ends that.
    private mutating func newlyStale(
        _ pulse: NodePulse.Reading, _ now: MonotonicInstant
    ) -> [Reading] {
        var stale: [Reading] = []
        for (index, channel) in channels.enumerated() {
            let lastGood = pulse.lastGood[index]
            let wasStale = isStale[index]
            isStale[index] = (lastGood ?? startedAt).duration(to: now) > channel.staleAfter
            guard isStale[index], !wasStale else { continue }
            stale.append(
                Reading(channel: channel.name, value: pulse.lastValue[index] ?? 0, quality: .stale))
        }
        return stale
    }
}
