import Foundation
import Synchronization
import Testing
import Vocabulary

@testable import Journals

/// Somebody deletes, moves or replaces the files of a journal that is in use.
@Suite(.timeLimit(.minutes(10))) struct `A journal that is deleted while it is in use` {
    private let folder = Folder()

    private func delete(_ ends: [String] = ["", "-wal", "-shm"]) {
        for end in ends {
            try? FileManager.default.removeItem(atPath: folder.path("journal" + end))
        }
    }

    private func hears(_ isLast: (JournalEvent) -> Bool, from journal: SqliteJournal) async -> Bool
    {
        var news = journal.news.makeAsyncIterator()
        while let word = await news.next() { if isLast(word) { return true } }
        return false
    }

    private func reportsFault(_ isOn: Bool, from journal: SqliteJournal) async -> Bool {
        await hears({ if case .fault(isOn, _) = $0 { true } else { false } }, from: journal)
    }

    @Test func `says so within seconds and is made again with all that was in it`() async throws {
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...300).map { fact($0) }, in: journal)
        try await journal.advance("site", through: 100)
        let identity = journal.identity
        delete()
        await folder.pass(SqliteJournal.lookPeriod, journal)
        #expect(await reportsFault(true, from: journal))
        let offsets = journal.append([fact(301)])
        #expect(offsets == 301...301)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await reportsFault(false, from: journal))
        #expect(journal.identity == identity)
        #expect(await journal.kept() == Array(1...301))
        let entries = try await journal.next(for: "site", after: 0, limit: 999)
        #expect(entries.map(\.offset) == Array(101...301))
        #expect(try #require(journal.append([fact(302)])).lowerBound > 301)
        await journal.close()
        // It is a sound journal for the next start, too.
        let again = await folder.journal(["site"], name: "journal")
        #expect(await again.status()["site"]?.dropped == 0)
        #expect(again.identity == identity)
        await again.close()
        #expect(!folder.names().contains { $0.contains("damaged") || $0.contains("copy") })
    }

    @Test func `is put back when that was just before its end`() async throws {
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...10).map { fact($0) }, in: journal)
        let identity = journal.identity
        delete()
        _ = journal.append([fact(11)])
        await journal.close()
        let again = await folder.journal(["site"], name: "journal")
        #expect(again.identity == identity)
        #expect(await again.kept() == Array(1...11))
        await again.close()
    }

    @Test func `keeps all of it while its copy cannot be written`() async throws {
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...10).map { fact($0) }, in: journal)
        // A folder is where the copy is to be written.
        let block = folder.path("journal.copy")
        try FileManager.default.createDirectory(
            atPath: "\(block)/full", withIntermediateDirectories: true)
        delete()
        await folder.pass(SqliteJournal.lookPeriod, journal)
        #expect(await reportsFault(true, from: journal))
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(!folder.names().contains("journal"))
        _ = journal.append([fact(11)])
        try FileManager.default.removeItem(atPath: block)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await reportsFault(false, from: journal))
        #expect(await journal.kept() == Array(1...11))
        await journal.close()
    }

    @Test func `hands on what it has until there is a place again`() async throws {
        let mayMake = Atomic(false)
        let journal = await folder.journal(["site"], name: "journal") {
            () throws(JournalError) in
            guard mayMake.load(ordering: .relaxed) else {
                throw JournalError(.storage, "somebody else uses it")
            }
        }
        await keep((1...10).map { fact($0) }, in: journal)
        delete()
        await folder.pass(SqliteJournal.lookPeriod, journal)
        _ = journal.append([fact(11)])
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await hears({ $0 == .readable(through: 11) }, from: journal))
        #expect(!folder.names().contains("journal"))
        var offset: JournalOffset = 0
        var facts: [Fact] = []
        while let last = try await journal.next(for: "site", after: offset, limit: 4).last {
            facts += try await journal.next(for: "site", after: offset, limit: 4).map(\.fact)
            offset = last.offset
        }
        #expect(facts == (1...11).map { fact($0) })
        mayMake.store(true, ordering: .relaxed)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await hears({ $0 == .committed(through: 11) }, from: journal))
        #expect(await journal.kept() == Array(1...11))
        await journal.close()
    }

    @Test func `goes on behind its own offsets in another file that took the place`() async throws {
        let other = await folder.journal(["site"], name: "other")
        await keep((1...5).map { fact($0) }, in: other)
        await other.close()
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...20).map { fact($0) }, in: journal)
        try await journal.advance("site", through: 12)
        delete()
        #expect(folder.copy("other", to: "journal") == "journal")
        await folder.pass(SqliteJournal.lookPeriod, journal)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(
            await hears(
                { if case .dropped(8, "site", _) = $0 { true } else { false } }, from: journal))
        #expect(try #require(journal.append([fact(21)])).lowerBound > 20)
        #expect(await journal.status()["site"]?.dropped == 8)
        await journal.close()
    }

    @Test func `loses nothing with its log alone`() async throws {
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...10).map { fact($0) }, in: journal)
        delete(["-wal"])
        await folder.pass(SqliteJournal.lookPeriod, journal)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        #expect(await hears({ if case .salvaged = $0 { true } else { false } }, from: journal))
        await keep([fact(11)], in: journal)
        let crashed = await folder.journal(["site"], name: folder.copy("journal", to: "crashed"))
        #expect(await crashed.kept().prefix(10) == Array(1...10)[...])
        await crashed.close()
        await journal.close()
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Files of a journal` {
    private let folder = Folder()

    private func mode(_ name: String) throws -> mode_t {
        var status = stat()
        try #require(stat(folder.path(name), &status) == 0)
        return status.st_mode & 0o777
    }

    @Test func `are for their owner alone, also those that others could read before`() async throws
    {
        folder.write(Array("garbage".utf8), to: "journal")
        folder.write(Array("older".utf8), to: "journal.damaged-20200101T000000Z")
        for name in ["journal", "journal.damaged-20200101T000000Z"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o666], ofItemAtPath: folder.path(name))
        }
        let journal = await folder.journal(["site"], name: "journal")
        await keep([fact(1)], in: journal)
        let names = folder.names()
        #expect(names.count == 5, "\(names)")
        for name in names { #expect(try mode(name) == 0o600, "\(name)") }
        await journal.close()
    }

    @Test func `that are no files keep their mode`() async throws {
        try FileManager.default.createDirectory(
            atPath: folder.path("journal"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755])
        PrivateFile(path: folder.path("journal")).make()
        #expect(try mode("journal") == 0o755)
    }
}
