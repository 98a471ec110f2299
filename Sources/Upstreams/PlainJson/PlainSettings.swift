import Codecs
import DriverKit
import Layouts
import Vocabulary

/// What a layout says of an upstream in plain JSON.
public struct PlainSettings: Hashable, Sendable {
    /// Filters of topics that a command may have its answer sent to, beside the gateway's own `answer/`.
    public let answersTo: [String]

    public init(answersTo: [String] = []) { self.answersTo = answersTo }
}

extension CodecDescription {
    /// Tidegate's own words.
    public static let plain = CodecDescription(
        "plain", words: "Tidegate's JSON",
        keys: [
            LayoutKey(
                "answersTo", .texts(.topicFilter), .optional,
                "Topics outside of the gateway's own answer/ that a command may ask to be answered on, "
                    + "with the codec plain.")
        ]
    ) { _, upstream, _ in
        PlainSettings(answersTo: upstream["answersTo"]?.list?.compactMap(\.text) ?? [])
    }
}

extension PlainSettings: CodecSettings {
    public func codec(
        of profile: GatewayProfile, upstream: UpstreamName, topic: String
    ) -> any Codec {
        PlainCodec(profile: profile, upstream: upstream, prefix: topic, answersTo: answersTo)
    }

    public func claims(topic: String) -> [CodecClaim] {
        [
            CodecClaim(
                "publishes", "below the topic \(topic)", at: ["topic"],
                remedy: "another upstream there needs a different topic")
        ]
    }

    public func topics(of layout: HardwareLayout, on upstream: UpstreamLayout) -> [CodecTopic] {
        let own = PlainTopics(prefix: upstream.topic, gateway: layout.gateway)
        var topics = [
            CodecTopic(own.status, "online or offline, with every link; retained, last will"),
            CodecTopic(own.birth, "nodes, channels and units; retained"),
            CodecTopic("\(own.root)/live/CHANNEL", "the newest value; retained"),
            CodecTopic("\(own.root)/readings/CHANNEL", "every captured reading, in order"),
            CodecTopic("\(own.root)/fault/NODE", "faults, when raised and when cleared"),
            CodecTopic(own.faults, "all active faults; retained"),
            CodecTopic(own.events, "starts, reloads, links and losses"),
            CodecTopic("\(own.root)/answer/NODE", "what became of commands"),
            CodecTopic(own.heartbeat, "heartbeats of the controller, for failsafeAfter"),
        ]
        for node in layout.nodes where node.kind == .relay {
            topics.append(CodecTopic(own.set(node.name), "commands: on, off"))
            topics.append(CodecTopic(own.control(node.name), "controller and override; retained"))
        }
        for channel in layout.nodes.flatMap(\.component.channels) where channel.isSettable {
            topics.append(
                CodecTopic(
                    own.set(channel.node), "commands: its total, in \(channel.unit.rawValue)"))
        }
        return topics
    }
}
