import Foundation
import Testing
import Vocabulary

@testable import Journals

@Suite struct `The salvage of a journal` {
    private let identity = JournalIdentity(high: 0xABCD, low: 0x1234)

    @Test func `without room leaves the facts in the damaged file, and begins behind them`()
        async throws
    {
        let folder = Folder()
        var journal = await folder.journal(["site"], name: "journal")
        await keep((1...500).map { fact($0) }, in: journal)
        try await journal.advance("site", through: 100)
        await journal.close()
        let before = folder.bytes("journal")
        var salvage = JournalSalvage(path: folder.path("journal"))
        salvage.room = Int64(before.count) - 1
        let outcome = try salvage.salvage(identity: identity, at: folder.clock.wallTime)
        #expect(outcome.facts == 0 && outcome.left >= 500)
        #expect(FileManager.default.contents(atPath: outcome.deadLetters) == Data(before))
        #expect(!folder.names().contains { $0.contains(".salvage") })
        journal = await folder.journal(["site"], name: "journal")
        #expect(journal.identity == identity)
        #expect(try #require(journal.append([fact(1)])).lowerBound > 500)
        await journal.close()
    }

    @Test func `that ended between its last steps keeps the new file and not the old log`()
        async throws
    {
        let folder = Folder()
        let damaged = await folder.journal(["site"], name: "damaged")
        await keep((1...50).map { fact($0) }, in: damaged)
        let new = await folder.journal(["site"], name: "new")
        await keep([fact(7)], in: new)
        await new.close()
        // The damaged database is out of the way; its log and the new file are not in their places yet.
        let deadLetters = "journal.damaged-20261121T120000Z"
        folder.write(folder.bytes("damaged"), to: deadLetters)
        folder.write(folder.bytes("damaged-wal"), to: "journal-wal")
        folder.write(folder.bytes("new"), to: "journal.salvage")
        let journal = await folder.journal(["site"], name: "journal")
        let entries = try await journal.next(for: "site", after: 0, limit: 99)
        #expect(entries.map(\.fact) == [fact(7)])
        #expect(folder.bytes(deadLetters + "-wal") == folder.bytes("damaged-wal"))
        await journal.close()
        await damaged.close()
    }

    @Test func `passes over what the log held before it was begun again`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...50).map { fact($0) }, in: journal)
        let name = folder.copy("journal", to: "copy")
        func facts() -> Int {
            var count = 0
            JournalPages(path: folder.path(name)).rows { offset, bytes in
                if FactRecord(bytes, at: JournalOffset(bitPattern: offset)) != nil { count += 1 }
            }
            return count
        }
        #expect(facts() >= 50)
        var log = folder.bytes(name + "-wal")
        // The log begins again with another salt, and has no frame yet.
        for index in 16..<24 { log[index] ^= 0xFF }
        log.replaceSubrange(24..<32, with: JournalPages.checkSum(ofLogHead: log))
        folder.write(log, to: name + "-wal")
        #expect(facts() == 0)
        await journal.close()
    }
}
