import Vocabulary

/// The tables of a journal on disk, and the statements on them. For one thread at a time.
///
/// Each table is a key, in a column that is called `place`, and the bytes of one record: `identity`, `facts`,
/// `cursors`, `sessions`, `gaps`, `aside` for dead letters, and `channels`; see `FactRecord` and `JournalRecord`.
/// The key of a fact is its offset. Facts are deleted from the front and appended at the end, so that pages come
/// free whole and are used again: the file never shrinks, is never rewritten, and grows up to its bound once.
///
/// **Writes.** Measured on ext4: a reading takes 61 bytes of the file. 176 bytes go to the disk for each at
/// 1,000 readings a second; 9.8 kB at 20 a minute, when each is a commit, two blocks of the log, by itself.
///
/// **Power loss.** SQLite writes ahead to a log with `synchronous=FULL`: each commit ends with an fsync of
/// the log, so that whatever was reported as committed is there after a power cut. `NORMAL` would save that
/// fsync and could lose the last commits, after their facts had been published: their offsets would be given
/// to other facts, and a peer that distinguishes facts by journal and offset would take those for known.
final class JournalFile {
    /// What this program writes. It reads no later one.
    static let format: UInt64 = 1
    static let pageSize: Int64 = 4_096
    /// The log is copied into the database when it has so many pages: rarely, so that a page that is
    /// written with every commit is copied once, and often enough that a start reads little.
    static let longestLog = 1_000

    private static let tables = [
        "identity", "facts", "cursors", "sessions", "gaps", "aside", "channels",
    ]

    let database: SqliteDatabase
    /// Whether there was none before.
    let isNew: Bool

    /// Opens a journal to append to it, and makes it when the file is not there or empty.
    ///
    /// - Throws: A failure that `isDamage` when the file is no sound journal.
    init(path: String, identity: JournalIdentity) throws(SqliteFailure) {
        database = try SqliteDatabase(path: path, .creating)
        try database.execute(
            """
            PRAGMA page_size=\(Self.pageSize); PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
            PRAGMA wal_autocheckpoint=\(Self.longestLog); PRAGMA journal_size_limit=8388608; PRAGMA cache_size=-1024;
            PRAGMA temp_store=MEMORY
            """)
        isNew = try database.number("SELECT count(*) FROM sqlite_schema") == 0
        if isNew { try make(identity) }
        try checkKind()
    }

    /// Opens a journal that is there: to look at it, or to change what is dead-lettered, while a gateway
    /// may have it open too.
    init(existing path: String, isWriting: Bool = false) throws(SqliteFailure) {
        database = try SqliteDatabase(path: path, isWriting ? .writing : .reading)
        isNew = false
        // A gateway that is far into a commit is waited for.
        try database.execute("PRAGMA busy_timeout=5000; PRAGMA cache_size=-1024")
        try checkKind()
    }

    /// Opens a journal on a disk that takes nothing, to read what an earlier session has kept.
    init(alone path: String) throws(SqliteFailure) {
        database = try SqliteDatabase(path: path, .readingAlone)
        isNew = false
        try database.execute("PRAGMA cache_size=-1024")
        try checkKind()
    }

