import Codecs
import Documents
import Fakes
import Mqtt
import Vocabulary

@testable import HomeAssistant

typealias House = SampleGateway

extension SampleGateway {
    static let at = Timestamp(wall: now, monotonic: MonotonicInstant(nanoseconds: 1))
    static let root = "tidegate/d1.demo.house1/home-assistant"
    static let announcements = "homeassistant/device/d1_demo_house1"

    static func homeAssistant(
        _ profile: GatewayProfile = profile, minimum: String? = nil, maySwitch: Bool = true,
        entities: [DataChannelName: HomeAssistantWishes] = [:]
    ) -> HomeAssistantCodec {
        var settings = HomeAssistantSettings()
        settings.entities = entities
        settings.maySwitch = maySwitch
        if let version = minimum.flatMap(HomeAssistantVersion.init) {
            settings.minimumVersion = version
        }
        return HomeAssistantCodec(profile: profile, upstream: "site", settings: settings)
    }

    static func session(
        _ codec: HomeAssistantCodec = homeAssistant(), latest: [Reading] = [],
        former: FormerNames = FormerNames()
    ) -> HomeAssistantSession {
        let values = latest.compactMap { reading in
            codec.channels[reading.channel].map {
                LiveValue(node: $0.node, reading: reading, at: at)
            }
        }
        return HomeAssistantSession(
            codec: codec, CodecConnection(number: 0, latest: values, former: former))
    }

    /// One channel of a node that may have several.
    static func channel(
        _ name: DataChannelName, of node: ShNodeName, _ source: String, _ unit: Unit,
        exponent: Int = -1, isCounter: Bool = false, isSettable: Bool = false
    ) -> DataChannel {
        DataChannel(
            name: name, node: node, source: source, unit: unit, exponent: exponent,
            pollPeriod: .seconds(10), capture: CaptureRule(period: .seconds(60), delta: 1),
            plausibility: isCounter ? .meterTotal : .anything, isSettable: isSettable)
    }

    static func meter(_ channels: [DataChannel], kind: NodeKind = .meter) -> GatewayProfile {
        GatewayProfile(
            gateway: "d1.demo.house1", incarnation: "i7",
            nodes: [
                NodeProfile(
                    name: "meter", kind: kind, title: "Electricity", driver: "modbus-meter",
                    isSimulated: false, channels: channels)
            ])
    }

    static func set(_ payload: String, _ node: String = "heater") -> MqttMessage {
        MqttMessage(topic: "\(root)/set/\(node)", payload: Array(payload.utf8))
    }
}

extension HomeAssistantSession {
    mutating func take(_ message: MqttMessage, at now: WallTime = House.now) -> Incoming {
        var chance = SeededGenerator(seed: 1)
        return incoming(message, at: now, using: &chance)
    }

    mutating func born() -> [MqttMessage] { birth(at: House.now, within: .max) }
}

extension Sequence<MqttMessage> {
    /// The last message on a topic, as JSON.
    func json(on topic: String) -> JsonNode? {
        last(on: topic).flatMap { JsonParser.parse($0.payload).document }
    }

    func last(on topic: String) -> MqttMessage? { reversed().first { $0.topic == topic } }

    /// The entities that are announced of a node, those that are removed left out.
    func entities(of node: String) -> [String: JsonNode] {
        let components = json(on: "\(House.announcements)/\(node)/config")?["cmps"]?.group ?? []
        return Dictionary(
            components.filter { $0.node["uniq_id"] != nil }.map { ($0.name, $0.node) }
        ) { $1 }
    }
}
