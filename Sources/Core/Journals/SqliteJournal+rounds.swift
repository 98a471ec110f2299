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
            checkPlace()
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
                committed = items.last?.entry.sequence ?? committed
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

    /// - Returns: The last place that had to go.
    private func write(
        _ items: [JournalBuffer.Item], to file: JournalFile
    ) throws(SqliteFailure) -> Sequence64? {
        let rows = items.map { item in
            let record = FactRecord(
                fact: item.entry.fact, session: UInt64(sessionPlace),
                upstream: item.deadLetters?.upstream)
            return (place: item.entry.sequence, bytes: record.bytes(at: item.entry.sequence))
        }
        let old = try deleteOld(in: file)
        let room = try makeRoom(for: rows.reduce(0) { $0 + Int64($1.bytes.count) + 16 }, in: file)
        for row in rows { try file.put(fact: row.bytes, at: row.place) }
        for item in items {
            if let place = item.deadLetters?.place { try file.remove("aside", at: place) }
        }
        for gap in unsavedGaps {
            try file.put(GapRecord(places: gap), "gaps", at: Int64(clamping: gap.lowerBound))
        }
        for (upstream, cursor) in cursors where cursor.isDirty {
            let record = CursorRecord(upstream: upstream, acknowledged: cursor.kept)
            try file.put(record, "cursors", at: cursor.place)
        }
        return [old, room].compactMap(\.self).max()
    }

    /// Notes what a commit has done.
    private func settle(_ items: [JournalBuffer.Item], _ gone: Sequence64?) {
        for name in cursors.keys { cursors[name]?.isDirty = false }
        dirtySince = nil
        unsavedGaps = []
        returning.subtract(items.compactMap(\.deadLetters?.place))
        if items.contains(where: { $0.deadLetters != nil }) { look(isForced: true) }
        if let gone { forget(through: gone) }
        if fault != nil {
            fault = nil
            eventQueue.post(.fault(false, "\(path): records are written to disk again"))
        }
        retryAt = nil
        if !items.isEmpty { eventQueue.post(.committed(through: committed)) }
    }

    /// Counts facts that were evicted in memory, and remembers that their places are empty.
    private func reportLosses() {
        let (lost, early) = inbox.withLock { inbox in
            defer { inbox.buffer.reportedLosses() }
            return (inbox.buffer.lost, inbox.buffer.lostEarly)
        }
        for name in upstreams where early > 0 { lose(early, of: name, through: committed) }
        for places in lost { lose(places: places) }
    }

    /// The facts of these places are gone for good.
    func lose(places: ClosedRange<Sequence64>) {
        add(gap: places)
        post(lost: places)
    }

    /// The facts of these places are lost to every upstream that had not acknowledged them.
    func post(lost places: ClosedRange<Sequence64>) {
        for (name, cursor) in cursors where cursor.acknowledged < places.upperBound {
            let first = max(places.lowerBound, cursor.acknowledged + 1)
            lose(Int(places.upperBound - first + 1), of: name, through: places.upperBound)
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
        eventQueue.post(.dropped(count, upstream: upstream, through: place))
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
