import Mqtt
import Vocabulary

/// What a received message turned out to be.
public struct Incoming: Hashable, Sendable {
    public let matter: Matter
    /// Whether the peer itself has just said it. A retained message is nobody's heartbeat.
    public let isHeartbeat: Bool
    /// What to acknowledge to the peer once the message was handled; nil when it asks for nothing.
    public let acknowledge: String?
    /// What the gateway's owner should know of how it was asked; nil for nothing.
    public let note: String?

    /// What it asks for.
    public enum Matter: Hashable, Sendable {
        /// Carry them out in order and answer each.
        case commands([Command], Reply)
        /// It is meant as a command and must not be carried out: answer `.refused(why)`.
        case refused(why: String, id: CommandID, node: ShNodeName?, Reply)
        /// The peer has accepted the batch, or received the ping, of this identity.
        case acknowledged(String)
        /// A question that was answered by knowing the gateway: to be published as it is.
        case reply([MqttMessage])
        /// The peer asks for the latest value of everything.
        case snapshotWanted
        /// The upstream asks who is here and what it is made of: the birth is due again, and after it
        /// everything as it is now.
        case birthWanted
        /// It came from the peer and is malformed; worth a place in the history.
        case malformed(why: String)
        /// Nothing needs to be done, and why. Worth a line in the log at most.
        case ignored(why: String)

        /// Where the answer goes, when there is one to come.
        package var reply: Reply? {
            switch self {
            case .commands(_, let reply), .refused(_, _, _, let reply): reply
            default: nil
            }
        }
    }

    public init(
        _ matter: Matter, isHeartbeat: Bool = false, acknowledge: String? = nil,
        note: String? = nil
    ) {
        (self.matter, self.isHeartbeat) = (matter, isHeartbeat)
        (self.acknowledge, self.note) = (acknowledge, note)
    }
}

/// Where the answer to a command goes.
public struct Reply: Hashable, Sendable {
    public let topic: String
    /// Goes back to the requester unchanged.
    public let correlationData: [UInt8]?

    public init(topic: String, correlationData: [UInt8]? = nil) {
        self.topic = topic
        self.correlationData = correlationData
    }
}