    private func checkKind() throws(SqliteFailure) {
        let tables = try database.number(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'identity'")
        guard tables == 1, try identity() != nil else {
            throw SqliteFailure(code: 26, words: "not a Tidegate journal")
        }
    }

    private func make(_ identity: JournalIdentity) throws(SqliteFailure) {
        try database.transaction { () throws(SqliteFailure) in
            for table in Self.tables {
                try database.execute("CREATE TABLE \(table) (place INTEGER PRIMARY KEY, data BLOB)")
            }
            let record = IdentityRecord(format: Self.format, identity: identity)
            try database.run("INSERT INTO identity VALUES (1, ?)", blob: record.bytes(at: 1))
        }
        // In the database itself from the start, so that even a lost log does not take it along.
        try database.checkpoint(truncating: true)
    }

    /// Which journal it is; nil when it does not say.
    func identity() throws(SqliteFailure) -> JournalIdentity? {
        try records(IdentityRecord.self, "identity").first?.record.identity
    }

    // MARK: Records

    /// All records of a table that are sound, by key.
    func records<Record: JournalRecord>(
        _ type: Record.Type, _ table: String
    ) throws(SqliteFailure) -> [(key: Int64, record: Record)] {
        var found: [(key: Int64, record: Record)] = []
        try database.rows("SELECT place, data FROM \(table) ORDER BY place") { key, bytes in
            if let record = Record(bytes, at: key) { found.append((key, record)) }
            return true
        }
        return found
    }

    /// Writes a record over what is at its key.
    func put(_ record: some JournalRecord, _ table: String, at key: Int64) throws(SqliteFailure) {
        try database.run(
            "INSERT OR REPLACE INTO \(table) VALUES (?, ?)", key, blob: record.bytes(at: key))
    }

    /// Removes the record at `key`.
    func remove(_ table: String, at key: Int64) throws(SqliteFailure) {
        try database.run("DELETE FROM \(table) WHERE place = ?", key)
    }

    /// The key after the last of a table.
    func nextKey(_ table: String) throws(SqliteFailure) -> Int64 {
        (try database.number("SELECT max(place) FROM \(table)") ?? 0) + 1
    }

    /// The record dead-lettered at `key`; nil when there is none that can be read.
    func deadLetters(at key: Int64) throws(SqliteFailure) -> DeadLetterRecord? {
        var found: DeadLetterRecord?
        try database.rows("SELECT place, data FROM aside WHERE place = ?", key) { key, bytes in
            found = DeadLetterRecord(bytes, at: key)
            return false
        }
        return found
    }

    // MARK: Facts

    /// No fact has an offset behind it, at a million a second in a hundred thousand years. What has was moved
    /// there by a disk, and no offset would be left behind it.
    private static let lastOffset = Int64(1) << 62

    /// The first and the last offset that has a fact; nil when there is none.
    /// - Throws: Damage, where an offset is none that is ever given.
    func extent() throws(SqliteFailure) -> ClosedRange<JournalOffset>? {
        guard let first = try database.number("SELECT min(place) FROM facts"),
            let last = try database.number("SELECT max(place) FROM facts")
        else { return nil }
        guard first > 0, last >= first, last <= Self.lastOffset else {
            throw SqliteFailure(code: 11, words: "facts stand at the offsets \(first) to \(last)")
        }
        return JournalOffset(first)...JournalOffset(last)
    }

    /// The last offset that was ever given away, whatever is left of its fact; 0 for none.
    func lastGiven() throws(SqliteFailure) -> JournalOffset {
        let sessions = try records(SessionRecord.self, "sessions")
        return [
            try extent()?.upperBound ?? 0,
            try records(GapRecord.self, "gaps").map(\.record.offsets.upperBound).max() ?? 0,
            try records(LossRecord.self, "gaps").map(\.record.offsets.upperBound).max() ?? 0,
            try records(CursorRecord.self, "cursors").map(\.record.acknowledged).max() ?? 0,
            sessions.map { $0.record.last ?? ($0.record.first - min(1, $0.record.first)) }.max()
                ?? 0,
        ].max() ?? 0
    }

    /// Writes one fact's row.
    func put(fact bytes: [UInt8], at offset: JournalOffset) throws(SqliteFailure) {
        try database.run(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", Int64(bitPattern: offset), blob: bytes)
    }

    /// The facts of `offsets`, oldest first, and the offsets of rows that cannot be read.
    func facts(
        in offsets: ClosedRange<JournalOffset>, limit: Int
    ) throws(SqliteFailure) -> (
        rows: [(offset: JournalOffset, record: FactRecord)], bad: [JournalOffset]
    ) {
        var rows: [(offset: JournalOffset, record: FactRecord)] = []
        var bad: [JournalOffset] = []
        try database.rows(
            "SELECT place, data FROM facts WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?",
            Int64(clamping: offsets.lowerBound), Int64(clamping: offsets.upperBound), Int64(limit)
        ) { key, bytes in
            let offset = JournalOffset(bitPattern: key)
            if let record = FactRecord(bytes, at: offset) {
                rows.append((offset, record))
            } else {
                bad.append(offset)
            }
            return true
        }
        return (rows, bad)
    }

    /// One fact's row as it stands.
    func factBytes(at offset: JournalOffset) throws(SqliteFailure) -> [UInt8]? {
        var found: [UInt8]?
        try database.rows(
            "SELECT place, data FROM facts WHERE place = ?", Int64(clamping: offset)
        ) { _, bytes in
            found = bytes
            return false
        }
        return found
    }

    /// The offset of the fact that has `count` older ones; nil when there are fewer.
    func offset(behindFirst count: Int) throws(SqliteFailure) -> JournalOffset? {
        try database.number("SELECT place FROM facts ORDER BY place LIMIT 1 OFFSET ?", Int64(count))
            .map(JournalOffset.init(bitPattern:))
    }

    /// Deletes all facts up to `offset`.
    /// - Returns: How many there were.
    func deleteFacts(through offset: JournalOffset) throws(SqliteFailure) -> Int {
        try database.run("DELETE FROM facts WHERE place <= ?", Int64(clamping: offset))
        return database.changes
    }

    /// Bytes of all pages that hold something.
    func usedBytes() throws(SqliteFailure) -> Int64 {
        let pages = try database.number("PRAGMA page_count") ?? 0
        return (pages - (try freePages())) * Self.pageSize
    }

    /// Pages of the file that hold nothing and are written next.
    func freePages() throws(SqliteFailure) -> Int64 {
        try database.number("PRAGMA freelist_count") ?? 0
    }

    /// Changes when another process changed something.
    func foreignChanges() throws(SqliteFailure) -> Int64 {
        try database.number("PRAGMA data_version") ?? 0
    }
}
