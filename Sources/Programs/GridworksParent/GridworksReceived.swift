import Gridworks
import Vocabulary

/// What a child said.
public struct GridworksReceived: Sendable {
    public let child: GatewayName
    public let matter: Matter
    /// Whether the child itself has just said it.
    public let isHeartbeat: Bool
    /// What to acknowledge to the child once it is stored; nil when it asks for nothing.
    public let acknowledge: String?

    /// What it says.
    public enum Matter: Hashable, Sendable {
        case ping
        /// It has handled our message of this identity.
        case acknowledged(String)
        /// To be stored, once for each identity.
        case event(GridworksEvent)
        /// The latest of everything.
        case snapshot([GridworksReading], states: [GridworksState])
        case reading(GridworksReading)
        /// All metered power, in watts.
        case power(Int64)
        /// What can be switched, and how.
        case layout([GridworksRelayOffer])
        /// The handles of its nodes, which have changed.
        case commandTree([String: String])
        /// What came of the command `trigger`, in words.
        case commandDone(trigger: String, String)
        /// A command was refused, or something else that is worth a look.
        case glitch(node: String, String)
        /// Known by name and not looked into.
        case other(type: String)
        case malformed(why: String)
        case ignored(why: String)
    }

    init(
        _ child: GatewayName, _ matter: Matter, isHeartbeat: Bool = false,
        acknowledge: String? = nil
    ) {
        (self.child, self.matter) = (child, matter)
        (self.isHeartbeat, self.acknowledge) = (isHeartbeat, acknowledge)
    }
}

/// An event as it came, and what of it is worth showing.
public struct GridworksEvent: Hashable, Sendable {
    /// The same at each sending.
    public let identity: String
    /// The long name of its maker, which may be a child of the child.
    public let source: String
    public let type: String
    public let at: WallTime
    /// The payload's JSON, byte for byte.
    public let payload: [UInt8]
    /// The readings of a report; none in other events.
    public let readings: [GridworksReading]
    /// What it says to people; empty where the type says it all.
    public let words: String
}

/// One value of a child's channel, in whole steps of a unit that the child's layout knows.
public struct GridworksReading: Hashable, Sendable {
    public let channel: String
    public let value: Int64
    public let at: WallTime
    /// Whether the child marks it as simulated.
    public let isSimulated: Bool

    init(channel: String, value: Int64, at: WallTime, isSimulated: Bool = false) {
        (self.channel, self.value) = (channel, value)
        (self.at, self.isSimulated) = (at, isSimulated)
    }
}

/// The state of one of a child's machines.
public struct GridworksState: Hashable, Sendable {
    public let handle: String
    public let stateType: String
    public let state: String
    public let at: WallTime
}

/// A relay of a child and how to command it.
public struct GridworksRelayOffer: Hashable, Sendable {
    public let node: String
    public let channel: String
    public let handle: String
    public let words: GridworksRelayWords
}
