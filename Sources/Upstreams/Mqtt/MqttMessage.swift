/// One MQTT message, to be published or received.
public struct MqttMessage: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var qos: QualityOfService
    /// To be published: the broker keeps it for later subscribers. Received: it was published
    /// that way, so it may be old and must never be obeyed.
    public var isRetained: Bool
    /// Where the sender of a question waits for the answer.
    public var responseTopic: String?
    /// What the answer must carry, so that the requester knows it for the answer to this question.
    public var correlationData: [UInt8]?
    /// The broker drops the message when it could not deliver it for so many seconds; nil for never.
    public var expirySeconds: UInt32?

    /// MQTT's quality of service; 2 is not used.
    public enum QualityOfService: Int32, Hashable, Sendable {
        /// Sent once; whether it came is never known.
        case atMostOnce = 0
        /// The broker acknowledges it.
        case atLeastOnce = 1
    }

    public init(
        topic: String, payload: [UInt8], qos: QualityOfService = .atLeastOnce,
        isRetained: Bool = false, responseTopic: String? = nil, correlationData: [UInt8]? = nil,
        expirySeconds: UInt32? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.isRetained = isRetained
        self.responseTopic = responseTopic
        self.correlationData = correlationData
        self.expirySeconds = expirySeconds
    }

    /// How many bytes the message takes on the wire, as one PUBLISH.
    ///
    /// Source: MQTT Version 5.0, OASIS Standard, sections 2.1 and 3.3.
    public var packetSize: Int {
        let properties =
            (responseTopic.map { 3 + $0.utf8.count } ?? 0)
            + (correlationData.map { 3 + $0.count } ?? 0) + (expirySeconds == nil ? 0 : 5)
        let rest =
            2 + topic.utf8.count + (qos == .atMostOnce ? 0 : 2)
            + lengthSize(properties) + properties + payload.count
        return 1 + lengthSize(rest) + rest
    }

    /// How many bytes a length takes, seven bits in each.
    private func lengthSize(_ length: Int) -> Int {
        length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4
    }

    /// The payload as text, with anything that is not UTF-8 replaced.
    public var text: String { String(decoding: payload, as: UTF8.self) }
}

/// The identity of a published message. No two publishes of one session share one, not even across
/// connections.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
    public let number: UInt64

    public init(number: UInt64) { self.number = number }

    public var description: String { "message \(number)" }
}
