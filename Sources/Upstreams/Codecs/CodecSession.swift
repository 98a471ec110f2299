import Health
import Mqtt
import Vocabulary

/// What a codec says on one connection. It ends with the connection, and what it remembers with it.
///
/// No socket and no clock. Births come first, and again when the upstream asks for them; history goes beside
/// what is said here, in the order of the journal.
public protocol CodecSession: Sendable {
    /// What the broker publishes when the connection breaks; nil for nothing.
    var will: MqttMessage? { get }

    /// What is said first, in order: who is here and what it is made of. Also the answer to
    /// `.birthWanted`, and said again on the same connection after a reload.
    ///
    /// - Parameter limit: How many bytes each message should take on the wire at most, as in `status`,
    ///   `activeFaults` and `HistoryWriter.write`. What can be said in less is cut to it, and says so.
    mutating func birth(at now: WallTime, within limit: Int) -> [MqttMessage]

    /// How the gateway, its links and its queues stand. To be said after each birth, at each change, once in
    /// each interval that it states, and last, as closed, before an orderly disconnect.
    mutating func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime,
        within limit: Int
    ) -> [MqttMessage]

    /// What is said each time facts begin to flow: after the subscriptions, and with a peer each time that it
    /// gives a heartbeat after a silence.
    mutating func activation(at now: WallTime) -> [MqttMessage]

    /// What is said last before an orderly disconnect, after the status.
    mutating func offline(at now: WallTime) -> [MqttMessage]

    /// The newest value of a channel, for subscribers that want to know how things are now.
    ///
    /// - Parameter at: When the device was asked.
    mutating func live(_ reading: Reading, at: Timestamp) -> [MqttMessage]

    /// Nothing is known of a channel since the gateway started: clears what the broker has retained of it.
    mutating func clear(_ channel: DataChannelName) -> [MqttMessage]

    /// A node is removed: clears what the broker has retained of it.
    mutating func clear(_ node: ShNodeName) -> [MqttMessage]

    /// All active faults. To be said after each activation and each change.
    mutating func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage]

    /// Who may command an actuator now, and until when. To be said after each activation and each change.
    mutating func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage]

    /// The latest value of every channel in one. To be published at once, and dropped when there is no
    /// connection.
    mutating func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage]

    /// What a received message asks for.
    ///
    /// - Parameter generator: Gives an identity to a command that came without one.
    mutating func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming

    /// Answers a command. To be published at once, and dropped when there is no connection: an answer that
    /// comes hours late answers nothing.
    mutating func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: Timestamp
    ) -> [MqttMessage]

    /// A message, live or history, as it goes out now: with the number that it has on this connection, say.
    ///
    /// It must not grow by that. The message counts as sent only once `wasSent` says so; until then another
    /// may go in its place.
    func outgoing(_ message: MqttMessage) -> MqttMessage

    /// The connection accepted what `outgoing` made of `message`.
    mutating func wasSent(_ message: MqttMessage)
}

// A session without words for a matter says nothing.
extension CodecSession {
    public mutating func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime,
        within limit: Int
    ) -> [MqttMessage] { [] }
    public mutating func activation(at now: WallTime) -> [MqttMessage] { [] }
    public mutating func offline(at now: WallTime) -> [MqttMessage] { [] }
    public mutating func clear(_ channel: DataChannelName) -> [MqttMessage] { [] }
    public mutating func clear(_ node: ShNodeName) -> [MqttMessage] { [] }
    public mutating func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage] { [] }
    public mutating func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage] { [] }
    public mutating func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage] { [] }
    public func outgoing(_ message: MqttMessage) -> MqttMessage { message }
    public mutating func wasSent(_ message: MqttMessage) {}
}

extension Sequence<MqttMessage> {
    /// The first that fits, in ever shorter words; the last when none does.
    public func first(within limit: Int) -> MqttMessage? {
        var shortest: MqttMessage?
        for message in self {
            if message.packetSize <= limit { return message }
            shortest = message
        }
        return shortest
    }
}
