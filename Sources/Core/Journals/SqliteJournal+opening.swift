import Vocabulary

extension SqliteJournal {
    /// A file up to this size is read whole at every start. A larger one would hold up the upstreams for a
    /// minute and more after a power cut, when nothing of it is in memory: damage shows when it is read, where
    /// each row has a check sum.
    private static let wholeChecked: Int64 = 50_000_000
    /// How many sessions are remembered.
    private static let mostSessions: Int64 = 100

    /// Opens the file, salvages it when it is damaged, and finds out where everything stands.
    func openFile() throws(SqliteFailure) {
        let salvage = JournalSalvage(path: path)
        salvage.finish()
        var damage: SqliteFailure?
        do throws(SqliteFailure) {
            if let simulatedRefusal { throw simulatedRefusal }
            let opened = try JournalFile(path: path, identity: identity)
            try check(opened)
            return try begin(opened, isSalvaged: try takeFromLog(into: opened))
        } catch {
            // A worn-out card that can only be read is as good as a full one: the house goes on without.
            guard !PrivateFile(path: path).isOnReadOnlyDisk else {
                throw SqliteFailure(code: 10, words: "the disk can only be read")
            }
            guard error.isDamage || error.isClosedDoor else { throw error }
            damage = error
        }
        (file, isReadOnly) = (nil, false)
        let words = damage?.words ?? ""
        // It reads the whole file, which is not done each second.
        retryPause = Self.salvagePeriod
        let outcome = try salvage.salvage(identity: identity, at: clock.wallTime)
        retryPause = Self.retryPeriod
        eventQueue.post(
            .salvaged(
                "\(path) was damaged (\(words)): \(outcome.facts) records recovered"
                    + (outcome.left > 0 ? ", about \(outcome.left) dropped, disk too small" : "")
                    + "; damaged file kept as \(outcome.deadLetters)"))
        try begin(JournalFile(path: path, identity: identity), isSalvaged: true)
    }

    private func check(_ opened: JournalFile) throws(SqliteFailure) {
        if try opened.usedBytes() < Self.wholeChecked { try opened.database.check() }
    }

    func begin(_ opened: JournalFile, isSalvaged: Bool) throws(SqliteFailure) {
        let extent = try opened.extent()
        let sessions = try opened.records(SessionRecord.self, "sessions")
        let known = try opened.records(CursorRecord.self, "cursors")
        gaps = try opened.records(GapRecord.self, "gaps").map(\.record.offsets)
        let losses = try opened.records(LossRecord.self, "gaps")
        let last = try opened.lastGiven()
        // Another journal came to lie here: what waits is written behind what it has, and never over it.
        inbox.withLock { $0.buffer.move(behind: last) }
        let given = inbox.withLock { $0.buffer.last }
        var start = max(last, given ?? 0)
        // Facts that wait to be written have their offsets already.
        first =
            extent?.lowerBound ?? inbox.withLock { $0.buffer.items.first?.entry.offset }
            ?? start + 1
        // Up to there offsets are those of the file.
        unsavedGaps = unsavedGaps.filter { $0.upperBound > last }
            .map { max($0.lowerBound, last + 1)...$0.upperBound }
        gaps += unsavedGaps
        for (_, loss) in losses where !gaps.contains(where: { $0.overlaps(loss.offsets) }) {
            add(gap: loss.offsets)
        }
        let isInOrder = sessions.last?.record.last.map { $0 >= last } ?? opened.isNew
        let leaps = isSalvaged || !isInOrder
        if leaps, isSalvaged || !isUnnoted { leap(over: &start) }
        let own = try opened.identity()
        begin(known, isSalvaged: isSalvaged, last: last, isAnother: own != cursorsOf)
        cursorsOf = own
        let before = committed
        if let own { inbox.withLock { $0.identity = own } }
        (committed, readable) = (last, max(readable, last))
        (file, isReadOnly, foreignChanges) = (opened, true, -1)
        // What an earlier run has kept may go upstream, though nothing new can be kept.
        if last > 0 { eventQueue.post(.committed(through: last)) }
        do throws(SqliteFailure) {
            try note(sessions, from: isUnnoted ? sessionStart : start + 1, in: opened)
            (isReadOnly, isUnnoted) = (false, false)
        } catch {
            guard given == nil else { throw error }
            beginUnnoted(after: start)
            throw error
        }
        // What was on disk and is not in this file.
        if before > last { lose(offsets: (last + 1)...before) }
        for (key, loss) in losses {
            try opened.put(
                GapRecord(offsets: loss.offsets), "gaps", at: Int64(loss.offsets.lowerBound))
            try opened.remove("gaps", at: key)
            post(lost: loss.offsets)
        }
        inbox.withLock { inbox in
            inbox.buffer.begin(after: max(start, inbox.buffer.last ?? 0))
            if !inbox.buffer.isEmpty { inbox.since = inbox.since ?? clock.now }
        }
        look(isForced: true)
    }

