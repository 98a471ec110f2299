import Codecs
import Mqtt
import Vocabulary

/// A retained topic of its own that says whether a gateway's link is up, for upstreams whose own words
/// have none: `tidegate/GATEWAY/link/UPSTREAM`.
package struct PresenceTopic: Hashable, Sendable {
    package let topic: String
    let incarnation: String

    package init(prefix: String, profile: GatewayProfile, upstream: UpstreamName) {
        topic = Self.topic(prefix: prefix, gateway: profile.gateway, upstream: upstream)
        incarnation = profile.incarnation
    }

    /// Where it stands.
    package static func topic(
        prefix: String, gateway: GatewayName, upstream: UpstreamName
    ) -> String { "\(prefix)/\(gateway)/link/\(upstream)" }

    /// - Parameter at: Nil in a last will, which is written before its time.
    package func message(_ state: String, at: WallTime?) -> MqttMessage {
        let text = JsonText.object([
            "state": .text(state), "incarnation": .text(incarnation),
            "at": at.map { .text($0.iso8601) } ?? .null,
        ])
        return MqttMessage(topic: topic, payload: text.bytes, isRetained: true)
    }
}
