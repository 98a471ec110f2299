import Vocabulary

/// What one end of a link says of itself, again and again.
///
/// A state that this version does not know is kept, not refused: a peer may be newer.
public struct LinkStatus: Hashable, Sendable {
    /// Who speaks; one monitor listens to each.
    public let who: String
    /// Random for each start of the speaker. Another one is another life.
    public let incarnation: String
    /// Rises with every status of one incarnation; it orders them, not the time.
    public let sequence: UInt64
    public let state: State
    /// How often the speaker means to speak. Its silence is measured by this.
    public let interval: Duration
    /// Nil where nothing is sent and received, as with drivers.
    public let counts: LinkCounts?
    /// Of a driver's node; nil for all others.
    public let nodeCounts: NodeCounts?
    /// Why it is unreachable or gone; nil when it is neither.
    public let cause: String?

    /// How far the speaker is; `unreachable` is left by connecting only.
    public enum State: Hashable, Sendable {
        case preparing, connecting, connected
        /// Open, and nothing came for too long.
        case timedOut
        case closing, closed, unreachable
        /// A word that this version does not know. It is a heartbeat and changes nothing else.
        case other(String)
    }

    public init(
        who: String, incarnation: String, sequence: UInt64, state: State, interval: Duration,
        counts: LinkCounts? = LinkCounts(), nodeCounts: NodeCounts? = nil, cause: String? = nil
    ) {
        (self.who, self.incarnation, self.sequence) = (who, incarnation, sequence)
        (self.state, self.interval, self.cause) = (state, interval, cause)
        (self.counts, self.nodeCounts) = (counts, nodeCounts)
    }
}

extension LinkStatus.State {
    private static let known: [(word: String, state: LinkStatus.State)] = [
        ("preparing", .preparing), ("connecting", .connecting), ("connected", .connected),
        ("timedOut", .timedOut), ("closing", .closing), ("closed", .closed),
        ("unreachable", .unreachable),
    ]

    public init(word: String) {
        self = Self.known.first { $0.word == word }?.state ?? .other(word)
    }

    /// The word for it on every wire.
    public var word: String {
        if case .other(let word) = self { return word }
        return Self.known.first { $0.state == self }?.word ?? ""
    }
}
