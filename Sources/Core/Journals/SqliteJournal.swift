import Threads
import Vocabulary

/// The journal on disk: a SQLite file on a thread of its own, written in groups.
///
/// **What waits where.** Facts wait in memory for the next commit, at most `commitInterval`, and at most
/// `bufferCapacity` of them: when the disk does not take them, they go upstream from there, and when there
/// are too many, the oldest is evicted and is counted. On disk they stay until every upstream has acknowledged
/// them, and for `retain` after that. When `size` is reached, or the disk is short, the oldest are evicted,
/// which are acknowledged ones as long as there are any; see SqliteJournal+room.swift.
///
/// **What a crash takes.** The facts of one commit interval, or all that wait for a disk that takes none.
/// Those were published, at most `leap` of them, and so may be facts that are lost because a disk lies about
/// what it has written, or the file was cut short. After an end that was not in good order offsets
/// therefore go on `leap` further: the pair of journal and offset stays the name of one fact always.
///
/// **What is written when.** Cursors go along with the next commit, or by themselves after `cursorDelay`;
/// what they lose in a crash is sent again under the same name.
///
/// A new upstream begins with what is reported from then on. One that is gone from the layout holds nothing
/// back; when it returns it goes on where it was, as far as its facts are still kept.
public actor SqliteJournal: Journal {
    /// Facts that wait in memory at most, some 15 MB of them.
    public static let bufferCapacity = 50_000
    /// How far offsets go on after an end that was not in good order: more than fit into the log or memory.
    public static let leap: JournalOffset = 1 << 20
    /// How long a cursor may wait for a commit to go along with.
    public static let cursorDelay = Duration.seconds(30)
    /// How often a disk that does not take facts is tried again.
    public static let retryPeriod = Duration.seconds(1)
    /// How often the salvage of a damaged file is tried again, when there was no room for it.
    public static let salvagePeriod = Duration.seconds(60)
    /// How often facts that another program re-queued or discarded are looked for.
    public static let lookPeriod = Duration.seconds(5)
    /// How many facts are kept aside; beyond, the oldest of them is evicted and counts as dropped.
    public static let mostDeadLetters = 10_000
    static let mostMeanings = 16
    /// Rows of one transaction.
    static let batch = 4_096

    struct Inbox {
        var buffer: JournalBuffer
        /// Since when facts wait; nil when none do.
        var since: MonotonicInstant?
        var identity: JournalIdentity
        /// What values mean behind an offset, and is not written yet; nil before there are offsets. At most
        /// `mostMeanings`.
        var meanings: [(channels: [DataChannel], after: JournalOffset?)] = []
        var isClosed = false
    }

    nonisolated let eventQueue = JournalEventQueue()
    nonisolated let inbox: Guarded<Inbox>
    let path: String
    let upstreams: [UpstreamName]
    let settings: JournalSettings
    let session: JournalSession
    /// What the values mean that are reported now.
    var channels: [DataChannel]
    let clock: any GatewayClock
    private nonisolated let thread: SyncThread

    var file: JournalFile?
    var cursors: [UpstreamName: JournalCursor] = [:]
    /// Offsets in use that no fact has, in order; those of `unsavedGaps` are not written yet.
    var gaps: [ClosedRange<JournalOffset>] = []
    var unsavedGaps: [ClosedRange<JournalOffset>] = []
    /// The first offset that is kept, or the next when none is.
    var first: JournalOffset = 1
    /// Everything up to here is on disk.
    var committed: JournalOffset = 0
    /// Everything up to here may be published.
    var readable: JournalOffset = 0
    /// The key of this session's record, and the first offset of a fact of this boot.
    var sessionKey: Int64 = 0
    var sessionStart: JournalOffset = 1
    var firstOfBoot: JournalOffset = 1
    var dirtySince: MonotonicInstant?
    var retryAt: MonotonicInstant?
    var retryPause = SqliteJournal.retryPeriod
    var lookAt: MonotonicInstant
    var ageAt: MonotonicInstant
    var fault: String?
    /// The file is open, and only to be read: there was no room to write down that this session begins.
    var isReadOnly = false
    /// Nobody has written down yet that this session has begun; see SqliteJournal+unwritten.swift.
    var isUnnoted = false
    /// The file was deleted or moved; see SqliteJournal+moved.swift.
    var isGone = false
    /// The file must not grow now, because it could not.
    var isCramped = false
    let makeFolder: @Sendable () throws(JournalError) -> Void
    var foreignChanges: Int64 = -1
    /// Facts dead-lettered that are on their way to be appended again.
    var returning: Set<Int64> = []
    var corrections: [Duration] = []
    /// Facts on disk that cannot be read and were reported.
    var unreadable: Set<JournalOffset> = []
    /// What the tests let the file grow to; nil for no limit.
    var pageLimit: Int64?
    /// What the tests say of the disk, and what they have it answer to writes.
    var simulatedDisk: DiskRoom?
    var simulatedRefusal: SqliteFailure?
    /// Facts that found no room and were lost when it was closed, before all upstreams had acknowledged them.
    public internal(set) var lostAtClose = 0
    /// The journal whose offsets the cursors mean; nil for the offsets of a session without a file.
    var cursorsOf: JournalIdentity?
    /// The identity of a journal that is made, or of one that cannot be written.
    var fresh = JournalIdentity(high: 0, low: 0)

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the journal keeps its thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// Nothing is opened yet; facts may be appended and wait.
    ///
    /// - Parameters:
    ///   - path: The file; `-wal`, `-shm`, `.salvage`, `.copy` and `.damaged-TIME` are put behind its name.
    ///   - makeFolder: Makes the folder again when it was deleted, and sees that nobody else uses it.
    public init(
        path: String, upstreams: [UpstreamName], settings: JournalSettings = .standard,
        session: JournalSession, clock: any GatewayClock,
        bufferCapacity: Int = SqliteJournal.bufferCapacity,
        makeFolder: @escaping @Sendable () throws(JournalError) -> Void = {}
    ) {
        (self.path, self.upstreams, self.settings) = (path, upstreams, settings)
        self.makeFolder = makeFolder
        (self.session, self.clock, channels) = (session, clock, session.channels)
        inbox = Guarded(
            Inbox(
                buffer: JournalBuffer(capacity: bufferCapacity),
                identity: JournalIdentity(high: 0, low: 0)))
        (lookAt, ageAt) = (clock.now, clock.now)
        thread = SyncThread(name: "journal", clock: clock, stackSize: SqliteDatabase.stackSize)
    }

    deinit { thread.end() }

    /// Opens the file, or makes it. What is damaged is salvaged and reported; a disk that is full or out of
    /// order is reported and tried again, while facts wait in memory.
    ///
    /// - Parameter fresh: The identity of the journal, if there is none yet that can be read.
    /// - Throws: `.laterFormat` when a later program wrote it; `.storage` when there is no way to a file of
    ///   this name.
    public func open(fresh: JournalIdentity) throws(JournalError) {
        let known = JournalPages(path: path).identity()
        if let known, known.format > JournalFile.format {
            throw JournalError(
                .laterFormat,
                "\(path): written by a later version of Tidegate, in format \(known.format); this version reads formats "
                    + "up to \(JournalFile.format). Use the later version, or move the file")
        }
        self.fresh = fresh
        inbox.withLock { $0.identity = known?.identity ?? fresh }
        do throws(SqliteFailure) {
            try openFile()
        } catch {
            if error.isNoWay { throw JournalError(.storage, "\(path): \(error.words)") }
            beginUnwritten(because: error)
            stall(error)
        }
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.round() } ?? SyncThread.Rest(until: nil)
        }
    }

    /// Which journal it is; known once `open` has returned.
    public nonisolated var identity: JournalIdentity { inbox.withLock(\.identity) }

    public nonisolated var news: AsyncStream<JournalEvent> { eventQueue.stream }

    public nonisolated func append(_ facts: [Fact]) -> ClosedRange<JournalOffset>? {
        let now = clock.now
        let (offsets, mustWake) = inbox.withLock { inbox -> (ClosedRange<JournalOffset>?, Bool) in
            guard !inbox.isClosed else { return (nil, false) }
            let offsets = inbox.buffer.append(facts)
            let count = inbox.buffer.items.count
            let isFirst = inbox.since == nil && !inbox.buffer.isEmpty
            if isFirst { inbox.since = now }
            // A full batch does not wait for its time.
            return (offsets, isFirst || (count >= Self.batch && count - facts.count < Self.batch))
        }
        if mustWake { thread.wake() }
        return offsets
    }

    public nonisolated func change(_ channels: [DataChannel]) {
        let now = clock.now
        inbox.withLock { inbox in
            if inbox.meanings.count == Self.mostMeanings { inbox.meanings.removeFirst() }
            inbox.meanings.append((channels, inbox.buffer.last))
            inbox.since = inbox.since ?? now
        }
        thread.wake()
    }

    public func next(
        for upstream: UpstreamName, after offset: JournalOffset, limit: Int
    ) throws(JournalError) -> [Entry] {
        guard let cursor = try cursor(upstream), limit > 0 else { return [] }
        var from = max(offset, cursor.acknowledged) + 1
        guard let file else { return from > committed ? waiting(upstream, from, limit) : [] }
        do throws(SqliteFailure) {
            while from <= committed {
                // An upstream that follows closely gets what was just written without another look at the disk.
                if let written = inbox.withLock({ $0.buffer.written(from: from, limit: limit) }) {
                    let meant = written.filter {
                        ($0.deadLetters?.upstream ?? upstream) == upstream
                    }
                    guard meant.isEmpty else { return meant.map(\.entry) }
                    from = (written.last?.entry.offset ?? committed) + 1
                    continue
                }
                let (rows, bad) = try file.facts(in: from...committed, limit: limit)
                if !bad.isEmpty { reportUnreadable(bad) }
                let meant = rows.filter { ($0.record.upstream ?? upstream) == upstream }
                guard meant.isEmpty else {
                    return meant.map { Entry(offset: $0.offset, fact: $0.record.fact) }
                }
                from = ([bad.last, rows.last?.offset].compactMap(\.self).max() ?? committed) + 1
            }
            return waiting(upstream, from, limit)
        } catch {
            throw fails(error)
        }
    }

    /// Facts that may be published before they are kept.
    private func waiting(_ upstream: UpstreamName, _ from: JournalOffset, _ limit: Int) -> [Entry] {
        guard from <= readable else { return [] }
        return inbox.withLock { inbox in
            Array(
                inbox.buffer.items.lazy.filter {
                    (from...self.readable).contains($0.entry.offset)
                        && ($0.deadLetters?.upstream ?? upstream) == upstream
                }.map(\.entry).prefix(limit))
        }
    }

    public func advance(_ upstream: UpstreamName, through: JournalOffset) throws(JournalError) {
        guard let cursor = try cursor(upstream) else { return }
        guard through <= readable else {
            throw JournalError(
                .badCursor,
                "upstream \(upstream): \(through) is beyond the last record, \(readable)"
            )
        }
        guard through > cursor.acknowledged else { return }
        cursors[upstream]?.acknowledged = through
        cursors[upstream]?.isDirty = true
        dirtySince = dirtySince ?? clock.now
    }

    public func deadLetter(
        _ facts: ClosedRange<JournalOffset>, for upstream: UpstreamName, because reason: String
    ) throws(JournalError) {
        guard try cursor(upstream) != nil, let file else {
            throw JournalError(.storage, "\(path): is not open")
        }
        guard facts.upperBound <= committed else {
            throw JournalError(.storage, "\(path): \(facts.upperBound) is not on disk yet")
        }
        do throws(SqliteFailure) {
            var evicted: [DeadLetterRecord] = []
            let count = try file.database.transaction { () throws(SqliteFailure) -> Int in
                var count = 0
                for offset in facts {
                    guard let bytes = try file.factBytes(at: offset) else { continue }
                    let record = DeadLetterRecord(
                        upstream: upstream, reason: reason, since: clock.wallTime,
                        offset: offset, isWanted: false, fact: bytes)
                    let key = try file.nextKey("aside")
                    try file.put(record, "aside", at: key)
                    count += 1
                    let oldest = key - Int64(Self.mostDeadLetters)
                    guard let record = try file.deadLetters(at: oldest) else { continue }
                    try file.remove("aside", at: oldest)
                    evicted.append(record)
                }
                return count
            }
            cursors[upstream]?.deadLettered += count
            for record in evicted {
                cursors[record.upstream]?.deadLettered -= 1
                lose(1, of: record.upstream, through: record.offset)
            }
        } catch {
            throw fails(error)
        }
    }

    public func correctTimes(by clockOffset: Duration) {
        inbox.withLock { $0.buffer.correctTimes(by: clockOffset) }
        corrections.append(clockOffset)
        correctFile()
    }

    public func status() -> [UpstreamName: JournalStatus] {
        let last = inbox.withLock { $0.buffer.last } ?? committed
        return cursors.mapValues {
            JournalStatus(
                acknowledged: $0.acknowledged,
                waiting: $0.waiting(through: last, count(after:through:)),
                unwritten: fault == nil
                    ? 0 : count(after: max($0.acknowledged, committed), through: last),
                dropped: $0.dropped, deadLettered: $0.deadLettered)
        }
    }

    public func close() {
        thread.pause()
        inbox.withLock { $0.isClosed = true }
        commitAll()
        // Deleted since the last round: what is not put back now is lost with the open file.
        noticeMove()
        if isGone {
            makeAnother()
            commitAll()
        }
        closeFile()
        eventQueue.close()
    }

    /// Until nothing waits, or the disk takes no more.
    private func commitAll() {
        var waiting = Int.max
        while case let count = inbox.withLock({ $0.buffer.items.count }), count < waiting {
            waiting = count
            commit()
        }
    }

    /// - Returns: Nil while there is no file yet.
    private func cursor(_ upstream: UpstreamName) throws(JournalError) -> JournalCursor? {
        guard upstreams.contains(upstream) else {
            throw JournalError(.unknownUpstream, "there is no upstream \(upstream)")
        }
        return cursors[upstream]
    }

    /// What the caller learns of a failure. A file that turns out damaged is salvaged in the next round.
    private func fails(_ failure: SqliteFailure) -> JournalError {
        if failure.isDamage { giveUpFile(failure) }
        return JournalError(.storage, "\(path): \(failure.words)")
    }
}
