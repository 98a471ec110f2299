import Conformance
import Foundation
import Testing
import Vocabulary

@testable import Journals

@Suite struct `A damaged journal` {
    /// What is done to the file of a journal with 2,000 facts, 1,000 of them acknowledged.
    enum Damage: CaseIterable {
        case pagesInTheMiddle, firstPage, garbage, shortened, directory, emptyLog, cutLog, noise
        case linkToItself, factAtNoOffset, pipe, endlessDevice
        case linkedLog, linkedIndex, linkedOldJournal, folderForLog, folderForIndex, pipeForLog
        case viewForFacts
    }

    @Test(arguments: Damage.allCases)
    func `is salvaged as far as it can be read, and kept aside`(damage: Damage) async throws {
        let folder = Folder()
        let whole = await folder.journal(["site"], name: "whole")
        await keep((1...2_000).map { fact($0) }, in: whole)
        try await whole.advance("site", through: 1_000)
        await keep([fact(2_001)], in: whole)
        if damage != .cutLog, damage != .emptyLog { await whole.close() }
        let name = folder.copy("whole", to: "journal")
        try inflict(damage, folder, name)
        let isFile = ![.directory, .linkToItself, .pipe, .endlessDevice].contains(damage)
        let before = isFile ? folder.bytes(name) : []

        let journal = await folder.journal(["site"], name: name)
        var news = journal.news.makeAsyncIterator()
        let offsets = journal.append([fact(9_999)])
        let first = await news.next()
        let kept = JournalEvent.committed(through: try #require(offsets).upperBound)
        if first != kept { while let word = await news.next(), word != kept {} }
        let isDamaged = damage != .cutLog && damage != .emptyLog
        if isDamaged {
            guard case .salvaged(let words) = first else {
                Issue.record("no word of the damage: \(String(describing: first))")
                return
            }
            #expect(words.contains("records recovered; damaged file kept as"))
            let deadLetters = try #require(folder.names().first { $0.contains(".damaged-2026") })
            #expect(!isFile || folder.bytes(deadLetters) == before)
        }
        // The new fact is last, at an offset that no other fact ever had.
        let entries = try await journal.next(for: "site", after: 0, limit: 10_000)
        #expect(entries.last?.fact == fact(9_999))
        #expect(try #require(offsets).lowerBound > 2_001)
        let left = entries.dropLast().map(\.offset)
        #expect(left == left.sorted())
        #expect(entries.dropLast().allSatisfy { $0.fact == fact(Int($0.offset)) })
        switch damage {
        case .garbage, .directory, .linkToItself, .pipe, .endlessDevice: #expect(left.isEmpty)
        case .firstPage:
            #expect(left == Array(1_001...2_001))
            #expect(journal.identity == whole.identity)
        case .factAtNoOffset:
            #expect(left == Array(1_001...2_000))
            #expect(journal.identity == whole.identity)
        case .linkedLog, .linkedIndex, .linkedOldJournal, .folderForLog, .folderForIndex,
            .pipeForLog, .viewForFacts:
            #expect(left == Array(1_001...2_001))
            #expect(journal.identity == whole.identity)
        case .emptyLog: break
        case .cutLog: #expect(left.count > 500)
        case .pagesInTheMiddle, .shortened, .noise:
            #expect(left.count > 50 && left.count < 2_001)
            #expect(journal.identity == whole.identity)
        }
        await journal.close()
        if !isDamaged { await whole.close() }
    }

    private func inflict(_ damage: Damage, _ folder: Folder, _ name: String) throws {
        var bytes = folder.bytes(name)
        switch damage {
        case .pagesInTheMiddle:
            let middle = bytes.count / 4_096 / 2 * 4_096
            for index in middle..<(middle + 4 * 4_096) { bytes[index] = 0 }
        case .firstPage: for index in 0..<4_096 { bytes[index] = 0 }
        case .garbage: bytes = Array("this is no journal at all\n".utf8)
        case .shortened: bytes.removeLast(bytes.count / 3)
        case .directory:
            try FileManager.default.removeItem(atPath: folder.path(name))
            try FileManager.default.createDirectory(
                atPath: folder.path(name), withIntermediateDirectories: true)
            return
        case .linkToItself:
            try FileManager.default.removeItem(atPath: folder.path(name))
            try FileManager.default.createSymbolicLink(
                atPath: folder.path(name), withDestinationPath: folder.path(name))
            return
        case .pipe:
            try FileManager.default.removeItem(atPath: folder.path(name))
            try #require(mkfifo(folder.path(name), 0o600) == 0)
            return
        case .endlessDevice:
            try FileManager.default.removeItem(atPath: folder.path(name))
            try FileManager.default.createSymbolicLink(
                atPath: folder.path(name), withDestinationPath: "/dev/zero")
            return
        case .factAtNoOffset:
            let file = try JournalFile(existing: folder.path(name), isWriting: true)
            try file.database.run("UPDATE facts SET place = ? WHERE place = 2001", Int64.max)
            return
        case .linkedLog, .linkedIndex, .linkedOldJournal:
            let end = [.linkedLog: "-wal", .linkedIndex: "-shm"][damage] ?? "-journal"
            folder.write(Array("of somebody else".utf8), to: "other")
            try FileManager.default.createSymbolicLink(
                atPath: folder.path(name + end), withDestinationPath: folder.path("other"))
            return
        case .folderForLog, .folderForIndex:
            let end = damage == .folderForLog ? "-wal" : "-shm"
            try FileManager.default.createDirectory(
                atPath: folder.path(name + end), withIntermediateDirectories: true)
            return
        case .pipeForLog:
            try #require(mkfifo(folder.path(name + "-wal"), 0o600) == 0)
            return
        case .viewForFacts:
            let file = try JournalFile(existing: folder.path(name), isWriting: true)
            try file.database.execute(
                "ALTER TABLE facts RENAME TO kept; CREATE VIEW facts AS SELECT * FROM kept")
            try file.database.checkpoint(truncating: true)
            return
        case .emptyLog: folder.write([], to: name + "-wal")
        case .cutLog:
            let log = folder.bytes(name + "-wal")
            folder.write(Array(log.dropLast(log.count / 20 + 100)), to: name + "-wal")
        case .noise:
            var chance = SeededGenerator(seed: 5)
            for _ in 0..<200 {
                bytes[Int.random(in: 8 * 4_096..<bytes.count, using: &chance)] ^= 0xFF
            }
            // What only a checksum could show is reported by its rows; here the tree breaks too.
            for index in stride(from: 10 * 4_096, to: bytes.count, by: 7 * 4_096) {
                bytes[index] = 0x77
            }
        }
        folder.write(bytes, to: name)
    }

    @Test(arguments: ["-wal", "-shm", "-journal"])
    func `neither writes to what a link beside it leads to, nor closes it to others`(end: String)
        async throws
    {
        let folder = Folder()
        await folder.journal(["site"], name: "journal").close()
        let other = Array("of somebody else".utf8)
        folder.write(other, to: "other")
        try #require(chmod(folder.path("other"), 0o644) == 0)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("journal" + end), withDestinationPath: folder.path("other"))
        let journal = await folder.journal(["site"], name: "journal")
        let events = await keep([fact(1)], in: journal)
        await journal.close()
        #expect(folder.bytes("other") == other)
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("other"))
        #expect(attributes[.posixPermissions] as? Int == 0o644)
        // Once, and not at the next start: the link is out of the way.
        let salvaged = events.compactMap { event in
            if case .salvaged(let words) = event { words } else { nil }
        }
        #expect(salvaged.count == 1)
        #expect(salvaged.first?.contains("journal\(end) is no file") == true)
        let again = await folder.journal(["site"], name: "journal")
        let later = await keep([fact(2)], in: again)
        #expect(!later.contains { if case .salvaged = $0 { true } else { false } })
        #expect(await folder.kept(again).count == 2)
        await again.close()
    }

