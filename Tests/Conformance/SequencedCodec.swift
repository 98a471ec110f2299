import Codecs
import Mqtt
import Vocabulary

/// A codec with the strictest needs of all, those of Sparkplug B: a last will with a number of its own for
/// each connection, one sequence of 0 to 255 over everything that goes out on it, live and history, and a
/// birth that begins the sequence again whenever the upstream asks for one.
///
/// All messages go to `s/KIND`; their payload is words, of which the last is the place in the sequence.
public struct SequencedCodec: Codec {
    public init() {}

    public var subscriptions: [String] { ["s/NCMD"] }

    public func session(of connection: CodecConnection) -> any CodecSession {
        SequencedSession(bdSeq: connection.number % 256)
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        SequencedWriter()
    }

    /// Asks for a birth.
    public static let rebirth = MqttMessage(topic: "s/NCMD", payload: Array("rebirth".utf8))

    fileprivate static func message(_ kind: String, _ words: String) -> MqttMessage {
        MqttMessage(topic: "s/\(kind)", payload: Array("\(words) ---".utf8))
    }
}

private struct SequencedSession: CodecSession {
    let bdSeq: UInt64
    /// The place of the next message.
    private var next = 0

    init(bdSeq: UInt64) { self.bdSeq = bdSeq }

    var will: MqttMessage? { MqttMessage(topic: "s/NDEATH", payload: Array("\(bdSeq)".utf8)) }

    mutating func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        [
            SequencedCodec.message("NBIRTH", "\(bdSeq)"),
            SequencedCodec.message("DBIRTH", "all"),
        ]
    }

    mutating func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        [SequencedCodec.message("DDATA", "\(reading.channel) \(reading.value) live")]
    }

    mutating func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming {
        guard message.topic == "s/NCMD", !message.isRetained else {
            return Incoming(.ignored(why: "\(message.topic) is none of this node's"))
        }
        guard message.text == "rebirth" else {
            return Incoming(.malformed(why: "\(message.text.printable(limit: 64)) is no command"))
        }
        return Incoming(.birthWanted, isHeartbeat: true)
    }

    mutating func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] { [] }

    func outgoing(_ message: MqttMessage) -> MqttMessage {
        var numbered = message
        let digits = String(place(of: message) + 1_000).dropFirst()
        numbered.payload.replaceSubrange((message.payload.count - 3)..., with: digits.utf8)
        return numbered
    }

    mutating func wasSent(_ message: MqttMessage) { next = (place(of: message) + 1) % 256 }

    /// A birth begins the sequence again.
    private func place(of message: MqttMessage) -> Int {
        message.topic == "s/NBIRTH" ? 0 : next
    }
}

private struct SequencedWriter: HistoryWriter {
    func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        var messages: [MqttMessage] = []
        if case .readings(let readings) = entry.fact.matter {
            messages = readings.map {
                SequencedCodec.message("DDATA", "\($0.channel) \($0.value) history")
            }
        }
        return [HistoryBatch(covers: entry.offset...entry.offset, messages: messages)]
    }
}
