import Links
import Mqtt
import Vocabulary

/// One upstream's words: turns what the gateway has to say into messages, and messages into commands.
///
/// Pure: no socket and no clock. Of what was said before it remembers the newest values at most. Wire names
/// live here and nowhere else.
public protocol Codec: Sendable {
    /// What the broker publishes for a gateway that is lost.
    var will: MqttMessage { get }

    /// The topic filters that commands come in on. To be subscribed after each connect.
    var subscriptions: [String] { get }

    /// What is said first on each connection, in order: who is here and what it is made of.
    ///
    /// - Parameter limit: How many bytes each message should take on the wire at most, as in `status`,
    ///   `activeFaults` and `HistoryWriter.write`. What can be said in less is cut to it, and says so.
    func greeting(at now: WallTime, within limit: Int) -> [MqttMessage]

    /// How the gateway, its links and its queues stand. To be said after each greeting, at each change, once in each
    /// interval that it states, and last, as closed, before an orderly disconnect.
    ///
    /// - Returns: Nothing when this upstream has no words for it.
    func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime,
        within limit: Int
    ) -> [MqttMessage]

    /// What is said last before an orderly disconnect, after the status.
    func farewell(at now: WallTime) -> [MqttMessage]

    /// The newest value of a channel, for whoever wants to know how things are now.
    ///
    /// - Parameter at: When the device was asked.
    /// - Returns: Nothing when this upstream has no words for it.
    func live(_ reading: Reading, at: Timestamp) -> [MqttMessage]

    /// Nothing is known of a channel since the gateway started: takes back what an earlier one said.
    ///
    /// - Returns: Nothing when this upstream keeps no newest value.
    func unknown(_ channel: DataChannelName) -> [MqttMessage]

    /// Everything that is wrong at this moment. To be said after each greeting and each change.
    func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage]

    /// Who may command an actuator now, and until when. To be said after each greeting and each change.
    ///
    /// - Returns: Nothing when this upstream has no words for it.
    func control(_ control: Control, of node: ShNodeName, at now: Timestamp) -> [MqttMessage]

    /// A node is gone: takes back what was said of it for whoever wants to know how things are now.
    ///
    /// - Returns: Nothing when this upstream keeps nothing of it.
    func gone(_ node: ShNodeName) -> [MqttMessage]

    /// A writer of history that begins after what was acknowledged.
    ///
    /// - Parameter journal: Where the entries come from; with their places it gives identities.
    func historyWriter(of journal: JournalIdentity) -> any HistoryWriter

    /// How often this upstream wants to hear of everything at once.
    var schedule: Schedule { get }

    /// The latest value of every channel in one. To be published at once, and dropped when there is no
    /// connection.
    func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage]

    /// What a received message asks for.
    ///
    /// - Parameter generator: Gives an identity to a command that came without one.
    func incoming(
        _ message: MqttMessage, at now: WallTime, using generator: inout some RandomNumberGenerator
    ) -> Incoming

    /// Tells the requester what became of a command. To be published at once, and dropped when there is no
    /// connection: an answer that comes hours late answers nothing.
    func answer(
        _ answer: CommandAnswer, id: CommandID, node: ShNodeName?, to reply: Reply,
        at now: WallTime
    ) -> [MqttMessage]
}

extension Codec {
    public func control(
        _ control: Control, of node: ShNodeName, at now: Timestamp
    ) -> [MqttMessage] { [] }

    public func gone(_ node: ShNodeName) -> [MqttMessage] { [] }
}

/// A codec whose words a peer beyond the broker acknowledges.
public protocol PeerCodec: Codec {
    /// Asks the peer for a heartbeat, which is the acknowledgement of `identity`.
    func ping(_ identity: String) -> MqttMessage

    /// Tells the peer that its message `identity` was handled.
    func acknowledgement(of identity: String) -> MqttMessage

    /// What is said each time the peer is heard after a silence.
    func activation(at now: WallTime) -> [MqttMessage]
}

/// Periods aligned to the wall clock.
public struct Schedule: Hashable, Sendable {
    /// How long one report gathers readings; nil when each reading goes on its own.
    public let report: Duration?
    /// How often a snapshot is told; nil for never.
    public let snapshot: Duration?

    public init(report: Duration? = nil, snapshot: Duration? = nil) {
        (self.report, self.snapshot) = (report, snapshot)
    }
}

/// A fault that has begun and is not over.
public struct ActiveFault: Hashable, Sendable {
    public let node: ShNodeName
    public let fault: Fault
    public let since: WallTime

    public init(node: ShNodeName, fault: Fault, since: WallTime) {
        self.node = node
        self.fault = fault
        self.since = since
    }
}

extension Codec {
    /// No words for it.
    public func status(
        _ own: LinkStatus, links: [LinkStatus], queues: [QueueStatus], at now: WallTime,
        within limit: Int
    ) -> [MqttMessage] { [] }
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
