import Codecs
import Mqtt
import Vocabulary

/// The plainest words there are, for tests of what stands between nodes and brokers.
///
/// Readings are `live/CHANNEL` and `history/CHANNEL` with the payload `VALUE QUALITY`; commands are
/// `set/NODE` with the payload `ID VALUE`; answers go to `answer/NODE` with `ID` and the outcome.
public struct SimulatedCodec: Codec, CodecSession {
    public let takesHistory: Bool

    public init(takesHistory: Bool = true) { self.takesHistory = takesHistory }

    public func session(of connection: CodecConnection) -> any CodecSession { self }

    public var will: MqttMessage? { message("status", "lost", isRetained: true) }

    public var subscriptions: [String] { ["set/+"] }

    public func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        [message("status", "online", isRetained: true)]
    }

    public func offline(at now: WallTime) -> [MqttMessage] {
        [message("status", "offline", isRetained: true)]
    }

    public func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        [message("live/\(reading.channel)", words(reading), isRetained: true)]
    }

    public func clear(_ channel: DataChannelName) -> [MqttMessage] {
        [message("live/\(channel)", "", isRetained: true)]
    }

    public func clear(_ node: ShNodeName) -> [MqttMessage] {
        [message("control/\(node)", "", isRetained: true)]
    }

    public func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage] {
        let kinds = faults.map { "\($0.node) \($0.fault.kind.rawValue)" }
        return [message("faults", kinds.joined(separator: ", "), isRetained: true)]
    }

    public func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage] {
        let words = control.overriddenBy.map { "overridden by \($0)" } ?? "free"
        return [message("control/\(node)", words, isRetained: true)]
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        SimulatedHistoryWriter(codec: self)
    }

    fileprivate func history(_ entry: Entry) -> [MqttMessage] {
        switch entry.fact.matter {
        case .readings(let readings):
            readings.map { message("history/\($0.channel)", words($0)) }
        case .fault(let fault):
            [message("fault/\(entry.fact.node)", "\(fault.kind.rawValue) \(fault.isOn)")]
        case .event(let event): [message("events", event.kind.rawValue)]
        }
    }

    public func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        let words = message.text.split(separator: " ")
        guard message.topic.hasPrefix("set/"),
            let node = ShNodeName(String(message.topic.dropFirst(4))), words.count >= 2,
            let id = CommandID(String(words[0])), let value = Int64(words[1])
        else { return Incoming(.ignored(why: "\(message.topic) is no command")) }
        let reply = Reply(topic: "answer/\(node)")
        if message.isRetained {
            return Incoming(.refused(why: "retained", id: id, node: node, reply))
        }
        let command = Command(
            id: id, node: node, order: .set(value), source: CommandSource(.upstream, "site"),
            expires: words.dropFirst(2).first.flatMap { WallTime(iso8601: String($0)) })
        return Incoming(.commands([command], reply), isHeartbeat: true)
    }

    public func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] {
        let words =
            switch outcome {
            case .confirmed(let value, _): "confirmed \(value)"
            case .refused: "refused"
            case .failed: "failed"
            case .timedOut: "late"
            }
        return [message(reply.topic, "\(id) \(words)")]
    }

    private func words(_ reading: Reading) -> String {
        "\(reading.value) \(reading.quality.rawValue)"
    }

    private func message(_ topic: String, _ text: String, isRetained: Bool = false) -> MqttMessage {
        MqttMessage(topic: topic, payload: Array(text.utf8), isRetained: isRetained)
    }
}

private struct SimulatedHistoryWriter: HistoryWriter {
    let codec: SimulatedCodec

    func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        [HistoryBatch(covers: entry.offset...entry.offset, messages: codec.history(entry))]
    }
}
