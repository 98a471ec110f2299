import Codecs
import Mqtt
import Vocabulary

/// The devices that discovery announces: one message for the gateway and one for each node.
struct HomeAssistantDevice {
    private let codec: HomeAssistantCodec
    private let node: ShNodeName
    private let device: (Int) -> JsonText
    private let entities: [HomeAssistantEntity]

    /// The gateway, which its nodes refer to, so it comes first.
    static func gateway(_ codec: HomeAssistantCodec) -> HomeAssistantDevice {
        let profile = codec.profile
        let members =
            identity(.gateway, profile.gateway.text, codec.topics) + [
                ("mf", "Tidegate"), ("mdl", .text("gateway" + mark(profile.isSimulated))),
            ]
        return HomeAssistantDevice(
            codec: codec, node: .gateway, device: { _ in .members(members) },
            entities: [.fault(of: .gateway, codec.topics)])
    }

    /// One node with all its channels.
    static func node(_ node: NodeProfile, _ codec: HomeAssistantCodec) -> HomeAssistantDevice {
        let topics = codec.topics
        var entities = node.channels.flatMap {
            HomeAssistantEntity.entities(of: $0, in: node, codec)
        }
        entities.append(.fault(of: node.name, topics))
        let isCommanded = codec.settings.maySwitch && node.commanded != nil
        entities.append(
            isCommanded ? .outcome(of: node.name, topics) : .removal("outcome", .event))
        let count = entities.count
        return HomeAssistantDevice(
            codec: codec, node: node.name,
            device: { shown in
                let cut = shown < count ? ", \(count - shown) entities left out" : ""
                return .members(
                    identity(node.name, node.title, topics) + [
                        ("mdl", .text("\(node.driver)\(mark(node.isSimulated))\(cut)")),
                        ("via_device", .text(topics.device(.gateway))),
                    ])
            }, entities: entities)
    }

    /// Its announcement. Beyond `limit`, the last entities are left out, and the model says so.
    func announcement(within limit: Int) -> MqttMessage? {
        let counts = Swift.sequence(first: entities.count) { $0 > 0 ? $0 - 1 : nil }
        return counts.lazy.map { count in
            Self.message(codec, node, device(count), entities.prefix(count))
        }.first(within: limit)
    }

    /// What another program announced, whose entities are this node's from now on: first they are to be
    /// migrated, and once they are announced here, the old topics are cleared.
    static func migration(
        of node: NodeProfile, _ codec: HomeAssistantCodec
    ) -> (before: [MqttMessage], after: [MqttMessage]) {
        let topics = node.channels.compactMap { codec.settings.entities[$0.name]?.formerTopic }
        let migrate = JsonText.object(["migrate_discovery": .flag(true)]).bytes
        return (
            topics.map { MqttMessage(topic: $0, payload: migrate) },
            topics.map { MqttMessage(topic: $0, payload: [], isRetained: true) }
        )
    }

    /// Removes what was announced of channels that the node has no more.
    static func removal(
        of channels: [DataChannelName], from node: ShNodeName, _ codec: HomeAssistantCodec
    ) -> [MqttMessage] {
        removal(channels.sorted().flatMap(HomeAssistantEntity.removals), from: node, codec).map {
            var message = $0
            // The announcement that comes next is to stay.
            message.isRetained = false
            return message
        }
    }

    /// Removes a node that the layout has no more, with what is known of its channels.
    static func removal(
        _ node: ShNodeName, channels: [DataChannelName], _ codec: HomeAssistantCodec
    ) -> [MqttMessage] {
        let entities =
            channels.sorted().flatMap(HomeAssistantEntity.removals)
            + [.removal("fault", .contact), .removal("outcome", .event)]
        return removal(entities, from: node, codec).map(codec.passing)
    }

    private static func removal(
        _ entities: [HomeAssistantEntity], from node: ShNodeName, _ codec: HomeAssistantCodec
    ) -> [MqttMessage] {
        stride(from: 0, to: entities.count, by: 16).map { start in
            let some = entities[start..<min(start + 16, entities.count)]
            let members = identity(node, node.text, codec.topics)
            return message(codec, node, .members(members), some)
        }
    }

    // MARK: - Parts

    private static func identity(
        _ node: ShNodeName, _ name: String, _ topics: HomeAssistantTopics
    ) -> [(String, JsonText)] {
        [("ids", .list([.text(topics.device(node))])), ("name", .text(name))]
    }

    private static func mark(_ isSimulated: Bool) -> String { isSimulated ? " (simulated)" : "" }

    private static func message(
        _ codec: HomeAssistantCodec, _ node: ShNodeName, _ device: JsonText,
        _ entities: some Sequence<HomeAssistantEntity>
    ) -> MqttMessage {
        let topics = codec.topics
        let available = node == .gateway ? [topics.status] : [topics.status, topics.status(node)]
        let components = entities.map { entity in
            JsonText.Member(name: entity.key, value: .group(entity.members))
        }
        return codec.kept(
            topics.announcement(of: node),
            .object([
                "dev": device, "o": .object(["name": "tidegate"]), "avty_mode": "all",
                "avty": .list(available.map { .object(["t": .text($0)]) }), "qos": .number(1),
                "cmps": .group(components),
            ]))
    }
}
