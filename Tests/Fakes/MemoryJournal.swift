import DequeModule
import Journals
import Vocabulary

/// A journal in memory: bounded, and gone with the process.
///
/// It holds as many facts as its largest upstream queue asks for. When it is full the oldest gives
/// way and is counted for every upstream that had not acknowledged it.
public final class MemoryJournal: Journal {
    private struct Cursor {
        let capacity: Int
        var acknowledged: JournalOffset = 0
        var dropped = 0
        var deadLettered = 0
    }

    private struct State {
        var entries: Deque<Entry> = []
        var last: JournalOffset = 0
        var cursors: [UpstreamName: Cursor]

        /// The first offset that is still held; one past the last when none is.
        var first: JournalOffset { entries.first?.offset ?? last + 1 }

        /// Releases what every upstream has had, or has no more room for.
        mutating func trim() {
            for name in cursors.keys {
                guard let cursor = cursors[name] else { continue }
                let waiting = last - cursor.acknowledged
                guard waiting > JournalOffset(cursor.capacity) else { continue }
                let excess = waiting - JournalOffset(cursor.capacity)
                cursors[name]?.acknowledged += excess
                cursors[name]?.dropped += Int(excess)
            }
            let done = cursors.values.map(\.acknowledged).min() ?? last
            while let entry = entries.first, entry.offset <= done { entries.removeFirst() }
        }
    }

    public let identity: JournalIdentity
    public let news: AsyncStream<JournalEvent>
    private let teller: AsyncStream<JournalEvent>.Continuation
    private let state: Guarded<State>

    /// - Parameter upstreams: Who reads, and how many unacknowledged facts may wait for each.
    public init(
        upstreams: [UpstreamName: Int], identity: JournalIdentity = JournalIdentity(high: 0, low: 0)
    ) {
        self.identity = identity
        // Only the newest offset counts, and drops are counted in the status as well.
        (news, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
        state = Guarded(State(cursors: upstreams.mapValues { Cursor(capacity: max(1, $0)) }))
    }

    public func append(_ facts: [Fact]) -> ClosedRange<JournalOffset>? {
        guard !facts.isEmpty else { return nil }
        let (offsets, dropped): (ClosedRange<JournalOffset>?, [JournalEvent]) = state.withLock {
            state in
            guard !state.cursors.isEmpty else { return (nil, []) }
            let before = state.cursors
            let first = state.last + 1
            for fact in facts {
                state.last += 1
                state.entries.append(Entry(offset: state.last, fact: fact))
            }
            state.trim()
            let dropped = state.cursors.compactMap { name, cursor -> JournalEvent? in
                let count = cursor.dropped - (before[name]?.dropped ?? 0)
                guard count > 0 else { return nil }
                return .dropped(count, upstream: name, through: cursor.acknowledged)
            }
            return (first...state.last, dropped)
        }
        for loss in dropped { teller.yield(loss) }
        if let offsets { teller.yield(.committed(through: offsets.upperBound)) }
        return offsets
    }

    public func deadLetter(
        _ facts: ClosedRange<JournalOffset>, for upstream: UpstreamName, because reason: String
    ) async throws(JournalError) {
        let isKnown = state.withLock { state in
            guard state.cursors[upstream] != nil else { return false }
            state.cursors[upstream]?.deadLettered += facts.count
            return true
        }
        guard isKnown else { throw unknown(upstream) }
    }

    public func correctTimes(by clockOffset: Duration) async {
        state.withLock { state in
            for index in state.entries.indices where !state.entries[index].fact.at.isSynchronised {
                state.entries[index] = state.entries[index].corrected(by: clockOffset)
            }
        }
    }

    /// Nobody reads it later on, so nobody asks what its values meant.
    public func change(_ channels: [DataChannel]) {}

    public func close() async { teller.finish() }

    public func next(
        for upstream: UpstreamName, after offset: JournalOffset, limit: Int
    ) async throws(JournalError) -> [Entry] {
        let found: [Entry]? = state.withLock { state in
            guard let cursor = state.cursors[upstream] else { return nil }
            let wanted = max(offset, cursor.acknowledged) + 1
            let start = max(wanted, state.first) - state.first
            return Array(state.entries.dropFirst(Int(start)).prefix(limit))
        }
        guard let found else { throw unknown(upstream) }
        return found
    }

    public func advance(
        _ upstream: UpstreamName, through: JournalOffset
    ) async throws(JournalError) {
        let problem: JournalError? = state.withLock { state in
            guard let cursor = state.cursors[upstream] else { return unknown(upstream) }
            guard through <= state.last else {
                return JournalError(
                    .badCursor,
                    "upstream \(upstream): \(through) is beyond the last record, \(state.last)")
            }
            // What was dropped meanwhile may still be acknowledged; the cursor is past it already.
            state.cursors[upstream]?.acknowledged = max(cursor.acknowledged, through)
            state.trim()
            return nil
        }
        if let problem { throw problem }
    }

    public func status() async -> [UpstreamName: JournalStatus] {
        state.withLock { state in
            state.cursors.mapValues {
                JournalStatus(
                    acknowledged: $0.acknowledged, waiting: Int(state.last - $0.acknowledged),
                    dropped: $0.dropped, deadLettered: $0.deadLettered)
            }
        }
    }

    private func unknown(_ upstream: UpstreamName) -> JournalError {
        JournalError(.unknownUpstream, "there is no upstream \(upstream)")
    }
}