    private func leap(over start: inout JournalOffset) {
        add(gap: (start + 1)...(start + Self.leap))
        start += Self.leap
    }

    /// Finds or makes the cursor of each upstream.
    func begin(
        _ known: [(key: Int64, record: CursorRecord)], isSalvaged: Bool, last: JournalOffset,
        isAnother: Bool
    ) {
        let isLate = isAnother && !cursors.isEmpty
        var free = (known.map(\.key).max() ?? 0) + 1
        for name in upstreams {
            var cursor = cursors[name] ?? JournalCursor(key: free, acknowledged: 0)
            if let found = known.last(where: { $0.record.upstream == name }) {
                cursor.key = found.key
                if isLate { cursor.leave(after: found.record.acknowledged, through: last) }
                cursor.acknowledged = max(cursor.acknowledged, found.record.acknowledged)
            } else {
                cursor.key = free
                free += 1
                // A cursor that was lost with a damaged file begins with what is left.
                if cursors[name] == nil { cursor.acknowledged = isSalvaged ? first - 1 : last }
                cursor.isDirty = true
                dirtySince = dirtySince ?? clock.now
            }
            cursor.acknowledged = max(cursor.acknowledged, first - 1)
            cursors[name] = cursor
        }
        let left = cursors.values.map { $0.left(count(after:through:)) }.max() ?? 0
        guard isLate, left > 0 else { return }
        eventQueue.post(
            .salvaged(
                "\(path): could not be read at the start, and can now; \(left) records in it are sent at the next start"
            ))
    }

    /// Writes down that this session begins, and what its values mean.
    private func note(
        _ sessions: [(key: Int64, record: SessionRecord)], from start: JournalOffset,
        in opened: JournalFile
    ) throws(SqliteFailure) {
        // The same session, when the file had to be opened again.
        let mine = sessions.last { $0.record.incarnation == session.incarnation }
        sessionKey = mine?.key ?? (sessions.last?.key ?? 0) + 1
        sessionStart = mine?.record.first ?? start
        let ofBoot = sessions.first {
            !session.boot.isEmpty && $0.record.boot == session.boot
        }
        firstOfBoot = ofBoot?.record.first ?? start
        try opened.database.transaction { () throws(SqliteFailure) in
            let record = SessionRecord(
                boot: session.boot, incarnation: session.incarnation, opened: clock.wallTime,
                first: sessionStart, last: nil)
            try opened.put(record, "sessions", at: sessionKey)
            try opened.remove("sessions", at: sessionKey - Self.mostSessions)
            try note(channels, from: start, in: opened)
        }
    }

    /// Writes down what values mean, where that has changed.
    func note(
        _ channels: [DataChannel], from start: JournalOffset, in opened: JournalFile
    ) throws(SqliteFailure) {
        var meaning: [DataChannelName: ChannelRecord] = [:]
        for (_, record) in try opened.records(ChannelRecord.self, "channels") {
            meaning[record.channel] = record
        }
        var key = try opened.nextKey("channels")
        for channel in channels {
            let known = meaning[channel.name]
            guard known?.unit != channel.unit || known?.exponent != channel.exponent else {
                continue
            }
            let record = ChannelRecord(
                channel: channel.name, unit: channel.unit, exponent: channel.exponent, from: start)
            try opened.put(record, "channels", at: key)
            key += 1
        }
    }

    func tryToOpen() {
        // A connection that may only read makes later ones of this process do so, too: they share its log.
        let wasReadOnly = isReadOnly
        if wasReadOnly { (file, isReadOnly) = (nil, false) }
        do throws(SqliteFailure) {
            retryPause = Self.retryPeriod
            try openFile()
            retryAt = nil
        } catch {
            if wasReadOnly, file == nil {
                file = try? JournalFile(alone: path)
                isReadOnly = file != nil
            }
            beginUnwritten(because: error)
            stall(error)
        }
    }

