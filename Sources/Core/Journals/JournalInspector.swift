import Vocabulary

/// Looks into a journal, also while a gateway has it open, and records requests about what is dead-lettered.
///
/// Two processes on one file are what SQLite's locks are for. The gateway alone appends: a request is a mark
/// on a fact that is dead-lettered, which the gateway finds within `SqliteJournal.lookPeriod`. Facts are read in
/// pieces, each in a moment of its own, so that the gateway's log is not held up by a slow reader.
public final class JournalInspector {
    /// What there is to say of a journal.
    public struct Overview: Sendable {
        public let identity: JournalIdentity
        /// Bytes that hold something, and bytes of the file.
        public let size: (used: Int64, file: Int64)
        /// How many facts there are, their offsets, and the time of the oldest.
        public let facts: Int
        public let offsets: ClosedRange<JournalOffset>?
        public let oldest: WallTime?
        public let cursors: [CursorOverview]
    }

    /// How far one upstream has come, as of the last commit.
    public struct CursorOverview: Sendable {
        public let upstream: UpstreamName
        public let acknowledged: JournalOffset
        /// Facts that it may well have: they are too young to be missed.
        public let inFlight: Int
        /// Facts that it has not acknowledged, although there was time for it.
        public let waiting: Int
        /// The time of the oldest of those.
        public let oldestWaiting: WallTime?
        public let deadLettered: Int
    }

    /// A fact that was dead-lettered.
    public struct DeadLetter: Sendable {
        /// What `requeue` and `discard` call it.
        public let number: Int64
        public let upstream: UpstreamName
        public let entry: Entry?
        public let offset: JournalOffset
        public let since: WallTime
        public let reason: String
        /// Whether it is to be appended again when the gateway next looks.
        public let isWanted: Bool
    }

    /// How long a fact is in flight in good order, gathering aside: an acknowledgement is on disk
    /// `SqliteJournal.cursorDelay` later at the latest, and has the same time once more to come at all.
    public static let usualTime = SqliteJournal.cursorDelay * 2
    /// Of a thread that looks into a journal.
    public static let stackSize = SqliteDatabase.stackSize
    private static let piece = 2_000
    private let file: JournalFile
    private let path: String

    /// - Throws: `.storage` when there is no journal, or it cannot be read.
    public init(path: String, isWriting: Bool = false) throws(JournalError) {
        self.path = path
        let known = JournalPages(path: path).identity()
        if let known, known.format > JournalFile.format {
            throw JournalError(.laterFormat, "\(path): written by a later version of Tidegate")
        }
        file = try Self.file(at: path, isWriting: isWriting)
    }

    private static func file(
        at path: String, isWriting: Bool
    ) throws(JournalError) -> JournalFile {
        do throws(SqliteFailure) {
            do throws(SqliteFailure) {
                return try JournalFile(existing: path, isWriting: isWriting)
            } catch {
                // A disk that takes nothing has no room for the files that readers share either.
                guard !isWriting, error.isUnwilling || error.isClosedDoor else { throw error }
                return try JournalFile(alone: path)
            }
        } catch {
            throw JournalError(.storage, "\(path): \(error.words)")
        }
    }

    /// The same from within the process that has the journal open.
    ///
    /// The file is opened by SQLite alone, which knows of the other connection: to close a descriptor of one's own
    /// would give up the locks that the process has on the file.
    /// Source: fcntl(2), "Record locking and file descriptors".
    public init(sharing path: String) throws(JournalError) {
        self.path = path
        file = try Self.file(at: path, isWriting: false)
    }

    /// Size, extent and cursors.
    ///
    /// - Parameters:
    ///   - now: By the same clock as the facts' times.
    ///   - gathering: For how long facts for an upstream are gathered before they are reported; zero for those
    ///     that it does not name.
    public func overview(
        at now: WallTime, gathering: [UpstreamName: Duration] = [:]
    ) throws(JournalError) -> Overview {
        try withStorageErrors { () throws(SqliteFailure) in
            let offsets = try file.extent()
            let deadLetters = try file.records(DeadLetterRecord.self, "aside")
            var cursors: [CursorOverview] = []
            for (_, record) in try file.records(CursorRecord.self, "cursors") {
                let usual = Self.usualTime + (gathering[record.upstream] ?? .zero)
                let young = try firstYoung(
                    after: record.acknowledged, until: offsets?.upperBound ?? 0,
                    times: now.advanced(by: .zero - usual)...now.advanced(by: usual))
                let all = try count(after: record.acknowledged)
                let inFlight = try young.map { offset throws(SqliteFailure) in
                    try count(after: offset - 1)
                }
                let waiting = all - (inFlight ?? 0)
                cursors.append(
                    CursorOverview(
                        upstream: record.upstream, acknowledged: record.acknowledged,
                        inFlight: inFlight ?? 0, waiting: waiting,
                        oldestWaiting: waiting > 0
                            ? try time(ofFirstAfter: record.acknowledged) : nil,
                        deadLettered: deadLetters.count { $0.record.upstream == record.upstream }))
            }
            let used = try file.usedBytes()
            return Overview(
                identity: try file.identity() ?? JournalIdentity(high: 0, low: 0),
                size: (used, used + (try file.freePages()) * JournalFile.pageSize),
                facts: Int(try file.database.number("SELECT count(*) FROM facts") ?? 0),
                offsets: offsets, oldest: try time(ofFirstAfter: 0), cursors: cursors)
        }
    }

