import Foundation
import Testing
import Vocabulary

@testable import Journals

@Suite(.timeLimit(.minutes(10))) struct `Facts that a journal cannot hand on` {
    @Test func `count as dropped when what is dead-lettered is more than is kept`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site", "other"])
        let most = UInt64(SqliteJournal.mostDeadLetters)
        await keep((1...Int(most) + 5).map { fact($0) }, in: journal)
        try await journal.deadLetter(1...3, for: "other", because: "a test")
        try await journal.deadLetter(4...most + 5, for: "site", because: "a test")
        let status = await journal.status()
        #expect(status["other"]?.deadLettered == 0 && status["other"]?.dropped == 3)
        #expect(status["site"]?.deadLettered == Int(most) && status["site"]?.dropped == 2)
        var news = journal.news.makeAsyncIterator()
        var told: [UpstreamName: Int] = [:]
        while told.count < 2, let word = await news.next() {
            if case .dropped(let count, let upstream, _) = word { told[upstream] = count }
        }
        #expect(told == ["site": 2, "other": 3])
        await journal.close()
    }

    @Test func `are not dead-lettered while there is no file`() async {
        let folder = Folder()
        let journal = await folder.journal(["site"])
        await keep([fact(1)], in: journal)
        await #expect(throws: JournalError.self) { try await journal.deadLetterWithoutFile() }
        await journal.close()
    }

    @Test func `reported again are for the upstream alone that did not take them`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site", "other"], name: "two")
        await keep((1...2).map { fact($0) }, in: journal)
        try await journal.deadLetter(1...1, for: "site", because: "a test")
        let inspector = try JournalInspector(path: folder.path("two"), isWriting: true)
        #expect(try inspector.requeue(Set(try inspector.deadLetters().map(\.number))) == 1)
        var news = journal.news.makeAsyncIterator()
        await folder.pass(SqliteJournal.lookPeriod, journal)
        #expect(await news.next() == .committed(through: 3))
        await keep([fact(4)], in: journal)
        let site = try await journal.next(for: "site", after: 2, limit: 9)
        #expect(site.map(\.fact) == [fact(1), fact(4)])
        for limit in [1, 9] {
            let other = try await journal.next(for: "other", after: 2, limit: limit)
            #expect(other.map(\.offset) == [4])
        }
        await journal.close()
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A journal that is closed and opened again` {
    @Test func `keeps all that waits, however much`() async throws {
        let folder = Folder()
        var journal = await folder.journal(["site"], name: "much")
        await keep([fact(1)], in: journal)
        await stall(journal, (2...10_001).map { fact($0) })
        await journal.limit(pages: nil)
        await journal.close()
        journal = await folder.journal(["site"], name: "much")
        #expect(await journal.kept() == Array(1...10_001))
        await journal.close()
    }

    @Test func `reports what found no room before`() async throws {
        let folder = Folder()
        var journal = await folder.journal(["site"], name: "short")
        await keep((1...10).map { fact($0) }, in: journal)
        await stall(journal, (11...10_000).map { fact($0) })
        await journal.close()
        journal = await folder.journal(["site"], name: "short")
        let kept = await journal.kept().count
        #expect(kept < 10_000)
        #expect(await journal.status()["site"]?.dropped == 10_000 - kept)
        #expect(await journal.status()["site"]?.waiting == kept)
        var news = journal.news.makeAsyncIterator()
        #expect(
            await news.next() == .dropped(10_000 - kept, upstream: "site", through: 10_000))
        #expect(try #require(journal.append([fact(1)])).lowerBound > 10_000)
        await journal.close()
        // It is reported once.
        journal = await folder.journal(["site"], name: "short")
        #expect(await journal.status()["site"]?.dropped == 0)
        await journal.close()
    }

    @Test func `says at once what may go upstream`() async {
        let folder = Folder()
        var journal = await folder.journal(["site"], name: "again")
        await keep((1...5).map { fact($0) }, in: journal)
        await journal.close()
        journal = await folder.journal(["site"], name: "again")
        var news = journal.news.makeAsyncIterator()
        #expect(await news.next() == .committed(through: 5))
        await journal.close()
    }

    @Test func `is the same journal, though an end came before it was whole`() async throws {
        let folder = Folder()
        let mine = JournalIdentity(high: 7, low: 7)
        let database = try SqliteDatabase(path: folder.path("new"), .creating)
        try database.execute("PRAGMA page_size=4096; PRAGMA journal_mode=WAL")
        try database.transaction { () throws(SqliteFailure) in
            for table in ["identity", "facts", "cursors", "sessions", "gaps", "aside", "channels"] {
                try database.execute("CREATE TABLE \(table) (place INTEGER PRIMARY KEY, data BLOB)")
            }
            let record = IdentityRecord(format: JournalFile.format, identity: mine)
            try database.run("INSERT INTO identity VALUES (1, ?)", blob: record.bytes(at: 1))
        }
        let journal = await folder.journal(["site"], name: folder.copy("new", to: "killed"))
        #expect(journal.identity == mine)
        await journal.close()
    }

    /// Has the disk take nothing more, and facts wait for it.
    private func stall(_ journal: SqliteJournal, _ facts: [Fact]) async {
        await journal.limit(pages: await journal.pages())
        var news = journal.news.makeAsyncIterator()
        _ = journal.append(facts)
        while let word = await news.next() { if case .fault(true, _) = word { break } }
    }
}

extension SqliteJournal {
    fileprivate func deadLetterWithoutFile() throws(JournalError) {
        file = nil
        try deadLetter(1...1, for: "site", because: "a test")
    }
}
