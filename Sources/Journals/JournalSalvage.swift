import Glibc
import Threads
import Vocabulary

/// Makes a sound journal out of a damaged one, which is kept beside it.
struct JournalSalvage {
    /// Rows that are written in one transaction.
    private static let batch = 5_000

    /// What came of it.
    struct Outcome {
        let facts: Int
        /// Where the damaged file is now.
        let aside: String
    }

    let path: String
    private var draft: String { path + ".salvage" }

    /// Ends what a crash may have left half done: the new journal is whole once the damaged one is gone.
    func finish() {
        guard !exists(path), exists(draft) else { return }
        move(draft, to: path)
    }

    /// Writes all that can be read into a new file, moves the damaged one aside, and puts the new one in
    /// its place.
    ///
    /// - Throws: When there is no room for the new one; the damaged one is where it was then.
    func salvage(
        identity: JournalIdentity, at time: WallTime
    ) throws(SqliteFailure) -> Outcome {
        for end in ["", "-wal", "-shm"] { remove(draft + end) }
        let facts = try write(identity)
        let aside = try DamagedFile(path: path).keepAside(at: time)
        move(draft, to: path)
        return Outcome(facts: facts, aside: aside)
    }

    private func write(_ identity: JournalIdentity) throws(SqliteFailure) -> Int {
        let file = try JournalFile(path: draft, identity: identity)
        var rows: [(table: String, place: Int64, bytes: [UInt8])] = []
        var cursors: [UpstreamName: (place: Int64, acknowledged: Sequence64)] = [:]
        var failure: SqliteFailure?
        func flush() {
            guard failure == nil else { return }
            do throws(SqliteFailure) {
                try file.database.transaction { () throws(SqliteFailure) in
                    for row in rows {
                        try file.database.run(
                            "INSERT OR REPLACE INTO \(row.table) VALUES (?, ?)", row.place,
                            blob: row.bytes)
                    }
                }
                try file.database.checkpoint(truncating: false)
            } catch {
                failure = error
            }
            rows.removeAll(keepingCapacity: true)
        }
        JournalPages(path: path).rows { place, bytes in
            if let cursor = CursorRecord(bytes, at: place) {
                // A page that is not in use any more may hold an older one.
                let known = cursors[cursor.upstream]?.acknowledged ?? 0
                cursors[cursor.upstream] = (place, max(known, cursor.acknowledged))
            } else if let table = Self.table(of: bytes, at: place) {
                rows.append((table, place, bytes))
            }
            if rows.count >= Self.batch { flush() }
        }
        for (upstream, cursor) in cursors {
            let record = CursorRecord(upstream: upstream, acknowledged: cursor.acknowledged)
            rows.append(("cursors", cursor.place, record.bytes(at: cursor.place)))
        }
        flush()
        if let failure { throw failure }
        try file.database.checkpoint(truncating: true)
        return Int(try file.database.number("SELECT count(*) FROM facts") ?? 0)
    }

    /// Where a row belongs; nil when it is none.
    private static func table(of bytes: [UInt8], at place: Int64) -> String? {
        switch bytes.first {
        case FactRecord.tag where place > 0:
            FactRecord(bytes, at: Sequence64(place)) == nil ? nil : "facts"
        case SessionRecord.tag: SessionRecord(bytes, at: place) == nil ? nil : "sessions"
        case GapRecord.tag: GapRecord(bytes, at: place) == nil ? nil : "gaps"
        case AsideRecord.tag: AsideRecord(bytes, at: place) == nil ? nil : "aside"
        case ChannelRecord.tag: ChannelRecord(bytes, at: place) == nil ? nil : "channels"
        default: nil
        }
    }

    // Sound, here and below: each path lives for the length of its call.
    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    @discardableResult
    private func move(_ path: String, to other: String) -> Bool { unsafe rename(path, other) == 0 }

    private func remove(_ path: String) { _ = unsafe unlink(path) }
}
