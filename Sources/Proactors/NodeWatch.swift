import Nodes
import Vocabulary

/// Looks at one node's signs of life and says what the node itself cannot: that it hangs, and that its
/// channels have had no good reading for too long.
struct NodeWatch: Sendable {
    private let name: ShNodeName
    private let channels: [DataChannel]
    private var isHung = false
    private var isStale: [Bool]

    init(name: ShNodeName, channels: [DataChannel]) {
        (self.name, self.channels) = (name, channels)
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

    /// The channels that have just become stale. Only a report of the node itself ends that. Of one
    /// that was never read well there is nothing to say: a default is no last value.
    private mutating func newlyStale(
        _ pulse: NodePulse.Reading, _ now: MonotonicInstant
    ) -> [Reading] {
        var stale: [Reading] = []
        for (index, channel) in channels.enumerated() {
            guard let lastGood = pulse.lastGood[index], let value = pulse.lastValue[index] else {
                continue
            }
            let wasStale = isStale[index]
            isStale[index] = lastGood.duration(to: now) > channel.staleAfter
            guard isStale[index], !wasStale else { continue }
            stale.append(Reading(channel: channel.name, value: value, quality: .stale))
        }
        return stale
    }
}
