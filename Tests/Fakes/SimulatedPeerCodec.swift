import Codecs
import Mqtt
import Vocabulary

/// `SimulatedCodec` with a peer beyond the broker that acknowledges.
///
/// Each fact is one message on `fact` with the payload `IDENTITY WORDS`; its identity is its place in the
/// journal. Pings are `ping`, acknowledgements `ack`, and `hello` is said to a peer that was silent. The
/// peer says `down/ping IDENTITY`, `down/ack IDENTITY` and `down/snap`; anything else below `down/` makes
/// no sense.
public struct SimulatedPeerCodec: Codec, CodecSession, CodecPeer {
    private let plain = SimulatedCodec()
    public let schedule: Schedule

    /// - Parameter rhythm: With a report, the readings of each period are one message.
    public init(schedule: Schedule = Schedule()) { self.schedule = schedule }

    public var peer: (any CodecPeer)? { self }
    public func session(of connection: CodecConnection) -> any CodecSession { self }
    public var will: MqttMessage? { plain.will }
    public var subscriptions: [String] { ["set/+", "down/#"] }
    public func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        plain.birth(at: now, within: limit)
    }
    public func offline(at now: WallTime) -> [MqttMessage] { plain.offline(at: now) }

    public func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        plain.live(reading, at: at)
    }

    public func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage] {
        plain.activeFaults(faults, at: now, within: limit)
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        SimulatedPeerWriter(gathers: schedule.report != nil)
    }

    public func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage] {
        let values = latest.map { "\($0.reading.channel) \($0.reading.value)" }
        return [message("snapshot", values.joined(separator: ", "))]
    }

    public func ping(_ identity: String) -> MqttMessage { message("ping", identity) }
    public func acknowledgement(of identity: String) -> MqttMessage { message("ack", identity) }
    public func activation(at now: WallTime) -> [MqttMessage] { [message("hello", "")] }

    public func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        switch message.topic {
        case "down/ping":
            Incoming(.ignored(why: "a ping"), isHeartbeat: true, acknowledge: message.text)
        case "down/ack": Incoming(.acknowledged(message.text), isHeartbeat: true)
        case "down/snap": Incoming(.snapshotWanted, isHeartbeat: true)
        case let topic where topic.hasPrefix("down/"):
            Incoming(
                .malformed(why: "\(topic) is unknown"), isHeartbeat: true,
                acknowledge: message.text.isEmpty ? nil : message.text)
        default: plain.incoming(message, at: now, using: &generator)
        }
    }

    public func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] {
        plain.answer(outcome, id: id, node: node, to: reply, at: now)
    }
}

private func message(_ topic: String, _ text: String) -> MqttMessage {
    MqttMessage(topic: topic, payload: Array(text.utf8))
}

private struct SimulatedPeerWriter: HistoryWriter {
    let gathers: Bool
    private var gathered: [String] = []
    private var first: JournalOffset?
    private var last: JournalOffset = 0

    init(gathers: Bool) { self.gathers = gathers }

    mutating func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        last = entry.offset
        let start = first ?? entry.offset
        switch entry.fact.matter {
        case .readings(let readings):
            let words = readings.map { "\($0.channel) \($0.value) \($0.quality.rawValue)" }
            guard gathers else {
                return [batch(of: entry.offset...entry.offset, words)]
            }
            let size = (gathered + words).reduce(64) { $0 + $1.utf8.count + 2 }
            guard let first, size > limit else {
                (gathered, self.first) = (gathered + words, start)
                return []
            }
            defer { (gathered, self.first) = (words, entry.offset) }
            return [batch(of: first...(entry.offset - 1), ["report"] + gathered)]
        case .fault(let fault):
            let words = "fault \(entry.fact.node) \(fault.kind.rawValue) \(fault.isOn)"
            return [batch(of: entry.offset...entry.offset, [words])]
        case .event(let event) where event.kind == .periodEnded:
            defer { (gathered, first) = ([], nil) }
            return [batch(of: start...entry.offset, ["report"] + gathered)]
        case .event(let event):
            return [
                batch(of: entry.offset...entry.offset, ["event \(event.kind.rawValue)"])
            ]
        }
    }

    mutating func finish() -> [HistoryBatch] {
        guard let start = first else { return [] }
        defer { (gathered, first) = ([], nil) }
        return [batch(of: start...last, ["report"] + gathered, "-finished")]
    }

    private func batch(
        of covers: ClosedRange<JournalOffset>, _ words: [String], _ mark: String = ""
    ) -> HistoryBatch {
        let identity = "\(covers.upperBound)\(mark)"
        return HistoryBatch(
            covers: covers, identity: identity,
            messages: [message("fact", "\(identity) \(words.joined(separator: ", "))")])
    }
}
