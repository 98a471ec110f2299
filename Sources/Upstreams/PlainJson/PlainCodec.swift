import Codecs
import Health
import Mqtt
import Vocabulary

/// Tidegate's own words: plain JSON on plain topics.
///
/// Below `tidegate/GATEWAY`: `status` and `birth` say who is here; `live/CHANNEL` holds each newest
/// value, retained, and `readings/CHANNEL` tells each value once, in order and acknowledged;
/// `fault/NODE` tells each fault's begin and end, and `faults` holds those that stand, retained;
/// `control/NODE` says who may command a relay, retained; `set/NODE` takes commands and `answer/NODE`
/// answers them; `heartbeat` takes the heartbeats of the controller.
///
/// Nothing of it is remembered, so it is its own session.
public struct PlainCodec: Codec, CodecSession {
    let profile: GatewayProfile
    let topics: PlainTopics
    let nodes: [ShNodeName: NodeProfile]
    private let channels: [DataChannelName: DataChannel]
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
        (self.profile, self.answersTo) = (profile, answersTo)
        topics = PlainTopics(prefix: prefix, gateway: profile.gateway)
        presence = PlainPresence(
            of: profile.gateway, incarnation: profile.incarnation, prefix: prefix,
            isSimulated: profile.isSimulated)
        source = CommandSource(.upstream, upstream.text)
        nodes = Dictionary(profile.nodes.map { ($0.name, $0) }) { first, _ in first }
        channels = Dictionary(
            profile.nodes.flatMap(\.channels).map { ($0.name, $0) }
        ) { first, _ in first }
    }

    public func session(of connection: CodecConnection) -> any CodecSession { self }

    public var will: MqttMessage? { presence.will }

    public var subscriptions: [String] { [topics.commands, topics.heartbeat] }

    /// The birth comes first, so that nobody takes an old birth for that of the new incarnation.
    public func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        let births = Detail.allCases.lazy.map { detail in
            var members = JsonText.members([
                "gateway": .text(profile.gateway.text),
                "incarnation": .text(profile.incarnation),
                "at": .text(now.iso8601),
                "simulated": .flag(profile.isSimulated),
                "nodes": .list(
                    detail >= .noNodes ? [] : profile.nodes.map { Self.birth(of: $0, detail) }),
            ])
            if detail > .all { members.append(Self.leftOut(detail.leftOut)) }
            return MqttMessage(
                topic: topics.birth, payload: JsonText.group(members).bytes, isRetained: true)
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
        guard let channel = channels[reading.channel] else { return [] }
        let members = Self.members(of: reading, in: channel, at: at.wall) + Self.doubt(at)
        let text = JsonText.group(members)
        return [
            MqttMessage(
                topic: topics.live(channel.name), payload: text.bytes, qos: .atLeastOnce,
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
            var members = JsonText.members([
                "incarnation": .text(profile.incarnation),
                "at": .text(now.iso8601),
                "faults": Self.list(of: Array(faults.prefix(count))),
            ])
            if count < faults.count {
                members.append(
                    JsonText.Member(
                        name: "leftOut", value: .number(Int64(faults.count - count))))
            }
            return MqttMessage(
                topic: topics.faults, payload: JsonText.group(members).bytes, isRetained: true)
        }
        return [lists.first(within: limit)].compactMap(\.self)
    }

    /// Readings of channels that the layout no longer has are left out: their unit is not known.
    func history(_ entry: Entry) -> [MqttMessage] {
        let at = entry.fact.at.wall
        let sequence =
            [JsonText.Member(name: "sequence", value: .number(Int64(clamping: entry.sequence)))]
            + Self.doubt(entry.fact.at)
        switch entry.fact.matter {
        case .readings(let readings):
            return readings.compactMap { reading in
                guard let channel = channels[reading.channel] else { return nil }
                let members = Self.members(of: reading, in: channel, at: at) + sequence
                return MqttMessage(
                    topic: topics.readings(channel.name), payload: JsonText.group(members).bytes)
            }
        case .fault(let fault):
            let members = Self.members(of: fault, of: entry.fact.node, at: at) + sequence
            return [
                MqttMessage(
                    topic: topics.fault(entry.fact.node), payload: JsonText.group(members).bytes)
            ]
        case .event(let event):
            let members = Self.members(of: event, at: at) + sequence
            return [
                MqttMessage(topic: topics.events, payload: JsonText.group(members).bytes)
            ]
        }
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        PlainHistoryWriter(codec: self)
    }

    public func answer(
        _ answer: CommandAnswer, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: WallTime
    ) -> [MqttMessage] {
        var members = [
            JsonText.Member(name: "id", value: .text(id.text)),
            JsonText.Member(name: "node", value: node.map { .text($0.text) } ?? .null),
            JsonText.Member(name: "outcome", value: .text(answer.word)),
        ]
        switch answer {
        case .confirmed(let reading, let at):
            if let channel = channels[reading.channel] {
                members += Self.members(of: reading, in: channel, at: at.wall)
                    .filter { !["channel", "node"].contains($0.name) }
            }
            members += Self.doubt(at)
            members.append(JsonText.Member(name: "detail", value: .null))
        case .refused(let detail), .failed(let detail), .timedOut(let detail):
            members += JsonText.members([
                "value": .null, "steps": .null, "time": .number(now.nanoseconds),
                "iso": .text(now.iso8601),
                "detail": .text(detail.printable(limit: Self.longestDetail)),
            ])
        }
        return [
            MqttMessage(
                topic: reply.topic, payload: JsonText.group(members).bytes,
                correlationData: reply.correlationData)
        ]
    }
}

