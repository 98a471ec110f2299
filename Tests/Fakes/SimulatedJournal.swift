import Journals
import Vocabulary

/// A journal in memory that keeps what it takes in, and has faults, as a test sets it.
public final class SimulatedJournal: Journal {
    private struct State {
        var last: JournalOffset = 0
        var isHeld = false
        var channels: [DataChannel]?
        /// Who reads and waits; nil while nobody has to.
        var readers: [CheckedContinuation<Void, Never>]?
        var watchers: [CheckedContinuation<Void, Never>] = []
        /// The newest value of each channel that was taken in, and who waits for one.
        var values: [DataChannelName: Int64] = [:]
        var awaited:
            [(channel: DataChannelName, value: Int64, resume: CheckedContinuation<Void, Never>)] =
                []
    }

    private let memory: MemoryJournal
    private let state = Guarded(State())
    public let news: AsyncStream<JournalEvent>
    private let teller: AsyncStream<JournalEvent>.Continuation

    public init(upstreams: [UpstreamName: Int]) {
        memory = MemoryJournal(upstreams: upstreams)
        let (news, teller) = AsyncStream<JournalEvent>.makeStream()
        (self.news, self.teller) = (news, teller)
        let memory = memory
        // What was evicted is reported as it is; what is kept is reported by `append` and `commit`.
        Task {
            for await news in memory.news {
                if case .dropped = news { teller.yield(news) }
            }
        }
    }

    /// From now on nothing is kept for good.
    public func hold() { state.withLock { $0.isHeld = true } }

    /// Keeps what was taken in, and all that follows.
    public func commit() {
        let last = state.withLock { state in
            state.isHeld = false
            return state.last
        }
        teller.yield(.committed(through: last))
    }

    /// From now on whoever reads waits with what was read, as on a slow disk.
    public func holdReads() { state.withLock { $0.readers = [] } }

    /// Returns once somebody waits with what was read.
    public func readIsHeld() async {
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.readers?.isEmpty == false { return true }
                state.watchers.append(continuation)
                return false
            }
            if isHeld { continuation.resume() }
        }
    }

    /// Hands out what was read, and all that follows at once.
    public func releaseReads() {
        for reader in state.withLock({ $0.readers.take() }) ?? [] { reader.resume() }
    }

    /// Returns once `value` of `channel` is the newest that was taken in.
    public func takes(_ value: Int64, of channel: DataChannelName) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.values[channel] == value { return true }
                state.awaited.append((channel, value, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    private func waitForRelease() async {
        await withCheckedContinuation { continuation in
            let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                guard state.readers != nil else { return [continuation] }
                state.readers?.append(continuation)
                defer { state.watchers = [] }
                return state.watchers
            }
            for waiter in woken { waiter.resume() }
        }
    }

    public func say(_ news: JournalEvent) { teller.yield(news) }

    public var identity: JournalIdentity { memory.identity }

    public func append(_ facts: [Fact]) -> ClosedRange<JournalOffset>? {
        guard let offsets = memory.append(facts) else { return nil }
        let (isHeld, met) = state.withLock { state in
            state.last = offsets.upperBound
            for case .readings(let readings) in facts.map(\.matter) {
                for reading in readings { state.values[reading.channel] = reading.value }
            }
            let values = state.values
            let met = state.awaited.filter { values[$0.channel] == $0.value }
            state.awaited.removeAll { values[$0.channel] == $0.value }
            return (state.isHeld, met)
        }
        for waiter in met { waiter.resume.resume() }
        if !isHeld { teller.yield(.committed(through: offsets.upperBound)) }
        return offsets
    }

    public func next(
        for upstream: UpstreamName, after offset: JournalOffset, limit: Int
    ) async throws(JournalError) -> [Entry] {
        let entries = try await memory.next(for: upstream, after: offset, limit: limit)
        await waitForRelease()
        return entries
    }

    public func advance(
        _ upstream: UpstreamName, through: JournalOffset
    ) async throws(JournalError) {
        try await memory.advance(upstream, through: through)
    }

    public func deadLetter(
        _ facts: ClosedRange<JournalOffset>, for upstream: UpstreamName, because reason: String
    ) async throws(JournalError) {
        try await memory.deadLetter(facts, for: upstream, because: reason)
    }

    public func correctTimes(by clockOffset: Duration) async {
        await memory.correctTimes(by: clockOffset)
    }

    public func change(_ channels: [DataChannel]) {
        state.withLock { $0.channels = channels }
    }

    /// What the values mean, as it was set last; nil when it was not.
    public var channels: [DataChannel]? { state.withLock(\.channels) }

    public func status() async -> [UpstreamName: JournalStatus] { await memory.status() }

    public func close() async {
        await memory.close()
        teller.finish()
    }
}
