import Codecs
import Mqtt
import Vocabulary

/// The words of Home Assistant: devices that announce themselves over MQTT, and their live states.
///
/// A state is always of now for Home Assistant, so no history goes there. What was missed while the broker
/// was away is in the next total of a meter.
public struct HomeAssistantCodec: Codec {
    let profile: GatewayProfile
    let settings: HomeAssistantSettings
    let topics: HomeAssistantTopics
    let nodes: [ShNodeName: NodeProfile]
    let channels: [DataChannelName: DataChannel]
    /// Who gives the orders that come in here.
    let source: CommandSource

    /// - Parameters:
    ///   - upstream: Named in each command as the one who gave it.
    ///   - prefix: The first level of the topics of states and commands.
    public init(
        profile: GatewayProfile, upstream: UpstreamName, settings: HomeAssistantSettings,
        prefix: String = "tidegate"
    ) {
        (self.profile, self.settings) = (profile, settings)
        topics = HomeAssistantTopics(
            prefix: prefix, gateway: profile.gateway, discoveryPrefix: settings.discoveryPrefix)
        nodes = Dictionary(profile.nodes.map { ($0.name, $0) }) { first, _ in first }
        channels = Dictionary(
            profile.nodes.flatMap(\.channels).map { ($0.name, $0) }
        ) { first, _ in first }
        source = CommandSource(.upstream, upstream.text)
    }

    public var subscriptions: [String] {
        settings.maySwitch
            ? [topics.commands, topics.heartbeat, settings.birthTopic] : [settings.birthTopic]
    }

    public var takesHistory: Bool { false }

    public func session(of connection: CodecConnection) -> any CodecSession {
        HomeAssistantSession(codec: self, connection)
    }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        HomeAssistantHistoryWriter()
    }

    // MARK: Messages

    /// Something that the broker keeps for Home Assistant's next start.
    func kept(_ topic: String, _ payload: JsonText) -> MqttMessage {
        MqttMessage(topic: topic, payload: payload.bytes, isRetained: true)
    }

    func kept(_ topic: String, _ word: String) -> MqttMessage {
        MqttMessage(topic: topic, payload: Array(word.utf8), isRetained: true)
    }

    /// Takes the place of what the broker keeps on a topic, and leaves the broker soon. An empty message would
    /// do so at once, and Home Assistant logs a warning at each.
    func passing(_ message: MqttMessage) -> MqttMessage {
        var message = message
        message.expirySeconds = Self.removalSeconds
        return message
    }

    /// How long a broker keeps what only removes.
    static let removalSeconds: UInt32 = 5
}

/// Home Assistant has no place for the past.
private struct HomeAssistantHistoryWriter: HistoryWriter {
    func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        [HistoryBatch(covers: entry.offset...entry.offset, messages: [])]
    }
}
