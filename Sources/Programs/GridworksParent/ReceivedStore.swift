import DequeModule
import Journals
import Threads
import Vocabulary

/// What gateways have sent, on disk: a SQLite file on a thread of its own, written in groups.
///
/// **Durable, then acknowledged.** `append` takes an item into memory; `takeNews` reports once it is on disk.
/// Only then may it be acknowledged to its sender.
///
/// **Once.** An item whose child and identity are there already is not written again, and is reported to be
/// kept all the same: the child did not hear of it the first time.
///
/// **Bounds.** In memory wait at most `bufferCapacity` items of `bufferBytes` in all; what comes then is not
/// taken, and its child sends it again. On disk `size` counts, and the oldest is evicted.
///
/// **Groups.** Whatever came while the last commit was being written is the next one, after a wait of
/// `commitInterval`: each commit costs one fsync, however many items it holds.
public actor ReceivedStore {
    /// Items that wait in memory at most, those that were not asked about included.
    public static let bufferCapacity = 8_192
    /// Bytes that wait in memory at most.
    public static let bufferBytes = 32 << 20
    /// How often a disk that does not take items is tried again.
    public static let retryPeriod = Duration.seconds(1)
    /// Items of one transaction.
    private static let batch = 1_024

    private struct State {
        var waiting: Deque<ReceivedItem> = []
        var keys: Set<ReceivedItem.Key> = []
        var bytes = 0
        /// Since when items wait; nil when none do.
        var since: MonotonicInstant?
        var news = ReceivedEvent()
        var isClosed = false
    }

    private nonisolated let state = Guarded(State())
    /// Yields whenever there may be news, for one reader. Ends after `close()`.
    public nonisolated let wakeup: AsyncStream<Void>
    private nonisolated let ringer: AsyncStream<Void>.Continuation
    private nonisolated let thread: SyncThread
    private let path: String
    private let size: Int64
    private let commitInterval: Duration
    private let clock: any GatewayClock
    private var file: ReceivedFile?
    private var retryAt: MonotonicInstant?
    private var fault: String?
    /// What looked like damage since something was kept last, and how often.
    private var damage: (failure: SqliteFailure, count: Int)?
    private let checkedSize: Int64
    private let makeFolder: @Sendable () throws(JournalError) -> Void
    /// What the tests let the file grow to; nil for no limit.
    var pageLimit: Int64?

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the store keeps its thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// Nothing is opened yet.
    ///
    /// - Parameters:
    ///   - path: The file; `-wal`, `-shm` and `.damaged-TIME` are put behind its name.
    ///   - size: The most bytes that the file takes, less what its log adds, up to 8 MB.
    ///   - checkedSize: A file up to this size is read whole when it is opened; a larger one only when it
    ///     looked damaged.
    ///   - makeFolder: Makes the folder again when it was deleted, and sees that no other user can use it.
    public init(
        path: String, size: Int64 = 1_000_000_000, commitInterval: Duration = .zero,
        checkedSize: Int64 = 100_000_000, clock: any GatewayClock,
        makeFolder: @escaping @Sendable () throws(JournalError) -> Void = {}
    ) {
        (self.path, self.size, self.clock) = (path, size, clock)
        self.commitInterval = commitInterval
        (self.checkedSize, self.makeFolder) = (checkedSize, makeFolder)
        (wakeup, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        thread = SyncThread(name: "received", clock: clock, stackSize: SqliteDatabase.stackSize)
    }

    deinit { thread.end() }

    /// Opens the file, or makes it. A damaged one is kept aside and reported; a disk that is full or out of
    /// order is reported and tried again.
    ///
    /// - Throws: `.laterFormat` when a later program wrote it; `.storage` when there is no way to a file of
    ///   this name.
    public func open() throws(JournalError) {
        do throws(SqliteFailure) {
            try openFile()
        } catch {
            if error == ReceivedFile.later {
                throw JournalError(.laterFormat, "\(path): \(error.words)")
            }
            if error.isNoWay { throw JournalError(.storage, "\(path): \(error.words)") }
            stall(error)
        }
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.round() } ?? SyncThread.Rest(until: nil)
        }
    }

    /// Takes one item in, from any thread, and never waits.
    ///
    /// - Returns: Whether it will be reported: false when too much waits already, or after `close()`.
    public nonisolated func append(_ item: ReceivedItem) -> Bool {
        let now = clock.now
        let (isTaken, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            // It came again before the first one was written.
            if state.keys.contains(item.key) { return (true, false) }
            guard state.waiting.count + state.news.kept.count < Self.bufferCapacity,
                state.waiting.isEmpty || state.bytes + item.line.count <= Self.bufferBytes
            else { return (false, false) }
            let isFirst = state.waiting.isEmpty
            state.waiting.append(item)
            state.keys.insert(item.key)
            state.bytes += item.line.count
            if isFirst { state.since = now }
            return (true, isFirst)
        }
        if isFirst { thread.wake() }
        return isTaken
    }

    /// All that happened since the last call.
    public nonisolated func takeNews() -> ReceivedEvent {
        state.withLock { state in
            defer { state.news = ReceivedEvent() }
            return state.news
        }
    }

    /// Writes all that waits, at once.
    /// - Returns: Whether nothing waits any more.
    @discardableResult
    public func commit() -> Bool {
        while keepBatch() {}
        return state.withLock(\.waiting.isEmpty)
    }

    /// Writes what waits, and ends.
    public func close() {
        thread.pause()
        commit()
        // Deleted since the last round: what is not put back now is lost with the open file.
        if file?.database.isGone(from: path) == true { makeAnother() }
        state.withLock { $0.isClosed = true }
        // A log that cannot be taken in now is taken in when the file is opened again.
        _ = try? file?.database.checkpoint(truncating: true)
        file = nil
        ringer.yield()
        ringer.finish()
    }

    // MARK: The thread

    private func round() -> SyncThread.Rest {
        if let retryAt, clock.now < retryAt { return SyncThread.Rest(until: retryAt) }
        if file?.database.isGone(from: path) == true {
            makeAnother()
            // There is no place for it.
            guard file == nil else { return SyncThread.Rest(until: retryAt) }
        }
        if file == nil { tryToOpen() }
        guard let since = state.withLock(\.since) else { return SyncThread.Rest(until: retryAt) }
        let due = since.advanced(by: commitInterval)
        guard clock.now >= due else { return SyncThread.Rest(until: due) }
        commit()
        let rest = state.withLock(\.since)?.advanced(by: commitInterval)
        return SyncThread.Rest(until: retryAt ?? rest)
    }

    private func openFile() throws(SqliteFailure) {
        do throws(SqliteFailure) {
            // What passes the check and is damaged all the same would be opened again for ever.
            if let damage, damage.count > 1 { throw damage.failure }
            file = try ReceivedFile(
                path: path, .creating, checkedSize: damage == nil ? checkedSize : .max)
        } catch {
            guard error.isDamage else { throw error }
            let deadLetters = try DamagedFile(path: path).keepAside(at: clock.wallTime)
            file = try ReceivedFile(path: path, .creating)
            damage = nil
            post {
                $0.damage =
                    "\(path) was damaged (\(error.words)); kept as \(deadLetters), new store created"
            }
        }
    }

    /// The file was deleted or moved: puts it back, and goes on with what is there.
    private func makeAnother() {
        do throws(JournalError) {
            try makeFolder()
        } catch {
            return stall(SqliteFailure(code: 14, words: error.detail))
        }
        if let file {
            do throws(SqliteFailure) {
                let words = try file.database.putBack(to: path)
                post { [path] in $0.damage = "\(path) \(words)" }
            } catch {
                // The open file has all of it still.
                return stall(error)
            }
        }
        file = nil
    }

    private func tryToOpen() {
        do throws(SqliteFailure) {
            try openFile()
            retryAt = nil
        } catch {
            stall(error)
        }
    }

    /// - Returns: Whether there is more to write.
    private func keepBatch() -> Bool {
        guard let file else { return false }
        let items = state.withLock { batch(of: $0.waiting) }
        guard !items.isEmpty else { return false }
        do throws(SqliteFailure) {
            if let pageLimit { try file.database.execute("PRAGMA max_page_count=\(pageLimit)") }
            settle(items, try file.keep(items, size: size))
            return true
        } catch {
            // A log that fills the disk goes into the file, as far as there is room for that.
            if error.isFull { _ = try? file.database.checkpoint(truncating: true) }
            if error.isDamage {
                self.file = nil
                damage = (error, (damage?.count ?? 0) + 1)
            }
            stall(error)
            return false
        }
    }

    /// The oldest that wait, little enough to leave the file most of what it holds.
    private func batch(of waiting: Deque<ReceivedItem>) -> [ReceivedItem] {
        var (items, bytes): ([ReceivedItem], Int64) = ([], 0)
        for item in waiting.prefix(Self.batch) {
            bytes += Int64(item.line.count)
            guard items.isEmpty || bytes <= size / 8 else { break }
            items.append(item)
        }
        return items
    }

    private func settle(_ items: [ReceivedItem], _ isNew: [Bool]) {
        let now = clock.now
        if fault != nil {
            fault = nil
            post { [path] in
                $0.fault = .init(isOn: false, detail: "\(path): events are written to disk again")
            }
        }
        (retryAt, damage) = (nil, nil)
        state.withLock { state in
            state.waiting.removeFirst(items.count)
            for (item, isNew) in zip(items, isNew) {
                state.keys.remove(item.key)
                state.bytes -= item.line.count
                state.news.kept.append(.init(key: item.key, isNew: isNew))
            }
            state.since = state.waiting.isEmpty ? nil : now
        }
        ringer.yield()
    }

    /// Items wait on; the first time, and when the reason changes, that is reported.
    private func stall(_ failure: SqliteFailure) {
        retryAt = clock.now.advanced(by: Self.retryPeriod)
        guard fault != failure.words else { return }
        fault = failure.words
        post { [path] in
            $0.fault = .init(isOn: true, detail: "\(path): \(failure.words)")
        }
    }

    private func post(_ change: (inout ReceivedEvent) -> Void) {
        state.withLock { change(&$0.news) }
        ringer.yield()
    }
}

