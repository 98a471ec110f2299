import Journals
import Vocabulary

/// What a journal has kept: it outlives the gateway that wrote it.
final class TwinDisk: Sendable {
    struct Pages {
        var kept: [Entry] = []
        var acknowledged: JournalOffset = 0
    }

    let pages = Guarded(Pages())

    /// Every reading that was kept, in order, in the words of `SimulatedPeerCodec`.
    func readings(of node: ShNodeName) -> [String] {
        pages.withLock(\.kept).filter { $0.fact.node == node }.compactMap { entry in
            guard case .readings(let readings) = entry.fact.matter else { return nil }
            return readings.map { "\($0.channel) \($0.value) \($0.quality.rawValue)" }
                .joined(separator: ", ")
        }
    }
}

/// One gateway's hold on a `TwinDisk`. What it has not committed is gone with it.
final class TwinJournal: Journal {
    private struct State {
        var pending: [Entry] = []
        var last: JournalOffset
        var isHeld = false
        var isCut = false
    }

    let identity = JournalIdentity(high: 0, low: 7)
    let news: AsyncStream<JournalEvent>
    private let teller: AsyncStream<JournalEvent>.Continuation
    private let disk: TwinDisk
    private let state: Guarded<State>

    init(_ disk: TwinDisk) {
        self.disk = disk
        state = Guarded(State(last: disk.pages.withLock { $0.kept.last?.offset ?? 0 }))
        (news, teller) = AsyncStream.makeStream()
    }

    func hold() { state.withLock { $0.isHeld = true } }

    func commit() {
        state.withLock { $0.isHeld = false }
        keep()
    }

    /// The power is cut: nothing more of this gateway reaches the disk.
    func cut() { state.withLock { ($0.isCut, $0.pending) = (true, []) } }

    private func keep() {
        let last: JournalOffset? = state.withLock { state in
            guard !state.isHeld, !state.isCut, !state.pending.isEmpty else { return nil }
            disk.pages.withLock { $0.kept += state.pending }
            state.pending = []
            return state.last
        }
        if let last { teller.yield(.committed(through: last)) }
    }

    func append(_ facts: [Fact]) -> ClosedRange<JournalOffset>? {
        guard !facts.isEmpty else { return nil }
        let offsets = state.withLock { state in
            let first = state.last + 1
            for fact in facts {
                state.last += 1
                state.pending.append(Entry(offset: state.last, fact: fact))
            }
            return first...state.last
        }
        keep()
        return offsets
    }

    func next(
        for upstream: UpstreamName, after offset: JournalOffset, limit: Int
    ) async throws(JournalError) -> [Entry] {
        guard !state.withLock(\.isCut) else { return [] }
        return disk.pages.withLock { pages in
            // Offsets begin with 1 and have no gaps.
            let first = Int(max(offset, pages.acknowledged))
            return Array(pages.kept.dropFirst(first).prefix(limit))
        }
    }

    func advance(_ upstream: UpstreamName, through: JournalOffset) async throws(JournalError) {
        state.withLock { state in
            guard !state.isCut else { return }
            disk.pages.withLock { $0.acknowledged = max($0.acknowledged, through) }
        }
    }

    func deadLetter(
        _ facts: ClosedRange<JournalOffset>, for upstream: UpstreamName, because reason: String
    ) async throws(JournalError) {
        try await advance(upstream, through: facts.upperBound)
    }

    func correctTimes(by clockOffset: Duration) async {}
    func change(_ channels: [DataChannel]) {}

    /// Facts that the peer has not acknowledged.
    var waiting: Int { disk.pages.withLock { pages in pages.kept.count - Int(pages.acknowledged) } }

    func status() async -> [UpstreamName: JournalStatus] {
        let (count, done) = disk.pages.withLock { (JournalOffset($0.kept.count), $0.acknowledged) }
        return ["site": JournalStatus(acknowledged: done, waiting: Int(count - done), dropped: 0)]
    }

    func close() async { teller.finish() }
}
