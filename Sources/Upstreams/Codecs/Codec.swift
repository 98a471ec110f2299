import Mqtt
import Vocabulary

/// One upstream's words: what the gateway publishes there, and what it takes for a command.
///
/// A value that nothing changes; what a connection remembers is in its `CodecSession`. Wire names live in a
/// codec's room and nowhere else.
public protocol Codec: Sendable {
    /// The topic filters that commands come in on. To be subscribed after each connect.
    var subscriptions: [String] { get }

    /// How often this upstream is to have everything at once.
    var schedule: Schedule { get }

    /// Whether history goes to this upstream. One that takes live values alone keeps no record in the journal.
    var takesHistory: Bool { get }

    /// Who acknowledges beyond the broker; nil when the broker's receipt is the acknowledgement.
    var peer: (any CodecPeer)? { get }

    /// The words of one connection, from its birth on.
    ///
    /// Pure: the same connection gives the same last will. Called for the will of each try to connect, and
    /// again once a try has succeeded, with what is known by then; and for a connection that stands, after
    /// a reload.
    func session(of connection: CodecConnection) -> any CodecSession

    /// A writer of history that begins after what was acknowledged.
    ///
    /// It is no connection's: what was written for one and not acknowledged goes out on the next.
    ///
    /// - Parameter journal: Where the entries come from; with their places it gives identities.
    func historyWriter(of journal: JournalIdentity) -> any HistoryWriter
}

extension Codec {
    public var schedule: Schedule { Schedule() }
    public var takesHistory: Bool { true }
    public var peer: (any CodecPeer)? { nil }
}

/// What a codec's session begins with.
public struct CodecConnection: Sendable {
    /// Rises by one with each try to connect of this process, from 0.
    public let number: UInt64
    /// The newest value of each channel, as far as one is known.
    public let latest: [LiveValue]
    /// Who may command each actuator.
    public let control: [ShNodeName: Control]
    /// What the broker may keep of earlier layouts.
    public let former: FormerNames

    public init(
        number: UInt64, latest: [LiveValue] = [], control: [ShNodeName: Control] = [:],
        former: FormerNames = FormerNames()
    ) {
        (self.number, self.latest, self.control) = (number, latest, control)
        self.former = former
    }
}

/// What earlier layouts had and this one has not.
public struct FormerNames: Hashable, Sendable {
    /// Each channel with the node that it was of; nil where that is not known.
    public var channels: [DataChannelName: ShNodeName?]
    public var nodes: Set<ShNodeName>

    public init(channels: [DataChannelName: ShNodeName?] = [:], nodes: Set<ShNodeName> = []) {
        (self.channels, self.nodes) = (channels, nodes)
    }

    /// Others are gone, too.
    public mutating func add(_ other: FormerNames) {
        channels.merge(other.channels) { old, new in new ?? old }
        nodes.formUnion(other.nodes)
    }

    /// These are back.
    public mutating func remove(channels here: Set<DataChannelName>, nodes: Set<ShNodeName>) {
        channels = channels.filter { !here.contains($0.key) }
        self.nodes.subtract(nodes)
    }
}

/// How a codec speaks with a peer that acknowledges.
public protocol CodecPeer: Sendable {
    /// Asks the peer for a heartbeat, which is the acknowledgement of `identity`.
    func ping(_ identity: String) -> MqttMessage

    /// Acknowledges to the peer that its message `identity` was handled.
    func acknowledgement(of identity: String) -> MqttMessage
}
