import Nodes
import Vocabulary

/// Looks at one node's heartbeats and says what the node itself cannot: that it hangs, and that its
/// channels have had no good reading for too long.
struct NodeWatch: Sendable {
    private let name: ShNodeName
    private let channels: [DataChannel]
    private let isSimulated: Bool
    private var isHung = false
    /// Whether another node took the place of one that hung, and has had no answer yet.
    private var isRestarted = false

    init(name: ShNodeName, channels: [DataChannel], isSimulated: Bool = false) {
        (self.name, self.channels, self.isSimulated) = (name, channels, isSimulated)
    }

    /// Another node goes on in the place of one that hung: the fault stands until it has an answer.
    mutating func restarted() { (isHung, isRestarted) = (true, true) }

    /// - Parameter lack: Why the node has no thread; nil when it has one.
    /// - Returns: What changed since the last look, as facts to publish.
    mutating func look(
        at heartbeat: NodeHeartbeat, lack: String? = nil, stamp: Timestamp
    ) -> [Fact] {
        let now = stamp.monotonic
        var facts: [Fact] = []
        let reading = heartbeat.reading
        if reading.hasAnswered { isRestarted = false }
        if (heartbeat.isHung(at: now) || isRestarted || lack != nil) != isHung {
            isHung.toggle()
            let detail =
                isHung
                ? lack.map { "node \(name): cannot run: \($0)" }
                    ?? "node \(name): its hardware has not responded for "
                    + "\(NodeHeartbeat.timeout.layoutText); commands to it will time out"
                : "node \(name): its hardware responds again"
            facts.append(
                Fact(
                    node: name, at: stamp,
                    matter: .fault(Fault(kind: .hung, isOn: isHung, detail: detail))))
        }
        let stale = heartbeat.newlyStale(channels, at: now).map {
            Reading(
                channel: channels[$0.index].name, value: $0.lastValue, quality: .stale,
                isSimulated: isSimulated)
        }
        if !stale.isEmpty { facts.append(Fact(node: name, at: stamp, matter: .readings(stale))) }
        return facts
    }
}