/// Looks into a `ReceivedStore`, also while a parent has it open.
public final class ReceivedInspector {
    /// Lines that are read at once.
    private static let piece: Int64 = 1_000
    private let path: String
    private let file: ReceivedFile

    /// - Throws: `.storage` when there is none, or it cannot be read.
    public init(path: String) throws(JournalError) {
        self.path = path
        do throws(SqliteFailure) {
            file = try ReceivedFile(path: path, .reading)
        } catch {
            throw JournalError(.storage, "\(path): \(error.words)")
        }
    }

    /// What is kept of each child, by name.
    public func overview() throws(JournalError) -> [ReceivedOverview] {
        try withStorageErrors { () throws(SqliteFailure) in try file.overview() }
    }

    /// Lines after `offset`, oldest first, and where to go on; nil at the end.
    public func lines(after offset: Int64) throws(JournalError) -> (lines: [[UInt8]], last: Int64)?
    {
        let rows = try withStorageErrors { () throws(SqliteFailure) in
            try file.lines(after: offset, limit: Self.piece)
        }
        return rows.last.map { (rows.map(\.1), $0.0) }
    }

    private func withStorageErrors<Result>(
        _ body: () throws(SqliteFailure) -> Result
    ) throws(JournalError) -> Result {
        do throws(SqliteFailure) {
            return try body()
        } catch {
            throw JournalError(.storage, "\(path): \(error.words)")
        }
    }
}
