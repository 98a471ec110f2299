import Glibc
import Vocabulary

// What is evicted when there is no room: acknowledged facts first, then the oldest.
//
// A full disk takes no log either, and without a log nothing can be deleted. So the file stops growing while
// there is still room for the log, and the log is copied into the file, which takes room too, before that
// room is gone. When others fill the disk, facts wait in memory until there is room.
extension SqliteJournal {
    /// How often facts are looked for that are old enough to go.
    private static let agePeriod = Duration.seconds(60)
    /// How many of them go in one commit.
    private static let ageBatch = 5_000

    /// Deletes facts that every upstream has and that are older than `retain`.
    func deleteOld(in file: JournalFile) throws(SqliteFailure) -> JournalOffset? {
        guard clock.now >= ageAt else { return nil }
        ageAt = clock.now.advanced(by: Self.agePeriod)
        guard first <= acknowledgedByAll else { return nil }
        let oldest = clock.wallTime.advanced(by: .zero - settings.retain)
        let (rows, _) = try file.facts(in: first...acknowledgedByAll, limit: Self.ageBatch)
        // One that is labelled wrongly goes with its neighbours.
        guard let last = rows.last(where: { $0.record.fact.at.wall < oldest }) else { return nil }
        if rows.count == Self.ageBatch { ageAt = clock.now }
        _ = try file.deleteFacts(through: last.offset)
        return last.offset
    }

    /// Deletes the oldest facts until there is room for `bytes` more.
    func makeRoom(for bytes: Int64, in file: JournalFile) throws(SqliteFailure) -> JournalOffset? {
        // Rows fill their pages, and a commit changes a few pages that hold no facts.
        let wanted = bytes + bytes / 8 + 4 * JournalFile.pageSize
        var gone: JournalOffset?
        while try file.usedBytes() + wanted > settings.size {
            guard let offset = try deleteFront(of: file, upTo: .max) else { break }
            gone = offset
        }
        if let pageLimit { try file.database.execute("PRAGMA max_page_count=\(pageLimit)") }
        guard bytes > 0, isCramped || diskRoom.isShort(for: wanted) else { return gone }
        // Those that wait in memory are as good as kept, and the oldest of all as dear as they are, until
        // memory runs short, too.
        let bound = isMemoryShort ? .max : acknowledgedByAll
        while try file.freePages() * JournalFile.pageSize < wanted {
            guard let offset = try deleteFront(of: file, upTo: bound) else {
                throw SqliteFailure(code: 13, words: "the disk is nearly full")
            }
            gone = offset
        }
        return gone
    }

    /// Deletes some facts from the front, none beyond `bound`.
    /// - Returns: The last of them; nil when there was none.
    private func deleteFront(
        of file: JournalFile, upTo bound: JournalOffset
    ) throws(SqliteFailure) -> JournalOffset? {
        guard let extent = try file.extent() else { return nil }
        let offset = try file.offset(behindFirst: 512)
        let last = min(offset ?? extent.upperBound, bound)
        return try file.deleteFacts(through: last) > 0 ? last : nil
    }

    /// Everything up to here is acknowledged by all upstreams there are.
    var acknowledgedByAll: JournalOffset {
        cursors.values.map(\.kept).min() ?? committed
    }

    private var isMemoryShort: Bool {
        inbox.withLock { $0.buffer.items.count >= $0.buffer.capacity / 2 }
    }

    /// How the disk stands.
    var diskRoom: DiskRoom { simulatedDisk ?? DiskRoom(at: path) }

    /// The disk took no more: gives the log's room back, and has the file not grow in the next try.
    ///
    /// - Parameter count: How many facts the log found no room for.
    /// - Returns: How many to try next.
    func cramp(_ file: JournalFile, after count: Int) -> Int {
        isCramped = true
        // The next try shows what came of it.
        _ = try? file.database.checkpoint(truncating: true)
        return max(1, count / 4)
    }

    /// Gives the log's room back while there is enough for the file to take it in.
    func clearLog(of file: JournalFile) {
        guard diskRoom.isTight else { return }
        // A reader may be in the way; the next commit tries again.
        _ = try? file.database.checkpoint(truncating: true)
    }

    /// Facts up to `gone` are not kept any more: cursors that were behind them are moved.
    func forget(through gone: JournalOffset) {
        for (name, cursor) in cursors where cursor.kept < gone {
            lose(cursor.waiting(through: gone, count(after:through:)), of: name, through: gone)
            cursors[name]?.forget(through: gone)
            cursors[name]?.isDirty = true
            dirtySince = dirtySince ?? clock.now
        }
        first = max(first, gone + 1)
        gaps.removeAll { $0.upperBound < first }
    }

    /// Has facts that wait for the disk go upstream all the same. A next start goes on behind all of them, or
    /// they have an identity of their own.
    func offer() {
        guard fault != nil, let last = inbox.withLock({ $0.buffer.last }) else { return }
        let noted = max(committed, sessionStart - 1)
        let through = isUnnoted ? last : min(last, noted + Self.leap - 1)
        guard through > readable else { return }
        readable = through
        eventQueue.post(.readable(through: through))
    }
}

/// How much room a disk has.
struct DiskRoom: Hashable, Sendable {
    /// Bytes that are free, and bytes that there are.
    var free, all: Int64
    /// Bytes that the journal's log takes.
    var log: Int64

    /// What is never taken from a disk: a twentieth of it, at least a megabyte of all but the smallest.
    var reserve: Int64 { min(64_000_000, max(all / 20, min(all / 4, 1_000_000))) }

    /// Whether the log must go into the file now: later there may be no room for that.
    var isTight: Bool { free < reserve + 2 * log }

    /// Whether the file must not grow by so much, which its log takes as well.
    func isShort(for bytes: Int64) -> Bool { free < reserve + 2 * bytes }

    init(free: Int64, all: Int64, log: Int64 = 0) {
        (self.free, self.all, self.log) = (free, all, log)
    }

    /// Of the disk with the file at `path`; endless when it does not say.
    init(at path: String) {
        var (disk, file) = (statvfs(), stat())
        // Sound: the calls fill in what lives on this stack, and the paths live as long as they.
        guard unsafe statvfs(path, &disk) == 0 else {
            self.init(free: Self.endless, all: Self.endless)
            return
        }
        self.init(disk)
        if unsafe stat(path + "-wal", &file) == 0 { log = Int64(file.st_size) }
    }

    /// As a file system states it, which may be any number.
    init(_ disk: statvfs) {
        func bytes(_ blocks: UInt64) -> Int64 {
            let (bytes, overflow) = blocks.multipliedReportingOverflow(by: UInt64(disk.f_frsize))
            return overflow ? Self.endless : min(Int64(clamping: bytes), Self.endless)
        }
        self.init(free: bytes(UInt64(disk.f_bavail)), all: bytes(UInt64(disk.f_blocks)))
    }

    private static let endless = Int64.max / 4
}
