import Journals
import Vocabulary

/// The tables of a `ReceivedStore` on disk, and the statements on them. For one thread at a time.
///
/// `children` gives each gateway a number; `received` has one row for each item, in the order in which they
/// came. An index over child and identity says what is there already. Rows are deleted from the front, so
/// that pages come free and are used again.
///
/// **Power loss.** As with the journal: a log that is written ahead, and `synchronous=FULL`, so that what
/// was acknowledged is there after a power cut.
final class ReceivedFile {
    /// What this program writes. It reads no later one.
    static let format: Int64 = 1
    /// Says whose file it is: `TDGR`. Source: SQLite, PRAGMA application_id.
    private static let application: Int64 = 0x5444_4752
    /// Rows that go at once when the file is full.
    private static let piece: Int64 = 512

    let database: SqliteDatabase
    private var numbers: [GatewayName: Int64] = [:]

    /// - Throws: A failure that `isDamage` when the file is no sound store.
    ///
    /// - Parameter checkedSize: Up to this size it is read whole.
    init(
        path: String, _ access: SqliteDatabase.Access, checkedSize: Int64 = 0
    ) throws(SqliteFailure) {
        database = try SqliteDatabase(path: path, access)
        if access == .creating { try prepare() }
        try database.execute("PRAGMA busy_timeout=5000; PRAGMA cache_size=-1024")
        guard try database.number("PRAGMA application_id") == Self.application,
            let format = try database.number("PRAGMA user_version"), format > 0
        else { throw SqliteFailure(code: 26, words: "not a store of received events") }
        guard format <= Self.format else { throw Self.later }
        if access == .creating, try usedBytes() < checkedSize { try database.check() }
        try database.rows("SELECT place, name FROM children") { key, name in
            if let child = GatewayName(String(decoding: name, as: UTF8.self)) {
                numbers[child] = key
            }
            return true
        }
    }

    /// A later program wrote the file. The code is none of SQLite's.
    static let later = SqliteFailure(
        code: -1,
        words: "written by a later version of Tidegate; use that version, or move the file")

    private func prepare() throws(SqliteFailure) {
        try database.execute(
            """
            PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
            PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=8388608;
            PRAGMA temp_store=MEMORY
            """)
        guard try database.number("SELECT count(*) FROM sqlite_schema") == 0 else { return }
        try database.transaction { () throws(SqliteFailure) in
            try database.execute(
                """
                CREATE TABLE children (place INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);
                CREATE TABLE received (
                    place INTEGER PRIMARY KEY, child INTEGER NOT NULL, at INTEGER NOT NULL,
                    identity BLOB NOT NULL, line BLOB NOT NULL, UNIQUE (child, identity));
                PRAGMA application_id=\(Self.application); PRAGMA user_version=\(Self.format)
                """)
        }
        try database.checkpoint(truncating: true)
    }

    // MARK: Writing

    /// Writes items in one transaction, and deletes the oldest rows until they fit into `size` bytes.
    /// - Returns: For each, whether it was not there before.
    func keep(_ items: [ReceivedItem], size: Int64) throws(SqliteFailure) -> [Bool] {
        do throws(SqliteFailure) {
            return try database.transaction { () throws(SqliteFailure) in
                try makeRoom(
                    for: items.reduce(0) { $0 + Int64($1.line.count) + 128 }, size: size)
                var isNew: [Bool] = []
                for item in items { isNew.append(try keep(item)) }
                return isNew
            }
        } catch {
            // Numbers that were given in the transaction are gone with it.
            numbers = [:]
            throw error
        }
    }

    private func keep(_ item: ReceivedItem) throws(SqliteFailure) -> Bool {
        let child = try number(of: item.key.child)
        try database.run(
            "INSERT OR IGNORE INTO received (child, at, identity, line) VALUES (?, ?, ?, ?)",
            child, item.at.nanoseconds, blobs: [Array(item.key.identity.utf8), item.line])
        return database.changes > 0
    }

    private func number(of child: GatewayName) throws(SqliteFailure) -> Int64 {
        if let known = numbers[child] { return known }
        let name = Array(child.text.utf8)
        try database.run("INSERT OR IGNORE INTO children (name) VALUES (?)", blob: name)
        var found: Int64 = 0
        try database.rows("SELECT place, name FROM children") { key, known in
            if known == name { found = key }
            return true
        }
        numbers[child] = found
        return found
    }

    private func makeRoom(for bytes: Int64, size: Int64) throws(SqliteFailure) {
        // Rows fill their pages, the index takes its part, and a commit changes a few more.
        let wanted = bytes + bytes / 4 + 4 * 4_096
        while try usedBytes() + wanted > size {
            try database.run(
                """
                DELETE FROM received WHERE place IN
                (SELECT place FROM received ORDER BY place LIMIT ?)
                """, Self.piece)
            guard database.changes > 0 else { return }
        }
    }

    /// Bytes of all pages that hold something.
    func usedBytes() throws(SqliteFailure) -> Int64 {
        let pages = try database.number("PRAGMA page_count") ?? 0
        let free = try database.number("PRAGMA freelist_count") ?? 0
        return (pages - free) * (try database.number("PRAGMA page_size") ?? 0)
    }

    // MARK: Reading

    /// What is kept of each child: how much, and when the oldest and the newest of it came.
    func overview() throws(SqliteFailure) -> [ReceivedOverview] {
        var found: [ReceivedOverview] = []
        for (child, number) in numbers.sorted(by: { $0.key < $1.key }) {
            let count = try database.number(
                "SELECT count(*) FROM received WHERE child = ?", number)
            let times = try ["min", "max"].map { (which) throws(SqliteFailure) in
                try database.number(
                    "SELECT at FROM received WHERE place = (SELECT \(which)(place) FROM received WHERE child = ?)",
                    number
                ).map(WallTime.init(nanoseconds:))
            }
            found.append(
                ReceivedOverview(
                    child: child, count: Int(count ?? 0), oldest: times[0], newest: times[1]))
        }
        return found
    }

    /// The lines after `offset`, oldest first.
    func lines(after offset: Int64, limit: Int64) throws(SqliteFailure) -> [(Int64, [UInt8])] {
        var found: [(Int64, [UInt8])] = []
        try database.rows(
            "SELECT place, line FROM received WHERE place > ? ORDER BY place LIMIT ?", offset, limit
        ) { offset, line in
            found.append((offset, line))
            return true
        }
        return found
    }
}

/// What is kept of one gateway's events.
public struct ReceivedOverview: Hashable, Sendable {
    public let child: GatewayName
    public let count: Int
    /// When the first and the last of them came; nil when there are none.
    public let oldest: WallTime?
    public let newest: WallTime?
}
