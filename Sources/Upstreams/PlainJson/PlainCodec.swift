import Codecs
import Health
import Mqtt
import Vocabulary

/// Tidegate's own words: plain JSON on plain topics.
///
/// Below `tidegate/GATEWAY`: `status` and `birth` say who is here; `live/CHANNEL` holds each newest
/// value, retained, and `readings/CHANNEL` has each value once, in order and acknowledged;
/// `fault/NODE` has each fault's begin and end, and `faults` holds those that stand, retained;
/// `control/NODE` says who may command a relay, retained; `set/NODE` takes commands and `answer/NODE`
/// answers them; `heartbeat` takes the heartbeats of the controller.
///
/// Nothing of it is remembered, so it is its own session.
public struct PlainCodec: Codec, CodecSession {
    let documents: PlainDocuments
    let topics: PlainTopics
    private let presence: PlainPresence
    /// Filters of topics of others that answers may go to.
    let answersTo: [String]
    /// Who gives the orders that come in here.
    let source: CommandSource

    /// - Parameters:
    ///   - upstream: Named in each command as the one who gave it.
    ///   - prefix: The first level of all topics; `"tidegate"` when the layout says nothing.
    ///   - answersTo: Filters of topics that a command may have its answer sent to, beside `answer/`.
    public init(
        profile: GatewayProfile, upstream: UpstreamName, prefix: String = "tidegate",
        answersTo: [String] = []
    ) {
        (documents, self.answersTo) = (PlainDocuments(of: profile), answersTo)
        topics = PlainTopics(prefix: prefix, gateway: profile.gateway)
        presence = PlainPresence(
            of: profile.gateway, incarnation: profile.incarnation, prefix: prefix,
            isSimulated: profile.isSimulated)
        source = CommandSource(.upstream, upstream.text)
    }

    var profile: GatewayProfile { documents.profile }

    public func session(of connection: CodecConnection) -> any CodecSession { self }

    public var will: MqttMessage? { presence.will }

    public var subscriptions: [String] { [topics.commands, topics.heartbeat] }

    /// The birth comes first, so that nobody takes an old birth for that of the new incarnation.
    public func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        let births = PlainDocuments.Detail.allCases.lazy.map { detail in
            MqttMessage(
                topic: topics.birth, payload: documents.birth(detail, at: now), isRetained: true)
        }
        return [births.first(within: limit)].compactMap(\.self)
    }

    public func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime,
        within limit: Int
    ) -> [MqttMessage] {
        let shorter = [
            (links, queues, []), (links, [], ["queues"]), ([], [], ["queues", "links"]),
        ]
        let statuses = shorter.lazy.map { links, queues, leftOut in
            presence.status(own, links: links, queues: queues, leftOut: leftOut, at: now)
        }
        return [statuses.first(within: limit)].compactMap(\.self)
    }

    public func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        guard let payload = documents.live(reading, at: at) else { return [] }
        return [
            MqttMessage(
                topic: topics.live(reading.channel), payload: payload, qos: .atLeastOnce,
                isRetained: true)
        ]
    }

    /// An empty payload deletes what the broker has retained.
    public func clear(_ channel: DataChannelName) -> [MqttMessage] {
        [MqttMessage(topic: topics.live(channel), payload: [], isRetained: true)]
    }

    public func clear(_ node: ShNodeName) -> [MqttMessage] {
        [MqttMessage(topic: topics.control(node), payload: [], isRetained: true)]
    }

    /// When there is no room for all of them, the newest are left out and counted.
    public func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage] {
        let counts = Swift.sequence(first: faults.count) { $0 > 0 ? $0 / 2 : nil }
        let lists = counts.lazy.map { count in
            MqttMessage(
                topic: topics.faults, payload: documents.active(faults, atMost: count, at: now),
                isRetained: true)
        }
        return [lists.first(within: limit)].compactMap(\.self)
    }

    /// Readings of channels that the layout no longer has are left out: their unit is not known.
    func history(_ entry: Entry) -> [MqttMessage] {
        func message(_ topic: String, _ payload: [UInt8]) -> MqttMessage {
            MqttMessage(topic: topic, payload: payload)
        }
        return switch entry.fact.matter {
        case .readings(let readings):
            readings.compactMap { reading in
                documents.history(reading, in: entry).map {
                    message(topics.readings(reading.channel), $0)
                }
            }
        case .fault(let fault):
            [message(topics.fault(entry.fact.node), documents.history(fault, in: entry))]
        case .event(let event): [message(topics.events, documents.history(event, in: entry))]
        }
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        PlainHistoryWriter(codec: self)
    }

    public func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage] {
        [
            MqttMessage(
                topic: reply.topic, payload: documents.answer(outcome, id: id, node: node, at: now),
                correlationData: reply.correlationData)
        ]
    }

    public func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage] {
        let payload = documents.control(control, of: node, at: now)
        return [MqttMessage(topic: topics.control(node), payload: payload, isRetained: true)]
    }
}

/// Each entry is a batch of its own.
private struct PlainHistoryWriter: HistoryWriter {
    let codec: PlainCodec

    func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        [HistoryBatch(covers: entry.offset...entry.offset, messages: codec.history(entry))]
    }
}
