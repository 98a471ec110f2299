import Testing
import Vocabulary

@testable import Journals

/// A disk that takes nothing already when the gateway starts: full, or to be read only.
@Suite(.timeLimit(.minutes(10))) struct `On a disk that takes nothing at the start, a journal` {
    private let folder = Folder()
    private static let own = JournalIdentity(high: 0xFFFF, low: 0xEEEE)

    /// An earlier session with the facts 1 to `count`, of which `acknowledged` were.
    private func earlier(_ count: Int, acknowledged: JournalOffset) async throws {
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...count).map { fact($0) }, in: journal)
        try await journal.advance("site", through: acknowledged)
        await journal.close()
    }

    /// One that nothing can be written to.
    private func unwritten() async throws -> SqliteJournal {
        let journal = folder.unopened(["site"], name: "journal")
        await journal.refuse(SqliteFailure(code: 13, words: "full"))
        try await journal.open(fresh: Self.own)
        return journal
    }

    private func give(
        _ numbers: ClosedRange<Int>, to journal: SqliteJournal
    ) async throws -> ClosedRange<JournalOffset> {
        let offsets = try #require(journal.append(numbers.map { fact($0) }))
        await folder.pass(SqliteJournal.retryPeriod, journal)
        return offsets
    }

    private func sent(by journal: SqliteJournal) async throws -> [Entry] {
        var (sent, last) = ([Entry](), JournalOffset(0))
        while case let next = try await journal.next(for: "site", after: last, limit: 100),
            let end = next.last
        {
            sent += next
            last = end.offset
        }
        return sent
    }

    @Test func `sends what it had and what comes, and keeps all of it once it can`() async throws {
        try await earlier(10, acknowledged: 4)
        let journal = try await unwritten()
        let offsets = try await give(11...20, to: journal)
        let all = try await sent(by: journal)
        #expect(all.map(\.fact) == (5...20).map { fact($0) })
        #expect(await journal.status()["site"]?.waiting == 16)
        #expect(await journal.status()["site"]?.unwritten == 10)
        try await journal.advance("site", through: offsets.lowerBound + 2)
        #expect(await journal.status()["site"]?.waiting == 7)
        await journal.refuse(nil)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        let kept = await journal.kept()
        #expect(kept.suffix(10) == Array(offsets))
        #expect(await journal.status()["site"]?.unwritten == 0)
        #expect(try await give(21...21, to: journal).lowerBound == offsets.upperBound + 1)
        await journal.close()
        #expect(await journal.lostAtClose == 0)
        let again = await folder.journal(["site"], name: "journal")
        #expect(try await sent(by: again).map(\.fact) == (14...21).map { fact($0) })
        await again.close()
    }

    @Test func `begins without a file, and makes it once it can`() async throws {
        let journal = try await unwritten()
        #expect(folder.names().isEmpty)
        let offsets = try await give(1...5, to: journal)
        #expect(try await sent(by: journal).map(\.fact) == (1...5).map { fact($0) })
        try await journal.advance("site", through: offsets.lowerBound + 1)
        await journal.refuse(nil)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await journal.kept() == Array(offsets))
        #expect(try await sent(by: journal).map(\.fact) == (3...5).map { fact($0) })
        #expect(journal.identity == Self.own)
        await journal.close()
    }

    @Test func `sends what comes although nothing of the file can be read`() async throws {
        folder.write([UInt8](repeating: 0x5A, count: 9_000), to: "journal")
        let journal = try await unwritten()
        let offsets = try await give(1...5, to: journal)
        #expect(try await sent(by: journal).map(\.fact) == (1...5).map { fact($0) })
        try await journal.advance("site", through: offsets.lowerBound + 1)
        await journal.refuse(nil)
        await folder.pass(SqliteJournal.salvagePeriod, journal)
        #expect(await journal.kept() == Array(offsets))
        #expect(try await sent(by: journal).map(\.fact) == (3...5).map { fact($0) })
        await journal.close()
    }

    @Test func `gives its offsets under a name that no other session has`() async throws {
        try await earlier(10, acknowledged: 10)
        let known = JournalIdentity(high: 0xABCD, low: 0x1234)
        let journal = try await unwritten()
        let offsets = try await give(11...20, to: journal)
        #expect(journal.identity == Self.own)
        await journal.close()
        let again = await folder.journal(["site"], name: "journal")
        #expect(again.identity == known)
        #expect(try #require(again.append([fact(21)])).upperBound < offsets.lowerBound)
        await again.close()
    }

    @Test func `says how many records a stop takes`() async throws {
        try await earlier(10, acknowledged: 10)
        let journal = try await unwritten()
        let offsets = try await give(11...20, to: journal)
        try await journal.advance("site", through: offsets.lowerBound + 3)
        await journal.close()
        #expect(await journal.lostAtClose == 6)
    }

    @Test func `counts what an earlier one lost once only`() async throws {
        let full = await folder.journal(["site"], name: "journal")
        await keep((1...1_000).map { fact($0) }, in: full)
        await full.limit(pages: await full.pages())
        _ = full.append((1_001...3_000).map { fact($0) })
        await full.close()
        #expect(await full.lostAtClose > 0)
        let journal = try await unwritten()
        _ = try await give(1...10, to: journal)
        let waiting = await journal.status()["site"]?.waiting
        await journal.refuse(nil)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await journal.status()["site"]?.waiting == waiting)
        #expect(try await sent(by: journal).count == waiting)
        await journal.close()
    }

    /// The folder of the state may be on a disk that is mounted late.
    @Test func `writes nothing over another journal that comes to lie there`() async throws {
        try await earlier(10, acknowledged: 4)
        let all = folder.bytes("journal")
        folder.remove("journal")
        let journal = try await unwritten()
        _ = try await give(11...15, to: journal)
        folder.write(all, to: "journal")
        await journal.refuse(nil)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await journal.status()["site"]?.waiting == 11)
        let offsets = try await give(16...16, to: journal)
        try await journal.advance("site", through: offsets.upperBound)
        #expect(await journal.status()["site"]?.waiting == 6)
        await journal.close()
        let again = await folder.journal(["site"], name: "journal")
        #expect(try await sent(by: again).map(\.fact) == (5...16).map { fact($0) })
        await again.close()
    }
}
