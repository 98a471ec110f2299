import Links
import Vocabulary

/// How somebody on a broker says that it is there and how its links stand, in plain JSON on
/// `tidegate/WHO/status`: a gateway, or a parent of gateways.
public struct PlainPresence: Hashable, Sendable {
    public let who: GatewayName
    /// Random for each start of the process.
    public let incarnation: String
    let topic: String
    private let isSimulated: Bool

    /// - Parameters:
    ///   - prefix: The first level of all topics.
    ///   - isSimulated: Whether some of its hardware is simulated.
    public init(
        of who: GatewayName, incarnation: String, prefix: String = "tidegate",
        isSimulated: Bool = false
    ) {
        (self.who, self.incarnation, self.isSimulated) = (who, incarnation, isSimulated)
        topic = PlainTopics(prefix: prefix, gateway: who).status
    }

    /// The broker says it when nobody says goodbye.
    public var will: MqttMessage {
        let lost = LinkStatus(
            who: who.text, incarnation: incarnation, sequence: 0, state: .failed, interval: .zero)
        return message(of: PlainStatus(own: lost, links: [], at: nil, isSimulated: isSimulated))
    }

    /// Kept by the broker for whoever comes later.
    public func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus] = [], at now: WallTime
    ) -> MqttMessage {
        message(
            of: PlainStatus(
                own: own, links: links, queues: queues, at: now, isSimulated: isSimulated))
    }

    private func message(of status: PlainStatus) -> MqttMessage {
        MqttMessage(topic: topic, payload: status.json.bytes, isRetained: true)
    }
}
