import Testing
import Vocabulary

@testable import Journals

/// A log whose head or frames are broken: the library reads it up to there, and says nothing.
@Suite(.timeLimit(.minutes(10))) struct `A journal with a damaged log` {
    /// How the log is broken. Its head has 32 bytes; a frame has 24 bytes and a page of 4,096.
    enum Damage: CaseIterable {
        case head, firstFrame, frameInTheMiddle, salt
    }

    private func inflict(_ damage: Damage, _ log: inout [UInt8]) {
        let start =
            switch damage {
            case .head: 0
            case .salt: 16
            // The checksum of the frame.
            case .firstFrame: 32 + 16
            case .frameInTheMiddle: 32 + (log.count / 4_120 / 2) * 4_120 + 16
            }
        for index in start..<(start + 8) { log[index] ^= 0xFF }
    }

    @Test(arguments: Damage.allCases)
    func `keeps what was committed behind the damage, and says so`(damage: Damage) async throws {
        let folder = Folder()
        let whole = await folder.journal(["site"], name: "journal")
        for number in 1...40 { await keep([fact(number)], in: whole) }
        let name = folder.copy("journal", to: "copy")
        var log = folder.bytes(name + "-wal")
        inflict(damage, &log)
        folder.write(log, to: name + "-wal")

        let journal = await folder.journal(["site"], name: name)
        var news = journal.news.makeAsyncIterator()
        guard case .salvaged(let words) = await news.next() else {
            Issue.record("nothing was said")
            return
        }
        #expect(words.contains("log was damaged"), "\(words)")
        let entries = try await journal.next(for: "site", after: 0, limit: 100)
        #expect(entries.map(\.offset) == Array(1...40))
        // New facts stand behind what may have been given away and lost.
        #expect(try #require(journal.append([fact(41)])).lowerBound > SqliteJournal.leap)
        await journal.close()
        await whole.close()
        // Once it is in the database it is not reported again.
        let again = await folder.journal(["site"], name: name)
        #expect(try await again.next(for: "site", after: 0, limit: 100).count == 41)
        #expect(await again.status()["site"]?.waiting == 41)
        await again.close()
        for await event in again.news {
            if case .salvaged = event { Issue.record("\(event)") }
        }
    }

    @Test func `says nothing of a transaction that was not committed`() async throws {
        let folder = Folder()
        let whole = await folder.journal(["site"], name: "journal")
        await keep([fact(1)], in: whole)
        let before = folder.bytes("journal-wal").count
        await keep([fact(2)], in: whole)
        let name = folder.copy("journal", to: "copy")
        var log = folder.bytes(name + "-wal")
        // Killed after the first frame of the second one was written.
        log.removeLast(log.count - before - 4_120)
        for index in 4..<8 { log[before + index] = 0 }
        folder.write(log, to: name + "-wal")
        let journal = await folder.journal(["site"], name: name)
        #expect(try await journal.next(for: "site", after: 0, limit: 9).map(\.offset) == [1])
        await journal.close()
        for await event in journal.news {
            if case .salvaged = event { Issue.record("\(event)") }
        }
        await whole.close()
    }
}
