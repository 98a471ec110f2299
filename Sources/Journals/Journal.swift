import Vocabulary

/// Every fact in the order it was told, kept until each upstream that wants it has had it acknowledged.
public protocol Journal: Sendable {
    /// Takes `facts` in; they may be published once this returns.
    /// - Returns: Their places, in order; nil when nobody wants them kept.
    func append(_ facts: [Fact]) async throws(JournalError) -> ClosedRange<Sequence64>?

    /// The next facts after `sequence`, oldest first.
    func next(
        for upstream: UpstreamName, after sequence: Sequence64, limit: Int
    ) async throws(JournalError) -> [Entry]

    /// Everything up to `through` was acknowledged by `upstream`.
    ///
    /// A cursor never goes back: what gave way meanwhile may still be acknowledged, and changes nothing.
    /// - Throws: `.badCursor` for a place beyond the last fact.
    func advance(_ upstream: UpstreamName, through: Sequence64) async throws(JournalError)

    /// How the journal stands with each upstream.
    func status() async -> [UpstreamName: JournalStatus]
}

/// How far one upstream has come.
public struct JournalStatus: Hashable, Sendable {
    /// The last fact that was acknowledged; 0 before the first.
    public let acknowledged: Sequence64
    /// Facts that wait for acknowledgement.
    public let waiting: Int
    /// Facts that gave way before they were acknowledged, since the start.
    public let dropped: Int

    public init(acknowledged: Sequence64, waiting: Int, dropped: Int) {
        self.acknowledged = acknowledged
        self.waiting = waiting
        self.dropped = dropped
    }
}

/// What went wrong with the journal.
public struct JournalError: Error, Hashable, Sendable {
    /// What the caller did wrong.
    public enum Kind: String, Hashable, Sendable {
        /// No upstream of that name reads this journal.
        case unknownUpstream
        /// A cursor was asked to go beyond the last fact.
        case badCursor
    }

    public let kind: Kind
    public let detail: String

    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }
}
