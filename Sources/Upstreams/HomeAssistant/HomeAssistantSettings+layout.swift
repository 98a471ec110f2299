import Codecs
import Documents
import DriverKit
import Layouts
import Vocabulary

extension CodecDescription {
    /// The words of Home Assistant.
    public static let homeAssistant = CodecDescription(
        "home-assistant", words: "that of Home Assistant",
        keys: [
            LayoutKey(
                "homeAssistant", .section(.homeAssistant), .optional,
                "Topics and rights of the codec home-assistant.")
        ]
    ) { reader, upstream, nodes in reader.readHomeAssistant(upstream, nodes) }
}

extension LayoutSection {
    static let homeAssistant = LayoutSection(
        noun: "the settings of a link to Home Assistant",
        keys: [
            LayoutKey(
                "discoveryPrefix", .text(.plainTopic), .defaults(to: .text("homeassistant")),
                "The first levels of the topics of MQTT discovery, as in Home Assistant's own settings."
            ),
            LayoutKey(
                "birthTopic", .text(.plainTopic), .defaults(to: .text("homeassistant/status")),
                "Where Home Assistant publishes that it has started. All is announced again then."),
            LayoutKey(
                "birthPayload", .value(.text), .defaults(to: .text("online")),
                "What it publishes there."),
            LayoutKey(
                "minimumVersion", .text(.homeAssistantVersion), .defaults(to: .text("2025.4")),
                "The oldest Home Assistant in use. Classes that it does not know are left out."),
            LayoutKey(
                "rights", .value(.list(.choice(["read", "switch"]))),
                .defaults(to: .array([.text("read"), .text("switch")])),
                "What Home Assistant may do. Without switch, relays are shown and not switched."),
            LayoutKey(
                "entities", .sections(.homeAssistantEntity), .optional,
                "Channels whose entity is to be another than the usual one."),
        ])

    static let homeAssistantEntity = LayoutSection(
        noun: "an entity of Home Assistant",
        keys: [
            LayoutKey("channel", .text(.name(DataChannelTag.self)), .required, "The channel."),
            LayoutKey(
                "deviceClass", .value(.text), .optional,
                "Its device class, such as door or gas. It must go with the channel's unit."),
            LayoutKey(
                "enabled", .value(.flag), .defaults(to: .flag(true)),
                "Whether it is enabled when Home Assistant finds it."),
            LayoutKey(
                "uniqueId", .value(.text), .optional,
                "The unique_id that another program gave the entity, whose history is to go on."),
            LayoutKey(
                "formerTopic", .text(.plainTopic), .optional,
                "The discovery topic of that program. It is cleared."),
        ])
}

extension TextForm {
    static let plainTopic = TextForm(
        words: "a topic without wildcards",
        schema: [
            ("pattern", .text("^[^$/#+][^/#+]*(/[^/#+]+)*$")), ("maxLength", .whole(256)),
        ]
    ) { text in
        let levels = text.split(separator: "/", omittingEmptySubsequences: false)
        let isTopic =
            text.utf8.count <= 256 && !text.hasPrefix("$") && !text.utf8.contains(0)
            && levels.allSatisfy { level in
                !level.isEmpty && !level.contains(where: { "+#".contains($0) })
            }
        return isTopic
            ? nil
            : "\(JsonValue.text(text).quoted) must be a topic without wildcards, such as "
                + "homeassistant/status"
    }

    static let homeAssistantVersion = TextForm(
        words: "a version of Home Assistant from 2024.12 on, such as 2025.4",
        schema: [("pattern", .text("^2[0-9]{3}\\.([1-9]|1[0-2])(\\.[0-9]{1,2})?$"))]
    ) { text in
        guard let version = HomeAssistantVersion(text) else {
            return "\(JsonValue.text(text).quoted) must be a version such as 2025.4"
        }
        return version < .oldest
            ? "Home Assistant \(text) does not take whole devices; 2024.12 is the first that does"
            : nil
    }
}

