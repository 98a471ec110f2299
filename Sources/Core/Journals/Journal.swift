import Vocabulary

/// Every fact in the order it was reported, kept until each upstream that wants it has had it acknowledged.
public protocol Journal: Sendable {
    var identity: JournalIdentity { get }

    /// What happens to the journal by itself. For one consumer; ends after `close()`.
    var news: AsyncStream<JournalEvent> { get }

    /// Takes `facts` in, from any thread, and never waits. They may be published once
    /// `JournalEvent.committed` has reported that they are kept, or `.readable` that there is no room for them.
    ///
    /// - Returns: Their offsets, in order; nil when there are none, when nobody wants them kept, and when
    ///   the journal does not know yet where to begin.
    func append(_ facts: [Fact]) -> ClosedRange<JournalOffset>?

    /// The next facts after `offset` that may be published, oldest first.
    func next(
        for upstream: UpstreamName, after offset: JournalOffset, limit: Int
    ) async throws(JournalError) -> [Entry]

    /// Everything up to `through` was acknowledged by `upstream`.
    ///
    /// A cursor never goes back: what was evicted meanwhile may still be acknowledged, and changes nothing.
    /// - Throws: `.badCursor` for an offset beyond the last fact.
    func advance(_ upstream: UpstreamName, through: JournalOffset) async throws(JournalError)

    /// Keeps facts that `upstream` never acknowledged apart, for a person to look at. The cursor moves over
    /// them as if they were acknowledged, by `advance`.
    func deadLetter(
        _ facts: ClosedRange<JournalOffset>, for upstream: UpstreamName, because reason: String
    ) async throws(JournalError)

    /// The wall clock was wrong by `clockOffset` since the journal was opened: moves the time of all facts that
    /// were stamped meanwhile, while it was not synchronised, and marks them as synchronised.
    func correctTimes(by clockOffset: Duration) async

    /// What the values mean that are appended from now on. From any thread; it never waits.
    func change(_ channels: [DataChannel])

    /// How the journal stands with each upstream.
    func status() async -> [UpstreamName: JournalStatus]

    /// Keeps what was taken in, and ends. Nothing may be appended afterwards.
    func close() async
}

/// What happens to a journal by itself.
public enum JournalEvent: Hashable, Sendable {
    /// Every fact up to this offset is kept and may be published.
    case committed(through: JournalOffset)
    /// Every fact up to this offset may be published, although not all of them are kept: the disk is full or
    /// out of order, and they wait in memory.
    case readable(through: JournalOffset)
    /// So many facts were evicted, because there was no room, before `upstream` had acknowledged them.
    case dropped(Int, upstream: UpstreamName, through: JournalOffset)
    /// Facts cannot be kept for now, and why; or, when false, they can again.
    case fault(Bool, String)
    /// The journal was damaged: what could be read was saved, and where the rest is kept.
    case salvaged(String)
}

/// How far one upstream has come.
public struct JournalStatus: Hashable, Sendable {
    /// The last fact that was acknowledged; 0 before the first.
    public let acknowledged: JournalOffset
    /// Facts that wait for acknowledgement.
    public let waiting: Int
    /// Those of them that the disk does not take, and that wait in memory; 0 while it does.
    public let unwritten: Int
    /// Facts that were evicted before they were acknowledged, since the start.
    public let dropped: Int
    /// Facts that were never acknowledged and wait for a person to look at them.
    public let deadLettered: Int

    public init(
        acknowledged: JournalOffset, waiting: Int, unwritten: Int = 0, dropped: Int,
        deadLettered: Int = 0
    ) {
        (self.acknowledged, self.waiting) = (acknowledged, waiting)
        self.unwritten = unwritten
        (self.dropped, self.deadLettered) = (dropped, deadLettered)
    }
}

/// What went wrong with the journal.
public struct JournalError: Error, Hashable, Sendable {
    /// What the caller can do about it.
    public enum Kind: String, Hashable, Sendable {
        /// No upstream of that name reads this journal.
        case unknownUpstream
        /// A cursor was asked to go beyond the last fact.
        case badCursor
        /// The disk does not take or give it; trying later may help.
        case storage
        /// A later program wrote it, in a format that this one does not know.
        case laterFormat
    }

    public let kind: Kind
    public let detail: String

    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }
}