    @Test func `runs no trigger that was written into its file`() async throws {
        let folder = Folder()
        let whole = await folder.journal(["site"], name: "journal")
        await keep((1...3).map { fact($0) }, in: whole)
        await whole.close()
        let file = try JournalFile(existing: folder.path("journal"), isWriting: true)
        try file.database.execute(
            "CREATE TRIGGER wipe AFTER INSERT ON facts BEGIN DELETE FROM facts WHERE place < 4; END"
        )
        let journal = await folder.journal(["site"], name: "journal")
        await keep([fact(4)], in: journal)
        #expect(await folder.kept(journal) == [1, 2, 3, 4])
        await journal.close()
    }

    @Test func `leaves out a row that does not fit its check sum, and says so`() async throws {
        let folder = Folder()
        let whole = await folder.journal(["site"], name: "journal")
        await keep((1...3).map { fact($0) }, in: whole)
        await whole.close()
        let file = try JournalFile(existing: folder.path("journal"), isWriting: true)
        var bytes = try #require(try file.factBytes(at: 2))
        bytes[5] ^= 1
        try file.put(fact: bytes, at: 2)
        let journal = await folder.journal(["site"], name: "journal")
        let entries = try await journal.next(for: "site", after: 0, limit: 9)
        #expect(entries.map(\.offset) == [1, 3])
        var news = journal.news.makeAsyncIterator()
        let word = await news.next()
        #expect(
            word
                == .salvaged(
                    "\(folder.path("journal")): 1 unreadable records skipped, "
                        + "from offset 2 on"))
        await journal.close()
    }

    @Test func `keeps the two newest of damaged files`() async throws {
        let folder = Folder()
        for _ in 0..<4 {
            folder.write(Array("garbage".utf8), to: "journal")
            let journal = await folder.journal(["site"], name: "journal")
            await journal.close()
            folder.clock.advance(by: .seconds(5))
        }
        #expect(folder.names().filter { $0.contains("damaged") }.count == 2)
    }
}

