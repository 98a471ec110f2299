import Codecs
import Mqtt
import Vocabulary

extension PlainCodec {
    public func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage] {
        // The end is measured on a clock that never jumps, and told on the wall clock of this moment.
        let until = control.until.map { now.wall.advanced(by: now.monotonic.duration(to: $0)) }
        let channel = nodes[node]?.channels.first
        let text = JsonText.object([
            "node": .text(node.text),
            "overriddenBy": control.holder.map { .text($0.description) } ?? .null,
            "overrideUntil": until.map { .text($0.iso8601) } ?? .null,
            "controller": control.controller.map { .text($0.description) } ?? .null,
            "queued": control.queued.map { .text(channel?.text($0) ?? "\($0)") } ?? .null,
            "time": .number(now.wall.nanoseconds),
            "iso": .text(now.wall.iso8601),
        ])
        return [
            MqttMessage(topic: topics.control(node), payload: text.bytes, isRetained: true)
        ]
    }
}
