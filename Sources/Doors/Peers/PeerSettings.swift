import Vocabulary

/// How a node behaves on the direct link. The defaults are chirp's where chirp has one.
public struct PeerSettings: Hashable, Sendable {
    /// When a message counts as sent.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// When the receiver has released it. One message at a time is on its way to each peer; answers
        /// go out beside it.
        case synchronous = "sync"
        /// When the operating system has taken it.
        case asynchronous = "async"
    }

    public var mode: Mode
    /// How many received messages may be in work on one connection before reading stops; 1 to 32.
    /// Always 1 in synchronous mode.
    public var slots: Int
    /// For an acknowledgement, an answer, and a peer that takes no bytes; 0.1 s to 1,200 s.
    public var timeout: Duration
    /// Connections that were not used for longer are closed; at least three times `timeout`.
    public var reuseTime: Duration
    /// How long a new connection may go without saying hello, TLS included.
    public var helloTime: Duration
    /// Header and data of one message together, in bytes; at least 256, so that a refusal fits.
    public var sizeLimit: Int
    /// The longest question that is read, in bytes, like the longest command over MQTT. Of a longer message
    /// from one who dialled us nothing is kept, unless this node echoes.
    public var questionLimit = 4096
    /// How many connections others may have to this node. When all places are taken, the oldest that
    /// has not said hello is evicted; when all have, the longest unused of the peer that has the most; when
    /// each has one, the new one is turned away.
    public var connectionLimit: Int
    /// What who comes without TLS may do.
    public var plainRights: Set<PeerRight>
    /// Whether messages without our header are sent back, as chirp's echo does.
    public var echoes: Bool
    /// Options that `tidegate peer pair` needs for this node's list, each with a blank before it.
    public var pairing = ""

    /// How many messages may wait for one peer; the next one is refused as busy.
    public static let queueLimit = 1024

    public init(
        mode: Mode = .synchronous, slots: Int? = nil, timeout: Duration = .seconds(5),
        reuseTime: Duration = .seconds(30), helloTime: Duration = .seconds(5),
        sizeLimit: Int = 1 << 20, connectionLimit: Int = 32, plainRights: Set<PeerRight> = [.read],
        echoes: Bool = false
    ) {
        let slots = mode == .synchronous ? 1 : slots ?? 16
        precondition((1...32).contains(slots), "a connection has 1 to 32 slots")
        precondition(sizeLimit >= 256, "a message has room for a refusal")
        (self.mode, self.slots, self.timeout) = (mode, slots, timeout)
        // Source: libchirp, which raises the time for reuse in the same way.
        self.reuseTime = max(reuseTime, timeout * 3)
        (self.helloTime, self.sizeLimit) = (helloTime, sizeLimit)
        (self.connectionLimit, self.plainRights) = (connectionLimit, plainRights)
        self.echoes = echoes
    }
}

/// What a peer may ask for.
public enum PeerRight: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Values and the status.
    case read
    /// Commands.
    case `switch`

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
