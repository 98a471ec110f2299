import Codecs
import Health
import Mqtt
import Vocabulary

/// How a client of a broker says that it is there and how its links stand, in plain JSON on
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

    /// The broker says it when no DISCONNECT was sent.
    public var will: MqttMessage {
        let lost = LinkStatus(
            who: who.text, incarnation: incarnation, sequence: 0, state: .unreachable,
            interval: .zero, cause: PlainStatus.connectionLost)
        return message(of: PlainStatus(own: lost, links: [], at: nil, isSimulated: isSimulated))
    }

    /// Kept by the broker for later subscribers.
    ///
    /// - Parameter leftOut: What there was no room for, so that nobody takes it for nothing.
    public func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus] = [],
        leftOut: [String] = [], at now: WallTime
    ) -> MqttMessage {
        let status = PlainStatus(
            own: own, links: links, queues: queues, at: now, isSimulated: isSimulated)
        return message(of: status, leftOut)
    }

    private func message(of status: PlainStatus, _ leftOut: [String] = []) -> MqttMessage {
        let members = status.members + (leftOut.isEmpty ? [] : [PlainDocuments.leftOut(leftOut)])
        return MqttMessage(
            topic: topic, payload: JsonText.group(members).bytes, isRetained: true)
    }
}
