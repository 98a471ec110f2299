import Links
import Upstreams
import Vocabulary

// What is said to a broker that takes messages of any size.
extension Codec {
    func greeting(at now: WallTime) -> [MqttMessage] { greeting(at: now, within: .max) }

    func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime
    ) -> [MqttMessage] {
        status(own, links: links, queues: queues, at: now, within: .max)
    }

    func standing(_ troubles: [StandingTrouble], at now: WallTime) -> [MqttMessage] {
        standing(troubles, at: now, within: .max)
    }
}

extension HistoryWriter {
    mutating func write(_ entry: Entry) -> [Parcel] { write(entry, within: .max) }
}
