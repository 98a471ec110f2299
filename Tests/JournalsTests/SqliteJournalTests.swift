import Conformance
import Fakes
import Foundation
import Testing
import Vocabulary

@testable import Journals

@Suite struct `A journal on disk` {
    @Test func `keeps every promise of a journal`() async {
        let folder = Folder()
        let broken = await JournalConformance.broken { upstreams, room in
            let settings = JournalSettings(
                commitInterval: .zero, size: room == .ample ? 1_000_000_000 : 500_000)
            return await folder.journal(upstreams, settings)
        }
        #expect(broken == [])
    }

    @Test func `gives what it was given, after it was closed and opened again`() async throws {
        let folder = Folder()
        let facts = allSorts
        var journal = await folder.journal(["site"], name: "kept")
        await keep(facts, in: journal)
        let identity = journal.identity
        await journal.close()
        journal = await folder.journal(["site"], name: "kept")
        let entries = try await journal.next(for: "site", after: 0, limit: 99)
        #expect(entries.map(\.fact) == facts)
        #expect(journal.identity == identity)
        #expect(journal.append([fact(9)])?.lowerBound == UInt64(facts.count) + 1)
        await journal.close()
    }

    @Test func `has a program of before leave out simulated readings, and read all others`() {
        for fact in allSorts {
            let flags = FactRecord(fact: fact, session: 1).bytes(at: 1)[1]
            #expect((flags <= 3) == !fact.isSimulated)
        }
        #expect(allSorts.contains { $0.isSimulated })
    }

    @Test func `waits for the commit interval and gives nothing before`() async throws {
        let clock = ManualClock()
        let folder = Folder(clock: clock)
        let journal = await folder.journal(["site"], JournalSettings())
        _ = journal.append([fact(1)])
        // The journal's thread looks at what came after each question; the second finds it has looked.
        #expect(try await journal.next(for: "site", after: 0, limit: 9) == [])
        #expect(try await journal.next(for: "site", after: 0, limit: 9) == [])
        var news = journal.news.makeAsyncIterator()
        clock.advance(by: .milliseconds(200))
        #expect(await news.next() == .committed(through: 1))
        #expect(try await journal.next(for: "site", after: 0, limit: 9).map(\.offset) == [1])
        await journal.close()
    }

    @Test func `gives offsets to what came before it was open`() async throws {
        let folder = Folder()
        let journal = folder.unopened(["site"])
        #expect(journal.append([fact(1), fact(2)]) == nil)
        try await journal.open(fresh: JournalIdentity(high: 1, low: 1))
        var news = journal.news.makeAsyncIterator()
        #expect(await news.next() == .committed(through: 2))
        #expect(try await journal.next(for: "site", after: 0, limit: 9).count == 2)
        await journal.close()
    }

    @Test func `remembers cursors, and lets a new upstream begin with what is new`() async throws {
        let folder = Folder()
        var journal = await folder.journal(["site"], name: "cursors")
        await keep((1...5).map(fact), in: journal)
        try await journal.advance("site", through: 3)
        await journal.close()
        journal = await folder.journal(["site", "new"], name: "cursors")
        #expect(try await journal.next(for: "site", after: 0, limit: 9).map(\.offset) == [4, 5])
        #expect(try await journal.next(for: "new", after: 0, limit: 9) == [])
        await keep([fact(6)], in: journal)
        #expect(try await journal.next(for: "new", after: 0, limit: 9).map(\.offset) == [6])
        await journal.close()
    }

    @Test func `keeps no facts for an upstream that was removed`() async throws {
        let clock = ManualClock()
        let folder = Folder(clock: clock)
        var journal = await folder.journal(["gone", "site"], name: "left")
        await keep([stamped(1, clock)], in: journal)
        await journal.close()
        let settings = JournalSettings(commitInterval: .zero, retain: .seconds(3_600))
        journal = await folder.journal(["site"], settings, name: "left")
        try await journal.advance("site", through: 1)
        clock.advance(by: .seconds(4_000))
        await keep([stamped(2, clock)], in: journal)
        #expect(await folder.kept(journal) == [2])
        await journal.close()
    }

    @Test func `keeps acknowledged facts for their time, and unacknowledged ones beyond it`()
        async throws
    {
        let clock = ManualClock()
        let settings = JournalSettings(commitInterval: .zero, retain: .seconds(3_600))
        let folder = Folder(clock: clock)
        let journal = await folder.journal(["site"], settings)
        await keep([stamped(1, clock), stamped(2, clock)], in: journal)
        try await journal.advance("site", through: 1)
        clock.advance(by: .seconds(3_000))
        await keep([stamped(3, clock)], in: journal)
        #expect(await Folder.kept(journal) == [1, 2, 3])
        clock.advance(by: .seconds(1_000))
        await keep([stamped(4, clock)], in: journal)
        #expect(await Folder.kept(journal) == [2, 3, 4])
        await journal.close()
    }

    @Test func `never gives an offset again after an end that was not in good order`() async throws
    {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "cut")
        await keep((1...3).map(fact), in: journal)
        // What a power cut leaves: the files as they are.
        let copy = folder.copy("cut", to: "copy")
        await journal.close()
        let again = await folder.journal(["site"], name: copy)
        #expect(try await again.next(for: "site", after: 0, limit: 9).map(\.offset) == [1, 2, 3])
        let offsets = again.append([fact(4)])
        #expect(try #require(offsets).lowerBound == 4 + SqliteJournal.leap)
        #expect(await again.status()["site"]?.waiting == 4)
        await again.close()
    }

    @Test func `refuses the file of a later program in plain words`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "later")
        await journal.close()
        let file = try JournalFile(existing: folder.path("later"), isWriting: true)
        let later = IdentityRecord(format: 2, identity: journal.identity)
        try file.put(later, "identity", at: 1)
        try file.database.checkpoint(truncating: true)
        let other = folder.unopened(["site"], name: "later")
        let error = await #expect(throws: JournalError.self) {
            try await other.open(fresh: JournalIdentity(high: 1, low: 1))
        }
        #expect(error?.kind == .laterFormat)
        #expect(
            error?.detail.contains("written by a later version of Tidegate, in format 2") == true)
    }

    @Test func `corrects the times of the same boot, also of an earlier run`() async throws {
        let folder = Folder()
        var journal = await folder.journal(["site"], name: "times")
        await keep(JournalConformance.facts(1...2, areSynchronised: false), in: journal)
        await journal.close()
        journal = await folder.journal(["site"], name: "times")
        await keep(JournalConformance.facts(3...3, areSynchronised: false), in: journal)
        await journal.correctTimes(by: .nanoseconds(100))
        let entries = try await journal.next(for: "site", after: 0, limit: 9)
        #expect(entries.map(\.fact.at.wall.nanoseconds) == [101, 102, 103])
        await journal.close()
    }
}