@Suite struct `A journal whose disk is full` {
    @Test func `says so once, waits, and goes on by itself in order`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site"])
        await keep((1...1_000).map { fact($0) }, in: journal)
        var news = journal.news.makeAsyncIterator()
        await journal.limit(pages: await journal.pages())
        _ = journal.append((1_001...3_000).map { fact($0) })
        guard case .fault(true, let words) = await news.next() else {
            Issue.record("no word of the full disk")
            return
        }
        #expect(words.contains("full"))
        _ = journal.append([fact(3_001)])
        for _ in 0..<3 { await folder.pass(.seconds(1), journal) }
        await journal.limit(pages: nil)
        await folder.pass(.seconds(1), journal)
        // Commits may come in several steps; the fault is over with the first.
        guard case .fault(false, _) = await news.next() else {
            Issue.record("no word of its end")
            return
        }
        while let word = await news.next(), word != .committed(through: 3_001) {}
        let entries = try await journal.next(for: "site", after: 0, limit: 9_999)
        #expect(entries.map(\.fact) == (1...3_001).map { fact($0) })
        await journal.close()
    }

    @Test func `evicts the oldest that waits, counts it, and knows its empty offsets`()
        async throws
    {
        let folder = Folder()
        let journal = await folder.journal(["site"], bufferCapacity: 100)
        await keep([fact(1)], in: journal)
        var news = journal.news.makeAsyncIterator()
        await journal.limit(pages: await journal.pages())
        _ = journal.append((2...101).map(bulky))
        while let word = await news.next() { if case .fault(true, _) = word { break } }
        _ = journal.append((102...151).map(bulky))
        await journal.limit(pages: nil)
        await folder.pass(.seconds(1), journal)
        while let word = await news.next(), word != .committed(through: 151) {}
        let entries = try await journal.next(for: "site", after: 0, limit: 999)
        #expect(entries.map(\.offset) == [1] + Array(52...151))
        let status = await journal.status()
        #expect(status["site"] == JournalStatus(acknowledged: 0, waiting: 101, dropped: 50))
        await journal.close()
    }

    /// So large that a page holds only a few.
    private func bulky(_ number: Int) -> Fact {
        let fault = Fault(
            kind: .timeout, isOn: true, detail: String(repeating: "x", count: 900))
        return Fact(node: "tank", at: fact(number).at, matter: .fault(fault))
    }
}
