import Codecs
import Mqtt
import Vocabulary

/// What a gateway says to Home Assistant on one connection.
///
/// It remembers the newest values: what a refused command shows again, and which nodes answer.
struct HomeAssistantSession: CodecSession {
    let codec: HomeAssistantCodec
    private let former: FormerNames
    /// The newest value of each channel that the layout has.
    private(set) var latest: [DataChannelName: Reading] = [:]
    /// What was last said of each node: whether it answers, and what is wrong with it.
    private var answering: [ShNodeName: Bool] = [:]
    private var faults: [ShNodeName: [Fault]] = [:]
    /// When the last birth was said.
    var lastBirth: WallTime?

    init(codec: HomeAssistantCodec, _ connection: CodecConnection) {
        (self.codec, former) = (codec, connection.former)
        for value in connection.latest where codec.channels[value.reading.channel] != nil {
            latest[value.reading.channel] = value.reading
        }
    }

    var topics: HomeAssistantTopics { codec.topics }

    // MARK: Who is here

    var will: MqttMessage? { codec.kept(topics.status, "offline") }

    /// The devices, the gateway's first; then their states, so that none of before is taken for one of now.
    mutating func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        lastBirth = now
        (answering, faults) = ([:], [:])
        var messages = former.nodes.sorted().flatMap { node in
            HomeAssistantDevice.removal(node, channels: former.channels(of: node), codec)
        }
        messages += [HomeAssistantDevice.gateway(codec).announcement(within: limit)]
            .compactMap(\.self)
        for node in codec.profile.nodes {
            messages += HomeAssistantDevice.removal(
                of: former.channels(of: node.name), from: node.name, codec)
            let migration = HomeAssistantDevice.migration(of: node, codec)
            messages += migration.before
            messages += [HomeAssistantDevice.node(node, codec).announcement(within: limit)]
                .compactMap(\.self)
            messages += migration.after
            messages += node.channels.compactMap { latest[$0.name].flatMap(state) }
            messages += status(of: node.name)
        }
        return messages + [codec.kept(topics.status, "online")]
    }

    mutating func offline(at now: WallTime) -> [MqttMessage] {
        [codec.kept(topics.status, "offline")]
    }

    // MARK: Values

    /// A node that answers again shows its state first; one that does not is unavailable first.
    mutating func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        guard let channel = codec.channels[reading.channel], let state = state(reading) else {
            return []
        }
        latest[reading.channel] = reading
        let status = status(of: channel.node)
        return reading.quality == .good ? [state] + status : status + [state]
    }

    /// Nothing is known of it: an entity shows that, and one that is gone leaves the broker.
    mutating func clear(_ channel: DataChannelName) -> [MqttMessage] {
        let unknown = codec.kept(topics.state(channel), .object(["value": .null]))
        guard let known = codec.channels[channel] else { return [codec.passing(unknown)] }
        latest[channel] = nil
        return [unknown] + status(of: known.node)
    }

    mutating func clear(_ node: ShNodeName) -> [MqttMessage] {
        guard codec.nodes[node] == nil else { return [] }
        return [
            codec.passing(codec.kept(topics.status(node), "offline")),
            codec.passing(codec.kept(topics.fault(node), .object(["value": .null]))),
        ]
    }

    /// A value that is not a measurement is unknown, never a number: totals neither fall nor begin at 0.
    func state(_ reading: Reading) -> MqttMessage? {
        guard let channel = codec.channels[reading.channel] else { return nil }
        let value: JsonText =
            if reading.quality != .good {
                .null
            } else if channel.unit == .onOff {
                .text(reading.value == 0 ? "OFF" : "ON")
            } else {
                .number(channel.decimal(reading.value))
            }
        var members = [JsonText.Member(name: "value", value: value)]
        if reading.isSimulated { members.append(Self.simulated) }
        return codec.kept(topics.state(reading.channel), .group(members))
    }

    static let simulated = JsonText.Member(name: "simulated", value: .flag(true))

    /// Whether the node answers, when that is news.
    private mutating func status(of node: ShNodeName) -> [MqttMessage] {
        let channels = codec.nodes[node]?.channels ?? []
        let answers = channels.contains { latest[$0.name]?.quality == .good }
        guard answering[node] != answers else { return [] }
        answering[node] = answers
        return [codec.kept(topics.status(node), answers ? "online" : "offline")]
    }

    // MARK: Faults

    /// Only those of nodes where something has changed.
    mutating func activeFaults(
        _ active: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage] {
        var messages: [MqttMessage] = []
        let byNode = Dictionary(grouping: active, by: \.node).mapValues { $0.map(\.fault) }
        for node in [ShNodeName.gateway] + codec.profile.nodes.map(\.name) {
            let own = byNode[node] ?? []
            guard faults[node] != own else { continue }
            faults[node] = own
            let codec = codec
            let lists = [Self.mostFaults, 2, 1, 0].lazy.map {
                Self.fault(of: node, own, atMost: $0, codec)
            }
            messages += [lists.first(within: limit)].compactMap(\.self)
        }
        return messages
    }

    /// How many faults of one node are listed, and how long their details are. An attribute of an entity
    /// holds 16 KiB.
    private static let mostFaults = 8
    private static let longestDetail = 300

    private static func fault(
        of node: ShNodeName, _ faults: [Fault], atMost count: Int, _ codec: HomeAssistantCodec
    ) -> MqttMessage {
        let list = faults.prefix(count).map { fault in
            JsonText.object([
                "kind": .text(fault.kind.rawValue),
                "detail": .text(fault.detail.printable(limit: longestDetail)),
            ])
        }
        return codec.kept(
            codec.topics.fault(node),
            .object(["value": .text(faults.isEmpty ? "OFF" : "ON"), "faults": .list(list)]))
    }
}

extension FormerNames {
    /// The channels that were of a node.
    fileprivate func channels(of node: ShNodeName) -> [DataChannelName] {
        channels.compactMap { $0.value == node ? $0.key : nil }
    }
}