// MARK: - Payloads

extension PlainCodec {
    /// What a birth says of nodes; less and less.
    private enum Detail: Int, CaseIterable, Comparable {
        case all, noTitles, noChannels, noNodes

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        var leftOut: [String] {
            switch self {
            case .all: []
            case .noTitles: ["titles"]
            case .noChannels: ["titles", "channels"]
            case .noNodes: ["nodes"]
            }
        }
    }

    /// Tells whoever reads that there is more than the broker takes.
    static func leftOut(_ what: [String]) -> JsonText.Member {
        JsonText.Member(name: "leftOut", value: .list(what.map { .text($0) }))
    }

    private static func birth(of node: NodeProfile, _ detail: Detail) -> JsonText {
        .group(
            JsonText.members([
                "name": .text(node.name.text),
                "kind": .text(node.kind.rawValue),
                "title": .text(node.title),
                "driver": .text(node.driver.text),
                "simulated": .flag(node.isSimulated),
                "channels": .list(node.channels.map(birth(of:))),
            ]).filter {
                !($0.name == "title" && detail >= .noTitles
                    || $0.name == "channels" && detail >= .noChannels)
            })
    }

    private static func birth(of channel: DataChannel) -> JsonText {
        .object([
            "name": .text(channel.name.text),
            "unit": .text(channel.unit.rawValue),
            "symbol": .text(channel.unit.symbol),
            "exponent": .number(Int64(channel.exponent)),
            "source": .text(channel.source),
            "pollPeriod": .number(seconds(channel.pollPeriod)),
            "capturePeriod": .number(seconds(channel.capture.period)),
            "captureDelta": channel.capture.delta.map { .number(channel.decimal($0)) } ?? .null,
        ])
    }

    /// The channel of a reading; nil when the layout no longer has it.
    func channel(of reading: Reading) -> DataChannel? { channels[reading.channel] }

    /// What stands beside a time that was labelled before the clock was set; nothing beside others.
    private static func doubt(_ at: Timestamp) -> [JsonText.Member] {
        at.isSynchronised ? [] : [JsonText.Member(name: "synchronised", value: .flag(false))]
    }

    private static func seconds(_ duration: Duration) -> DecimalNumber {
        DecimalNumber(mantissa: duration.wholeNanoseconds, exponent: -9)
    }

    /// A value that is not good is never a value: it is null, and the number stands beside it under a
    /// name of its own.
    static func members(
        of reading: Reading, in channel: DataChannel, at: WallTime
    ) -> [JsonText.Member] {
        let isGood = reading.quality == .good
        let decimal = JsonText.number(channel.decimal(reading.value))
        var members = JsonText.members([
            "channel": .text(channel.name.text),
            "node": .text(channel.node.text),
            "value": isGood ? decimal : .null,
            "steps": isGood ? .number(reading.value) : .null,
            "exponent": .number(Int64(channel.exponent)),
            "unit": .text(channel.unit.rawValue),
            "time": .number(at.nanoseconds),
            "iso": .text(at.iso8601),
            "quality": .text(reading.quality.rawValue),
        ])
        if isGood, channel.unit == .onOff {
            members.insert(
                JsonText.Member(name: "state", value: .text(channel.text(reading.value))), at: 3)
        }
        if reading.isSimulated {
            members.append(JsonText.Member(name: "simulated", value: .flag(true)))
        }
        switch reading.quality {
        case .good: break
        case .stale: members.append(JsonText.Member(name: "last", value: decimal))
        case .bad: members.append(JsonText.Member(name: "rejected", value: decimal))
        }
        return members
    }

    private static func members(of event: GatewayEvent, at: WallTime) -> [JsonText.Member] {
        JsonText.members([
            "event": .text(event.kind.rawValue),
            "link": event.link.map { .text($0.text) } ?? .null,
            "number": event.number.map { .number($0) } ?? .null,
            "detail": .text(event.detail),
            "time": .number(at.nanoseconds),
            "iso": .text(at.iso8601),
        ])
    }

    static func members(
        of fault: Fault, of node: ShNodeName, at: WallTime
    ) -> [JsonText.Member] {
        var members = JsonText.members([
            "node": .text(node.text),
            "kind": .text(fault.kind.rawValue),
            "active": .flag(fault.isOn),
            "detail": .text(fault.detail),
            "time": .number(at.nanoseconds),
            "iso": .text(at.iso8601),
        ])
        if let channel = fault.channel {
            members.insert(JsonText.Member(name: "channel", value: .text(channel.text)), at: 1)
        }
        return members
    }
}

/// Each entry is a batch of its own.
private struct PlainHistoryWriter: HistoryWriter {
    let codec: PlainCodec

    func write(_ entry: Entry, within limit: Int) -> [OutboundBatch] {
        [OutboundBatch(covers: entry.sequence...entry.sequence, messages: codec.history(entry))]
    }
}

extension JsonText {
    fileprivate static func members(_ pairs: KeyValuePairs<String, JsonText>) -> [Member] {
        pairs.map { Member(name: $0.key, value: $0.value) }
    }
}

extension CommandAnswer {
    /// The word for it on the wire.
    fileprivate var word: String {
        switch self {
        case .confirmed: "confirmed"
        case .refused: "refused"
        case .failed: "failed"
        case .timedOut: "timedOut"
        }
    }
}
