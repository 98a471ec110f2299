import Glibc
import Threads
import Vocabulary

extension SqliteJournal {
    /// How often facts are looked for that are old enough to go.
    private static let agePeriod = Duration.seconds(60)
    /// How many of them go in one commit.
    private static let ageBatch = 5_000
    /// What is never taken from a disk: a twentieth of it, at most so many bytes. Short of that only
    /// acknowledged facts make room.
    private static let reserve: Int64 = 64_000_000

    /// One look at everything that is due. Runs on the journal's thread only.
    func round() -> SyncThread.Rest {
        let now = clock.now
        if now >= retryAt ?? now {
            if file == nil { tryToOpen() }
            if now >= lookAt {
                look()
                lookAt = now.advanced(by: Self.lookPeriod)
            }
            if !corrections.isEmpty { correctFile() }
            if let due, clock.now >= due { commit() }
        } else {
            tellLosses()
        }
        let next = min(due ?? lookAt, lookAt)
        return SyncThread.Rest(until: max(next, retryAt ?? next))
    }

    /// When the next commit is due; nil when nothing waits for one.
    private var due: MonotonicInstant? {
        let (since, count) = inbox.withLock { ($0.since, $0.buffer.items.count) }
        if count >= Self.batch { return since }
        return [
            since?.advanced(by: settings.commitInterval),
            dirtySince?.advanced(by: Self.cursorDelay),
        ].compactMap(\.self).min()
    }

    /// Writes all that waits, in batches of one transaction each.
    func commit() {
        guard let file else { return tellLosses() }
        var isMore = true
        while isMore {
            tellLosses()
            let (items, meanings) = inbox.withLock { inbox in
                defer { inbox.meanings = [] }
                return (inbox.buffer.beginWriting(limit: Self.batch), inbox.meanings)
            }
            channels = meanings.last?.channels ?? channels
            do throws(SqliteFailure) {
                let gone = try file.database.transaction { () throws(SqliteFailure) in
                    for (channels, after) in meanings {
                        try note(channels, from: (after ?? committed) + 1, in: file)
                    }
                    return try write(items, to: file)
                }
                isMore = inbox.withLock { inbox in
                    inbox.buffer.written()
                    inbox.since = inbox.buffer.isEmpty ? nil : clock.now
                    return inbox.buffer.items.count >= Self.batch
                }
                committed = items.last?.entry.sequence ?? committed
                settle(items, gone)
            } catch {
                inbox.withLock { inbox in
                    inbox.buffer.notWritten()
                    inbox.meanings = (meanings + inbox.meanings).suffix(Self.mostMeanings)
                }
                if error.isDamage { giveUpFile(error) } else { stall(error) }
                return
            }
        }
    }

    /// - Returns: The last place that had to go.
    private func write(
        _ items: [JournalBuffer.Item], to file: JournalFile
    ) throws(SqliteFailure) -> Sequence64? {
        let rows = items.map { item in
            let record = FactRecord(
                fact: item.entry.fact, session: UInt64(sessionPlace),
                upstream: item.aside?.upstream)
            return (place: item.entry.sequence, bytes: record.bytes(at: item.entry.sequence))
        }
        let old = try deleteOld(in: file)
        let room = try makeRoom(for: rows.reduce(0) { $0 + Int64($1.bytes.count) + 16 }, in: file)
        for row in rows { try file.put(fact: row.bytes, at: row.place) }
        for item in items {
            if let place = item.aside?.place { try file.remove("aside", at: place) }
        }
        for gap in unsavedGaps {
            try file.put(GapRecord(places: gap), "gaps", at: Int64(clamping: gap.lowerBound))
        }
        for (upstream, cursor) in cursors where cursor.isDirty {
            let record = CursorRecord(upstream: upstream, acknowledged: cursor.acknowledged)
            try file.put(record, "cursors", at: cursor.place)
        }
        return [old, room].compactMap(\.self).max()
    }

    /// Notes what a commit has done.
    private func settle(_ items: [JournalBuffer.Item], _ gone: Sequence64?) {
        for name in cursors.keys { cursors[name]?.isDirty = false }
        dirtySince = nil
        unsavedGaps = []
        returning.subtract(items.compactMap(\.aside?.place))
        if items.contains(where: { $0.aside != nil }) { look(isForced: true) }
        if let gone { forget(through: gone) }
        if trouble != nil {
            trouble = nil
            desk.tell(.trouble(false, "\(path): facts are kept on disk again"))
        }
        retryAt = nil
        if !items.isEmpty { desk.tell(.committed(through: committed)) }
    }

    // MARK: Room

