import Threads
import Vocabulary

extension SqliteJournal {
    /// One look at everything that is due. Runs on the journal's thread only.
    func round() -> SyncThread.Rest {
        let now = clock.now
        if now >= retryAt ?? now {
            if isGone {
                makeAnother()
            } else if file == nil || isReadOnly {
                tryToOpen()
            }
            noticeMove()
        }
        if now >= retryAt ?? now, !isGone {
            if now >= lookAt {
                look()
                lookAt = now.advanced(by: Self.lookPeriod)
            }
            if !corrections.isEmpty { correctFile() }
            if let due, clock.now >= due { commit() }
        } else {
            reportLosses()
            offer()
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
        guard let file, !isReadOnly, !isGone else { return reportLosses() }
        defer { isCramped = false }
        var (limit, isMore) = (Self.batch, true)
        while isMore {
            reportLosses()
            let (items, meanings) = inbox.withLock { inbox in
                defer { inbox.meanings = [] }
                return (inbox.buffer.beginWriting(limit: limit), inbox.meanings)
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
                    return inbox.buffer.items.count >= limit
                }
                committed = items.last?.entry.offset ?? committed
                readable = max(readable, committed)
                settle(items, gone)
                clearLog(of: file)
            } catch {
                inbox.withLock { inbox in
                    inbox.buffer.notWritten()
                    inbox.meanings = (meanings + inbox.meanings).suffix(Self.mostMeanings)
                }
                if error.isFull, limit > 1 {
                    limit = cramp(file, after: items.count)
                    continue
                }
                if error.isDamage { giveUpFile(error) } else { stall(error) }
                return
            }
        }
    }

    /// - Returns: The last offset that had to go.
    private func write(
        _ items: [JournalBuffer.Item], to file: JournalFile
    ) throws(SqliteFailure) -> JournalOffset? {
        let rows = items.map { item in
            let record = FactRecord(
                fact: item.entry.fact, session: UInt64(sessionKey),
                upstream: item.deadLetters?.upstream)
            return (offset: item.entry.offset, bytes: record.bytes(at: item.entry.offset))
        }
        let old = try deleteOld(in: file)
        let room = try makeRoom(for: rows.reduce(0) { $0 + Int64($1.bytes.count) + 16 }, in: file)
        for row in rows { try file.put(fact: row.bytes, at: row.offset) }
        for item in items {
            if let key = item.deadLetters?.key { try file.remove("aside", at: key) }
        }
        for gap in unsavedGaps {
            try file.put(GapRecord(offsets: gap), "gaps", at: Int64(clamping: gap.lowerBound))
        }
        for (upstream, cursor) in cursors where cursor.isDirty {
            let record = CursorRecord(upstream: upstream, acknowledged: cursor.kept)
            try file.put(record, "cursors", at: cursor.key)
        }
        return [old, room].compactMap(\.self).max()
    }

    /// Notes what a commit has done.
    private func settle(_ items: [JournalBuffer.Item], _ gone: JournalOffset?) {
        for name in cursors.keys { cursors[name]?.isDirty = false }
        dirtySince = nil
        unsavedGaps = []
        returning.subtract(items.compactMap(\.deadLetters?.key))
        if items.contains(where: { $0.deadLetters != nil }) { look(isForced: true) }
        if let gone { forget(through: gone) }
        if fault != nil {
            fault = nil
            eventQueue.post(.fault(false, "\(path): records are written to disk again"))
        }
        retryAt = nil
        if !items.isEmpty { eventQueue.post(.committed(through: committed)) }
    }

    /// Counts facts that were evicted in memory, and remembers that their offsets are empty.
    private func reportLosses() {
        let (lost, early) = inbox.withLock { inbox in
            defer { inbox.buffer.reportedLosses() }
            return (inbox.buffer.lost, inbox.buffer.lostEarly)
        }
        for name in upstreams where early > 0 { lose(early, of: name, through: committed) }
        for offsets in lost { lose(offsets: offsets) }
    }

    /// The facts of these offsets are gone for good.
    func lose(offsets: ClosedRange<JournalOffset>) {
        add(gap: offsets)
        post(lost: offsets)
    }

    /// The facts of these offsets are lost to every upstream that had not acknowledged them.
    func post(lost offsets: ClosedRange<JournalOffset>) {
        for (name, cursor) in cursors where cursor.acknowledged < offsets.upperBound {
            let first = max(offsets.lowerBound, cursor.acknowledged + 1)
            lose(Int(offsets.upperBound - first + 1), of: name, through: offsets.upperBound)
        }
    }

    /// Offsets that no fact will ever have.
    func add(gap offsets: ClosedRange<JournalOffset>) {
        guard let end = gaps.last, end.upperBound + 1 == offsets.lowerBound else {
            gaps.append(offsets)
            unsavedGaps.append(offsets)
            return
        }
        let whole = end.lowerBound...offsets.upperBound
        gaps[gaps.count - 1] = whole
        unsavedGaps.removeAll { $0.lowerBound == whole.lowerBound }
        unsavedGaps.append(whole)
    }

    func lose(_ count: Int, of upstream: UpstreamName, through offset: JournalOffset) {
        guard count > 0 else { return }
        cursors[upstream]?.dropped += count
        eventQueue.post(.dropped(count, upstream: upstream, through: offset))
    }

    /// How many facts have an offset after `start` and up to `end`.
    func count(after start: JournalOffset, through end: JournalOffset) -> Int {
        guard end > start else { return 0 }
        let empty = gaps.reduce(JournalOffset(0)) { sum, gap in
            let (low, high) = (max(gap.lowerBound, start + 1), min(gap.upperBound, end))
            return high >= low ? sum + (high - low + 1) : sum
        }
        return Int(end - start - min(empty, end - start))
    }
}
