import Codecs
import Health
import Mqtt
import PlainJson
import Vocabulary

// What is said to a broker that takes messages of any size.
extension PlainCodec {
    func birth(at now: WallTime) -> [MqttMessage] { birth(at: now, within: .max) }

    func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime
    ) -> [MqttMessage] {
        status(own, links: links, queues: queues, at: now, within: .max)
    }

    func activeFaults(_ faults: [ActiveFault], at now: WallTime) -> [MqttMessage] {
        activeFaults(faults, at: now, within: .max)
    }
}