    /// The file is damaged: it is released, and salvaged in the next round.
    func giveUpFile(_ failure: SqliteFailure) {
        file = nil
        stall(failure)
        retryAt = clock.now
    }

    /// Nothing can be written for now. Reported once, until it is over.
    func stall(_ failure: SqliteFailure) {
        retryAt = clock.now.advanced(by: retryPause)
        defer { offer() }
        guard fault != failure.words else { return }
        fault = failure.words
        eventQueue.post(
            .fault(
                true,
                "\(path): \(failure.words); records are kept in memory, at most "
                    + "\(inbox.withLock { $0.buffer.capacity })"))
    }

    /// Marks the session as closed in good order, unless facts are left that found no room; the next start
    /// reports those, if that can be written.
    func closeFile() {
        let (last, waiting, early) = inbox.withLock { inbox in
            (
                inbox.buffer.last ?? committed, inbox.buffer.items.first?.entry.offset,
                inbox.buffer.earlyCount
            )
        }
        // What was acknowledged meanwhile is no loss.
        let rest = waiting.flatMap {
            acknowledgedByAll < last ? max($0, acknowledgedByAll + 1) : nil
        }
        lostAtClose = early + (rest.map { count(after: $0 - 1, through: last) } ?? 0)
        guard let opened = file else { return }
        let record = SessionRecord(
            boot: session.boot, incarnation: session.incarnation, opened: clock.wallTime,
            first: sessionStart, last: max(last, committed))
        // Whatever fails, the next start finds a journal that was not closed in good order.
        if let rest {
            try? opened.put(LossRecord(offsets: rest...last), "gaps", at: -sessionKey)
        } else {
            try? opened.put(record, "sessions", at: sessionKey)
        }
        _ = try? opened.database.checkpoint(truncating: true)
        file = nil
    }

    /// Takes notice of what others changed in what is dead-lettered.
    func look(isForced: Bool = false) {
        guard let file else { return }
        do throws(SqliteFailure) {
            let changes = try file.foreignChanges()
            guard changes != foreignChanges || isForced else { return }
            foreignChanges = changes
            let deadLetters = try file.records(DeadLetterRecord.self, "aside")
            for name in cursors.keys {
                cursors[name]?.deadLettered = deadLetters.count { $0.record.upstream == name }
            }
            for (key, record) in deadLetters where record.isWanted && !returning.contains(key) {
                guard let fact = FactRecord(record.fact, at: record.offset)?.fact else {
                    try file.remove("aside", at: key)
                    continue
                }
                returning.insert(key)
                inbox.withLock { inbox in
                    _ = inbox.buffer.append([fact], deadLetters: (key, record.upstream))
                    inbox.since = inbox.since ?? clock.now
                }
            }
        } catch {
            if error.isDamage { giveUpFile(error) } else { stall(error) }
        }
    }

    /// Moves the facts on disk that wait for it to their true time. What was moved is synchronised, so that
    /// going over it again changes nothing.
    func correctFile() {
        guard let file, !isReadOnly else { return }
        do throws(SqliteFailure) {
            for clockOffset in corrections {
                var from = max(firstOfBoot, first)
                while from <= committed {
                    let (rows, _) = try file.facts(in: from...committed, limit: Self.batch)
                    guard let last = rows.last?.offset else { break }
                    try file.database.transaction { () throws(SqliteFailure) in
                        for (offset, record) in rows where !record.fact.at.isSynchronised {
                            var corrected = record
                            corrected.fact =
                                Entry(offset: offset, fact: record.fact)
                                .corrected(by: clockOffset).fact
                            try file.put(fact: corrected.bytes(at: offset), at: offset)
                        }
                    }
                    from = last + 1
                }
                corrections.removeFirst()
            }
        } catch {
            if error.isDamage { giveUpFile(error) } else { stall(error) }
        }
    }

    /// Rows whose check sum does not fit are left out. Reported once for each look.
    func reportUnreadable(_ offsets: [JournalOffset]) {
        let new = offsets.filter { !unreadable.contains($0) }
        guard !new.isEmpty else { return }
        if unreadable.count < Self.batch { unreadable.formUnion(new) }
        eventQueue.post(
            .salvaged(
                "\(path): \(new.count) unreadable records skipped, from offset \(new[0]) on"))
    }
}
