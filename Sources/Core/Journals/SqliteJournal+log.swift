import Vocabulary

extension SqliteJournal {
    /// Puts facts of the log into the database that the library left out, because the head of the log or one of its
    /// frames is broken. It would overwrite them with the next commit, and says nothing.
    ///
    /// Source: SQLite file format, "WAL Recovery".
    /// - Returns: Whether there were any.
    func takeFromLog(into opened: JournalFile) throws(SqliteFailure) -> Bool {
        // What waits in memory is of this session, and is not on disk although a commit may have failed halfway.
        let end = inbox.withLock { $0.buffer.last } == nil ? Int64.max : Int64(sessionStart) - 1
        let last = try opened.lastGiven()
        guard Int64(clamping: last) < end else { return false }
        var found: [JournalOffset: [UInt8]] = [:]
        JournalPages(path: path).committedRows(in: (Int64(clamping: last) + 1)...end) {
            let offset = JournalOffset($0)
            // The later one counts: its time may have been corrected.
            if FactRecord($1, at: offset) != nil { found[offset] = $1 }
        }
        guard !found.isEmpty else { return false }
        let offsets = found.keys.sorted()
        try opened.database.transaction { () throws(SqliteFailure) in
            var before = last
            for offset in offsets {
                // As after a crash; a smaller one is of records on a page that is broken.
                if offset - before > Self.leap {
                    let gap = GapRecord(offsets: (before + 1)...(offset - 1))
                    try opened.put(gap, "gaps", at: Int64(before + 1))
                }
                try opened.put(fact: found[offset] ?? [], at: offset)
                before = offset
            }
        }
        eventQueue.post(
            .salvaged(
                "\(path): its log was damaged: \(found.count) records recovered from it"))
        return true
    }
}