    /// Deletes facts that every upstream has and that are older than `retain`.
    private func deleteOld(in file: JournalFile) throws(SqliteFailure) -> Sequence64? {
        guard clock.now >= ageAt else { return nil }
        ageAt = clock.now.advanced(by: Self.agePeriod)
        guard first <= acknowledgedByAll else { return nil }
        let oldest = clock.wallTime.advanced(by: .zero - settings.retain)
        let (rows, _) = try file.facts(in: first...acknowledgedByAll, limit: Self.ageBatch)
        // One that is labelled wrongly goes with its neighbours.
        guard let last = rows.last(where: { $0.record.fact.at.wall < oldest }) else { return nil }
        if rows.count == Self.ageBatch { ageAt = clock.now }
        _ = try file.deleteFacts(through: last.sequence)
        return last.sequence
    }

    /// Deletes the oldest facts until there is room for `bytes` more.
    private func makeRoom(
        for bytes: Int64, in file: JournalFile
    ) throws(SqliteFailure) -> Sequence64? {
        // Rows fill their pages, and a commit changes a few pages that hold no facts.
        let wanted = bytes + bytes / 8 + 4 * JournalFile.pageSize
        var gone: Sequence64?
        while try file.usedBytes() + wanted > settings.size {
            guard let place = try deleteFront(of: file, upTo: .max) else { break }
            gone = place
        }
        if let pageLimit { try file.database.execute("PRAGMA max_page_count=\(pageLimit)") }
        guard bytes > 0, isDiskShort else { return gone }
        while try file.freePages() * JournalFile.pageSize < wanted {
            guard let place = try deleteFront(of: file, upTo: acknowledgedByAll) else {
                throw SqliteFailure(code: 13, words: "the disk is nearly full")
            }
            gone = place
        }
        return gone
    }

    /// Deletes some facts from the front, none beyond `bound`.
    /// - Returns: The last of them; nil when there was none.
    private func deleteFront(
        of file: JournalFile, upTo bound: Sequence64
    ) throws(SqliteFailure) -> Sequence64? {
        guard let extent = try file.extent() else { return nil }
        let place = try file.place(behindFirst: 512)
        let last = min(place ?? extent.upperBound, bound)
        return try file.deleteFacts(through: last) > 0 ? last : nil
    }

    /// Everything up to here is acknowledged by all upstreams there are.
    private var acknowledgedByAll: Sequence64 {
        cursors.values.map(\.acknowledged).min() ?? committed
    }

    private var isDiskShort: Bool {
        var status = statvfs()
        // Sound: the call fills in `status`, which lives on this stack.
        guard unsafe statvfs(path, &status) == 0 else { return false }
        let (block, all) = (Int64(status.f_frsize), Int64(clamping: status.f_blocks))
        return Int64(clamping: status.f_bavail) * block < min(Self.reserve, all / 20 * block)
    }

    /// Facts up to `gone` are not kept any more: cursors that were behind them are moved.
    private func forget(through gone: Sequence64) {
        for (name, cursor) in cursors where cursor.acknowledged < gone {
            lose(count(after: cursor.acknowledged, through: gone), of: name, through: gone)
            cursors[name]?.acknowledged = gone
            cursors[name]?.isDirty = true
            dirtySince = dirtySince ?? clock.now
        }
        first = max(first, gone + 1)
        gaps.removeAll { $0.upperBound < first }
    }

    /// Counts facts that gave way in memory, and remembers that their places are empty.
    private func tellLosses() {
        let (lost, early) = inbox.withLock { inbox in
            defer { inbox.buffer.toldLosses() }
            return (inbox.buffer.lost, inbox.buffer.lostEarly)
        }
        for name in upstreams where early > 0 { lose(early, of: name, through: committed) }
        for places in lost {
            add(gap: places)
            tell(lost: places)
        }
    }

    /// The facts of these places are lost to every upstream that had not acknowledged them.
    func tell(lost places: ClosedRange<Sequence64>) {
        for (name, cursor) in cursors where cursor.acknowledged < places.upperBound {
            lose(places.count, of: name, through: places.upperBound)
        }
    }

    /// Places that no fact will ever have.
    func add(gap places: ClosedRange<Sequence64>) {
        guard let end = gaps.last, end.upperBound + 1 == places.lowerBound else {
            gaps.append(places)
            unsavedGaps.append(places)
            return
        }
        let whole = end.lowerBound...places.upperBound
        gaps[gaps.count - 1] = whole
        unsavedGaps.removeAll { $0.lowerBound == whole.lowerBound }
        unsavedGaps.append(whole)
    }

    func lose(_ count: Int, of upstream: UpstreamName, through place: Sequence64) {
        guard count > 0 else { return }
        cursors[upstream]?.dropped += count
        desk.tell(.dropped(count, upstream: upstream, through: place))
    }

    /// How many facts have a place after `start` and up to `end`.
    func count(after start: Sequence64, through end: Sequence64) -> Int {
        guard end > start else { return 0 }
        let empty = gaps.reduce(Sequence64(0)) { sum, gap in
            let (low, high) = (max(gap.lowerBound, start + 1), min(gap.upperBound, end))
            return high >= low ? sum + (high - low + 1) : sum
        }
        return Int(end - start - min(empty, end - start))
    }
}
