import Vocabulary

/// Looks into a journal, also while a gateway has it open, and hands over wishes about what is set aside.
///
/// Two processes on one file are what SQLite's locks are for. The gateway alone appends: a wish is a mark
/// on a fact that is set aside, which the gateway finds within `SqliteJournal.lookPeriod`. Facts are read in
/// pieces, each in a moment of its own, so that the gateway's log is not held up by a slow reader.
public final class JournalInspector {
    /// What there is to say of a journal.
    public struct Overview: Sendable {
        public let identity: JournalIdentity
        /// Bytes that hold something, and bytes of the file.
        public let size: (used: Int64, file: Int64)
        /// How many facts there are, their places, and the time of the oldest.
        public let facts: Int
        public let places: ClosedRange<Sequence64>?
        public let oldest: WallTime?
        public let cursors: [CursorOverview]
    }

    /// How far one upstream has come, as of the last commit.
    public struct CursorOverview: Sendable {
        public let upstream: UpstreamName
        public let acknowledged: Sequence64
        public let waiting: Int
        /// The time of the oldest fact that it has not acknowledged.
        public let oldestWaiting: WallTime?
        public let setAside: Int
    }

    /// A fact that was set aside.
    public struct Aside: Sendable {
        /// What `requeue` and `discard` call it.
        public let number: Int64
        public let upstream: UpstreamName
        public let entry: Entry?
        public let sequence: Sequence64
        public let since: WallTime
        public let reason: String
        /// Whether it is to be appended anew when the gateway next looks.
        public let isWanted: Bool
    }

    private static let piece = 2_000
    private let file: JournalFile
    private let path: String

    /// - Throws: `.storage` when there is no journal, or it cannot be read.
    public init(path: String, isWriting: Bool = false) throws(JournalError) {
        self.path = path
        let known = JournalPages(path: path).identity()
        if let known, known.format > JournalFile.format {
            throw JournalError(.laterFormat, "\(path): a later Tidegate wrote it")
        }
        do throws(SqliteFailure) {
            file = try JournalFile(existing: path, isWriting: isWriting)
        } catch {
            throw JournalError(.storage, "\(path): \(error.words)")
        }
    }

    /// Size, extent and cursors.
    public func overview() throws(JournalError) -> Overview {
        try telling { () throws(SqliteFailure) in
            let places = try file.extent()
            let aside = try file.records(AsideRecord.self, "aside")
            var cursors: [CursorOverview] = []
            for (_, record) in try file.records(CursorRecord.self, "cursors") {
                let waiting = try file.database.number(
                    "SELECT count(*) FROM facts WHERE place > ?",
                    Int64(clamping: record.acknowledged))
                cursors.append(
                    CursorOverview(
                        upstream: record.upstream, acknowledged: record.acknowledged,
                        waiting: Int(waiting ?? 0),
                        oldestWaiting: try time(ofFirstAfter: record.acknowledged),
                        setAside: aside.count { $0.record.upstream == record.upstream }))
            }
            let used = try file.usedBytes()
            return Overview(
                identity: try file.identity() ?? JournalIdentity(high: 0, low: 0),
                size: (used, used + (try file.freePages()) * JournalFile.pageSize),
                facts: Int(try file.database.number("SELECT count(*) FROM facts") ?? 0),
                places: places, oldest: try time(ofFirstAfter: 0), cursors: cursors)
        }
    }

    private func time(ofFirstAfter place: Sequence64) throws(SqliteFailure) -> WallTime? {
        try file.facts(in: (place + 1)...(.max >> 1), limit: 1).rows.first?.record.fact.at.wall
    }

    /// Everything that is set aside, oldest first.
    public func aside() throws(JournalError) -> [Aside] {
        try telling { () throws(SqliteFailure) in
            try file.records(AsideRecord.self, "aside").map { place, record in
                Aside(
                    number: place, upstream: record.upstream,
                    entry: FactRecord(record.fact, at: record.sequence).map {
                        Entry(sequence: record.sequence, fact: $0.fact)
                    }, sequence: record.sequence, since: record.since, reason: record.reason,
                    isWanted: record.isWanted)
            }
        }
    }

    /// Has the gateway append these facts anew, as its newest, with their own time.
    /// - Returns: How many there are that were not to be already.
    public func requeue(_ numbers: Set<Int64>) throws(JournalError) -> Int {
        try change(numbers) { place, record throws(SqliteFailure) in
            guard !record.isWanted else { return false }
            var wanted = record
            wanted.isWanted = true
            try file.put(wanted, "aside", at: place)
            return true
        }
    }

    /// Removes these facts from what is set aside, for good.
    /// - Returns: How many there were.
    public func discard(_ numbers: Set<Int64>) throws(JournalError) -> Int {
        try change(numbers) { place, _ throws(SqliteFailure) in
            try file.remove("aside", at: place)
            return true
        }
    }

    private func change(
        _ numbers: Set<Int64>, _ body: (Int64, AsideRecord) throws(SqliteFailure) -> Bool
    ) throws(JournalError) -> Int {
        try telling { () throws(SqliteFailure) in
            try file.database.transaction { () throws(SqliteFailure) in
                var count = 0
                for (place, record) in try file.records(AsideRecord.self, "aside")
                where numbers.contains(place) {
                    if try body(place, record) { count += 1 }
                }
                return count
            }
        }
    }

    /// What the values of channels mean, oldest meaning first.
    public func channels() throws(JournalError) -> [ChannelRecord] {
        try telling { () throws(SqliteFailure) in
            try file.records(ChannelRecord.self, "channels").map(\.record)
        }
    }

    /// Facts after `place`, oldest first, and where to go on; nil at the end.
    public func facts(
        after place: Sequence64
    ) throws(JournalError) -> (entries: [Entry], last: Sequence64)? {
        try telling { () throws(SqliteFailure) in
            let (rows, bad) = try file.facts(in: (place + 1)...(.max >> 1), limit: Self.piece)
            guard let last = [rows.last?.sequence, bad.last].compactMap(\.self).max() else {
                return nil
            }
            return (rows.map { Entry(sequence: $0.sequence, fact: $0.record.fact) }, last)
        }
    }

    private func telling<Result>(
        _ body: () throws(SqliteFailure) -> Result
    ) throws(JournalError) -> Result {
        do throws(SqliteFailure) {
            return try body()
        } catch {
            throw JournalError(.storage, "\(path): \(error.words)")
        }
    }
}
