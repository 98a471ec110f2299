import Conformance
import Fakes
import Journals
import Testing
import Vocabulary

@Suite struct `A journal in memory` {
    @Test func `keeps every promise of a journal`() async {
        #expect(await JournalConformance.broken { memory($0, $1) } == [])
    }

    @Test func `drops for each upstream what it has no room for, and for no other`() async throws {
        let journal = MemoryJournal(upstreams: ["small": 3, "large": 100])
        _ = journal.append((1...10).map(fact))
        #expect(
            try await journal.next(for: "small", after: 0, limit: 9).map(\.offset) == [8, 9, 10])
        #expect(try await journal.next(for: "large", after: 0, limit: 99).count == 10)
        #expect(await journal.status()["small"]?.dropped == 7)
        #expect(await journal.status()["large"]?.dropped == 0)
    }

    @Test func `keeps nothing without an upstream`() {
        #expect(MemoryJournal(upstreams: [:]).append([fact(1)]) == nil)
    }

    @Test func `holds one fact at least, at any capacity`() async throws {
        let journal = MemoryJournal(upstreams: ["site": 0])
        _ = journal.append([fact(1), fact(2)])
        #expect(try await journal.next(for: "site", after: 0, limit: 9).map(\.offset) == [2])
    }

    @Test func `loses and doubles nothing when many append at once`() async throws {
        let journal = MemoryJournal(upstreams: ["site": 10_000])
        try await withThrowingTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<500 {
                        _ = journal.append([fact(task * 500 + number)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let all = try await journal.next(for: "site", after: 0, limit: 10_000)
        #expect(all.map(\.offset) == Array(1...4_000))
        #expect(Set(all.map(\.fact.at.wall.nanoseconds)) == Set(0..<4_000))
    }
}

@Suite struct `The journal conformance suite` {
    @Test(arguments: [
        (Faulty.Fault.reversed, "facts come in the order they were told"),
        (.forgetsDrops, "what was evicted is counted"),
        (.oneCursor, "each upstream has a cursor of its own"),
        (.goesBeyond, "a cursor beyond the last fact is refused"),
        (.knowsStrangers, "an upstream that is not of this journal is told so"),
    ]) func `catches a journal that breaks a promise`(fault: Faulty.Fault, promise: String) async {
        let broken = await JournalConformance.broken {
            Faulty(whole: memory($0, $1), upstreams: $0, fault: fault)
        }
        #expect(broken.contains(promise))
    }
}

/// A journal with one fault, to prove that the suite sees it.
struct Faulty: Journal {
    enum Fault { case reversed, forgetsDrops, oneCursor, goesBeyond, knowsStrangers }

    let whole: MemoryJournal
    let upstreams: [UpstreamName]
    let fault: Fault

    var identity: JournalIdentity { whole.identity }
    var news: AsyncStream<JournalEvent> { whole.news }

    func append(_ facts: [Fact]) -> ClosedRange<JournalOffset>? { whole.append(facts) }

    func deadLetter(
        _ facts: ClosedRange<JournalOffset>, for upstream: UpstreamName, because reason: String
    ) async throws(JournalError) {
        try await whole.deadLetter(facts, for: upstream, because: reason)
    }

    func correctTimes(by clockOffset: Duration) async { await whole.correctTimes(by: clockOffset) }
    func change(_ channels: [DataChannel]) { whole.change(channels) }

    func close() async { await whole.close() }

    func next(
        for upstream: UpstreamName, after offset: JournalOffset, limit: Int
    ) async throws(JournalError) -> [Entry] {
        if fault == .knowsStrangers, !upstreams.contains(upstream) { return [] }
        let entries = try await whole.next(for: upstream, after: offset, limit: limit)
        return fault == .reversed ? entries.reversed() : entries
    }

    func advance(_ upstream: UpstreamName, through: JournalOffset) async throws(JournalError) {
        if fault == .goesBeyond, through == 7 { return }
        for name in fault == .oneCursor ? upstreams : [upstream] {
            try await whole.advance(name, through: through)
        }
    }

    func status() async -> [UpstreamName: JournalStatus] {
        await whole.status().mapValues {
            JournalStatus(
                acknowledged: $0.acknowledged, waiting: $0.waiting,
                dropped: fault == .forgetsDrops ? 0 : $0.dropped)
        }
    }
}

private func memory(_ upstreams: [UpstreamName], _ room: JournalConformance.Room) -> MemoryJournal {
    let capacity = room == .ample ? 10_000 : 2_500
    return MemoryJournal(
        upstreams: Dictionary(uniqueKeysWithValues: upstreams.map { ($0, capacity) }))
}
