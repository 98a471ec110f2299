import Glibc
import Vocabulary

/// Makes a sound journal out of a damaged one, which is kept beside it.
struct JournalSalvage {
    /// Rows that are written in one transaction, and their bytes.
    private static let batch = (rows: 5_000, bytes: 1 << 20)

    /// What came of it.
    struct Outcome {
        /// Facts that were saved.
        let facts: Int
        /// Rows of facts that were not, because there was no room for them.
        let left: Int
        /// Where the damaged file is now.
        let deadLetters: String
    }

    let path: String
    /// What the tests let there be free, in bytes; nil for what there is.
    var room: Int64?
    private var draft: String { path + ".salvage" }

    /// Ends what a crash may have left half done: the new journal is whole once the damaged one is gone.
    func finish() {
        guard !exists(path), exists(draft) else { return }
        // The log of the damaged one is none of the new one's.
        DamagedFile(path: path).keepLogAside()
        move(draft, to: path)
    }

    /// Writes all that can be read into a new file, moves the damaged one aside, and puts the new one in
    /// its place. When there is no room for all of it, the facts stay in the damaged one alone.
    ///
    /// - Throws: When there is no room even for the rest; the damaged one is where it was then.
    func salvage(
        identity: JournalIdentity, at time: WallTime
    ) throws(SqliteFailure) -> Outcome {
        var written: (facts: Int, left: Int)?
        if hasRoom {
            do throws(SqliteFailure) {
                written = try write(identity, withFacts: true)
            } catch {
                guard error.isFull else { throw error }
            }
        }
        if written == nil { written = try write(identity, withFacts: false) }
        let (facts, left) = written ?? (0, 0)
        let deadLetters = try DamagedFile(path: path).keepAside(at: time)
        move(draft, to: path)
        return Outcome(facts: facts, left: left, deadLetters: deadLetters)
    }

    /// Whether a copy of the damaged file would find room.
    private var hasRoom: Bool {
        var (file, disk) = (stat(), statvfs())
        var wanted: Int64 = 0
        // Sound, here and below: the call fills in what lives on this stack.
        if unsafe stat(path, &file) == 0 { wanted += Int64(file.st_size) }
        // A link is no log.
        if unsafe lstat(path + "-wal", &file) == 0 { wanted += Int64(file.st_size) }
        guard unsafe statvfs(path, &disk) == 0 else { return true }
        let free = Int64(clamping: disk.f_bavail).multipliedReportingOverflow(
            by: Int64(disk.f_frsize))
        return wanted <= room ?? (free.overflow ? .max : free.partialValue)
    }

    private func removeDraft() { for end in ["", "-wal", "-shm"] { remove(draft + end) } }

    /// - Returns: How many facts were written, and how many left out.
    private func write(
        _ identity: JournalIdentity, withFacts: Bool
    ) throws(SqliteFailure) -> (facts: Int, left: Int) {
        removeDraft()
        do throws(SqliteFailure) {
            return try fill(
                JournalFile(path: draft, identity: identity), withFacts: withFacts)
        } catch {
            removeDraft()
            throw error
        }
    }

    private func fill(
        _ file: JournalFile, withFacts: Bool
    ) throws(SqliteFailure) -> (facts: Int, left: Int) {
        var left: (count: Int, last: Int64) = (0, 0)
        var rows: [(table: String, key: Int64, bytes: [UInt8])] = []
        var waiting = 0
        var cursors: [UpstreamName: (key: Int64, acknowledged: JournalOffset)] = [:]
        var failure: SqliteFailure?
        func flush() {
            guard failure == nil else { return }
            do throws(SqliteFailure) {
                try file.database.transaction { () throws(SqliteFailure) in
                    for row in rows {
                        try file.database.run(
                            "INSERT OR REPLACE INTO \(row.table) VALUES (?, ?)", row.key,
                            blob: row.bytes)
                    }
                }
                try file.database.checkpoint(truncating: false)
            } catch {
                failure = error
            }
            rows.removeAll(keepingCapacity: true)
            waiting = 0
        }
        JournalPages(path: path).rows { key, bytes in
            if let cursor = CursorRecord(bytes, at: key) {
                // A page that is not in use any more may hold an older one.
                let known = cursors[cursor.upstream]?.acknowledged ?? 0
                cursors[cursor.upstream] = (key, max(known, cursor.acknowledged))
            } else if let table = Self.table(of: bytes, at: key) {
                if !withFacts, table == "facts" {
                    left = (left.count + 1, max(left.last, key))
                } else {
                    rows.append((table, key, bytes))
                    waiting += bytes.count
                }
            }
            if rows.count >= Self.batch.rows || waiting >= Self.batch.bytes { flush() }
        }
        for (upstream, cursor) in cursors {
            let record = CursorRecord(upstream: upstream, acknowledged: cursor.acknowledged)
            rows.append(("cursors", cursor.key, record.bytes(at: cursor.key)))
        }
        if left.last > 0 {
            // Their offsets are not given away again.
            let last = JournalOffset(left.last)
            rows.append(("gaps", left.last, GapRecord(offsets: last...last).bytes(at: left.last)))
        }
        flush()
        if let failure { throw failure }
        try file.database.checkpoint(truncating: true)
        return (Int(try file.database.number("SELECT count(*) FROM facts") ?? 0), left.count)
    }

    /// Where a row belongs; nil when it is none.
    private static func table(of bytes: [UInt8], at key: Int64) -> String? {
        switch bytes.first {
        case FactRecord.tag where key > 0:
            FactRecord(bytes, at: JournalOffset(key)) == nil ? nil : "facts"
        case SessionRecord.tag: SessionRecord(bytes, at: key) == nil ? nil : "sessions"
        case GapRecord.tag: GapRecord(bytes, at: key) == nil ? nil : "gaps"
        case LossRecord.tag: LossRecord(bytes, at: key) == nil ? nil : "gaps"
        case DeadLetterRecord.tag: DeadLetterRecord(bytes, at: key) == nil ? nil : "aside"
        case ChannelRecord.tag: ChannelRecord(bytes, at: key) == nil ? nil : "channels"
        default: nil
        }
    }

    // Sound, here and below: each path lives for the length of its call.
    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    @discardableResult
    private func move(_ path: String, to other: String) -> Bool { unsafe rename(path, other) == 0 }

    private func remove(_ path: String) { _ = unsafe unlink(path) }
}