extension LayoutReader {
    /// What an upstream has of its link to Home Assistant; nil when that is not complete.
    fileprivate mutating func readHomeAssistant(
        _ upstream: Section, _ nodes: [NodeLayout]
    ) -> HomeAssistantSettings? {
        guard var settings = HomeAssistantSettings(upstream) else { return nil }
        guard let section = upstream.section("homeAssistant", .homeAssistant) else {
            return settings
        }
        let channels = Dictionary(
            nodes.lazy.flatMap { node in
                node.component.channels.map { ($0.name, (channel: $0, kind: node.kind)) }
            }
        ) { first, _ in first }
        var (names, identities) = (KnownNames("channel"), KnownNames("uniqueId"))
        for entity in section.sections("entities", .homeAssistantEntity) {
            guard let name = entity.name("channel", DataChannelTag.self) else { continue }
            if let taken = names.take(name.text, at: entity.place) {
                report(entity.place(of: "channel"), "\(taken)")
            }
            guard channelNames.places[name.text] != nil else {
                let words = channelNames.missing(name.text, problems).message
                report(entity.place(of: "channel"), words)
                continue
            }
            var wishes = HomeAssistantWishes()
            wishes.isEnabled = entity.flag("enabled") ?? true
            wishes.deviceClass = entity.text("deviceClass")
            (wishes.uniqueID, wishes.formerTopic) = (
                entity.text("uniqueId"), entity.text("formerTopic")
            )
            if let known = channels[name], let wanted = wishes.deviceClass {
                let choices = HomeAssistantQuantity.classes(of: known.channel, known.kind)
                if !choices.contains(wanted) {
                    report(
                        entity.place(of: "deviceClass"),
                        "\(wanted) does not go with \(known.channel.unit.rawValue); "
                            + "possible: \(choices.joined(separator: ", "))")
                }
            }
            if let identity = wishes.uniqueID,
                let taken = identities.take(identity, at: entity.place)
            {
                report(entity.place(of: "uniqueId"), "\(taken)")
            }
            if wishes.formerTopic != nil, wishes.uniqueID == nil {
                report(entity.place(of: "formerTopic"), "has no effect without uniqueId")
            }
            if wishes.formerTopic.map({ !$0.hasSuffix("/config") }) ?? false {
                report(entity.place(of: "formerTopic"), "a discovery topic ends with /config")
            }
            settings.entities[name] = wishes
        }
        return settings
    }
}

extension HomeAssistantSettings {
    /// Nil when what stands there is not complete; its problems have been reported.
    fileprivate init?(_ upstream: Section) {
        self.init()
        guard upstream.says("homeAssistant") else { return }
        guard let section = upstream.section("homeAssistant", .homeAssistant),
            let prefix = section.text("discoveryPrefix"), let topic = section.text("birthTopic"),
            let payload = section.text("birthPayload"),
            let version = section.text("minimumVersion").flatMap(HomeAssistantVersion.init)
        else { return nil }
        (discoveryPrefix, birthTopic, birthPayload) = (prefix, topic, payload)
        minimumVersion = version
        maySwitch = section["rights"]?.list?.contains { $0.text == "switch" } ?? false
    }
}

extension HomeAssistantSettings: CodecSettings {
    public func codec(
        of profile: GatewayProfile, upstream: UpstreamName, topic: String
    ) -> any Codec {
        HomeAssistantCodec(profile: profile, upstream: upstream, settings: self, prefix: topic)
    }

    public func claims(topic: String) -> [CodecClaim] {
        [
            CodecClaim(
                "announces", "the gateway's devices to \(discoveryPrefix)",
                at: ["homeAssistant", "discoveryPrefix"],
                remedy: "one Home Assistant needs one upstream"),
            CodecClaim(
                "publishes", "states for Home Assistant below the topic \(topic)", at: ["topic"],
                remedy: "another upstream there needs a different topic"),
        ]
    }

    public func topics(of layout: HardwareLayout, on upstream: UpstreamLayout) -> [CodecTopic] {
        let own = HomeAssistantTopics(
            prefix: upstream.topic, gateway: layout.gateway, discoveryPrefix: discoveryPrefix)
        var topics = [CodecTopic(own.announcement(of: .gateway), "the gateway's device; retained")]
        topics += layout.nodes.map {
            CodecTopic(own.announcement(of: $0.name), "its device and entities; retained")
        }
        topics += [
            CodecTopic(own.status, "online or offline; retained, last will"),
            CodecTopic("\(own.root)/status/NODE", "whether a node answers; retained"),
            CodecTopic("\(own.root)/state/CHANNEL", "the newest value; retained"),
            CodecTopic("\(own.root)/fault/NODE", "active faults of a node; retained"),
            CodecTopic(birthTopic, "the birth of Home Assistant"),
        ]
        guard maySwitch else { return topics }
        topics += layout.nodes.filter { $0.kind == .relay }.map {
            CodecTopic(own.command($0.name), "commands: ON, OFF")
        }
        return topics + [
            CodecTopic("\(own.root)/outcome/NODE", "commands that were not carried out"),
            CodecTopic(own.heartbeat, "heartbeats of the controller, for failsafeAfter"),
        ]
    }
}