    private func count(after offset: JournalOffset) throws(SqliteFailure) -> Int {
        Int(
            try file.database.number(
                "SELECT count(*) FROM facts WHERE place > ?", Int64(clamping: offset)) ?? 0)
    }

    /// The first offset from which on facts are of `times`; nil when the last one is not.
    ///
    /// Looks at a few of them, as if times rose with the offsets. Where a clock was set back they do not, and
    /// a few more or fewer may be called young.
    private func firstYoung(
        after start: JournalOffset, until end: JournalOffset, times: ClosedRange<WallTime>
    ) throws(SqliteFailure) -> JournalOffset? {
        func isYoung(_ offset: JournalOffset) throws(SqliteFailure) -> Bool {
            try time(ofFirstAfter: offset - 1).map(times.contains) ?? false
        }
        guard start < end, try isYoung(end) else { return nil }
        var (low, high) = (start + 1, end)
        while low < high {
            let middle = low + (high - low) / 2
            if try isYoung(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func time(ofFirstAfter offset: JournalOffset) throws(SqliteFailure) -> WallTime? {
        try file.facts(in: (offset + 1)...(.max >> 1), limit: 1).rows.first?.record.fact.at.wall
    }

    /// Everything that is dead-lettered, oldest first.
    public func deadLetters() throws(JournalError) -> [DeadLetter] {
        try withStorageErrors { () throws(SqliteFailure) in
            try file.records(DeadLetterRecord.self, "aside").map { key, record in
                DeadLetter(
                    number: key, upstream: record.upstream,
                    entry: FactRecord(record.fact, at: record.offset).map {
                        Entry(offset: record.offset, fact: $0.fact)
                    }, offset: record.offset, since: record.since, reason: record.reason,
                    isWanted: record.isWanted)
            }
        }
    }

    /// Has the gateway append these facts again, as its newest, with their own time.
    /// - Returns: How many there are that were not to be already.
    public func requeue(_ numbers: Set<Int64>) throws(JournalError) -> Int {
        try change(numbers) { key, record throws(SqliteFailure) in
            guard !record.isWanted else { return false }
            var wanted = record
            wanted.isWanted = true
            try file.put(wanted, "aside", at: key)
            return true
        }
    }

    /// Removes these facts from what is dead-lettered, for good.
    /// - Returns: How many there were.
    public func discard(_ numbers: Set<Int64>) throws(JournalError) -> Int {
        try change(numbers) { key, _ throws(SqliteFailure) in
            try file.remove("aside", at: key)
            return true
        }
    }

    private func change(
        _ numbers: Set<Int64>, _ body: (Int64, DeadLetterRecord) throws(SqliteFailure) -> Bool
    ) throws(JournalError) -> Int {
        try withStorageErrors { () throws(SqliteFailure) in
            try file.database.transaction { () throws(SqliteFailure) in
                var count = 0
                for (key, record) in try file.records(DeadLetterRecord.self, "aside")
                where numbers.contains(key) {
                    if try body(key, record) { count += 1 }
                }
                return count
            }
        }
    }

    /// What the values of channels mean, oldest meaning first.
    public func channels() throws(JournalError) -> [ChannelRecord] {
        try withStorageErrors { () throws(SqliteFailure) in
            try file.records(ChannelRecord.self, "channels").map(\.record)
        }
    }

    /// Facts after `offset`, oldest first, and where to go on; nil at the end.
    public func facts(
        after offset: JournalOffset
    ) throws(JournalError) -> (entries: [Entry], last: JournalOffset)? {
        try withStorageErrors { () throws(SqliteFailure) in
            let (rows, bad) = try file.facts(in: (offset + 1)...(.max >> 1), limit: Self.piece)
            guard let last = [rows.last?.offset, bad.last].compactMap(\.self).max() else {
                return nil
            }
            return (rows.map { Entry(offset: $0.offset, fact: $0.record.fact) }, last)
        }
    }

    /// Which journal it is, and the offsets of its facts; nil when it has none.
    public func extent() throws(JournalError) -> (JournalIdentity, ClosedRange<JournalOffset>)? {
        try withStorageErrors { () throws(SqliteFailure) in
            guard let identity = try file.identity(), let offsets = try file.extent() else {
                return nil
            }
            return (identity, offsets)
        }
    }

    /// The last offset before facts of `time` and later; zero when all are. As if times rose with the offsets: where a
    /// clock was set back, a few more or fewer are before it.
    public func offset(before time: WallTime) throws(JournalError) -> JournalOffset {
        try withStorageErrors { () throws(SqliteFailure) in
            guard let offsets = try file.extent() else { return 0 }
            var (low, high) = (offsets.lowerBound, offsets.upperBound + 1)
            while low < high {
                let middle = low + (high - low) / 2
                let isLater = try self.time(ofFirstAfter: middle - 1).map { $0 >= time } ?? true
                if isLater { high = middle } else { low = middle + 1 }
            }
            return low - 1
        }
    }

    private func withStorageErrors<Result>(
        _ body: () throws(SqliteFailure) -> Result
    ) throws(JournalError) -> Result {
        do throws(SqliteFailure) {
            return try body()
        } catch {
            throw JournalError(.storage, "\(path): \(error.words)")
        }
    }
}
