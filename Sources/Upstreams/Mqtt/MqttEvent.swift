/// What an MQTT session reports, in the order it happened.
public enum MqttEvent: Hashable, Sendable {
    /// The broker accepted the login. Nothing is subscribed yet.
    case connected(sessionPresent: Bool)
    /// The broker was not reached, and why. Reported once until the reason changes; the tries go on.
    case unreachable(String)
    /// The broker was reached and said no, and why. Reported once until the reason changes; the tries go on,
    /// slowly.
    case refused(String)
    /// The connection is gone, and why. What was published and not acknowledged is forgotten here and
    /// will not be sent again; no outcome of it follows.
    case disconnected(String)
    /// The connection that was just reported as gone ended because another client logged in under the same
    /// client identifier, and what to do about it. The tries go on.
    case nameTaken(String)
    case subscribed(topic: String)
    case subscriptionRefused(topic: String, reason: String)
    /// The broker has accepted the message. At QoS 0: never reported.
    case acknowledged(MessageID)
    /// The broker, or the MQTT library, did not take the message: for good, or `isTemporary` when trying
    /// later may help, as with a quota.
    case publishRefused(MessageID, reason: String, topic: String, isTemporary: Bool)
    case received(MqttMessage)
    /// So many received messages were dropped here, because they were not taken in time or too large.
    case dropped(Int)
}

/// What went wrong when something was handed to an upstream. Code acts on `kind`; people read `detail`.
public struct UpstreamError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the caller can do about it.
    public enum Kind: Hashable, Sendable {
        /// There is no connection; `MqttEvent.connected` reports when there is.
        case notConnected
        /// The window is full; an outcome of an earlier message makes room.
        case full
        /// The message can never be sent.
        case badMessage
    }

    public let kind: Kind
    public let detail: String

    public init(kind: Kind, detail: String) {
        self.kind = kind
        self.detail = detail
    }

    public var description: String { detail }
}
