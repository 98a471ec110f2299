import Foundation
import Testing
import Vocabulary

@testable import Journals

/// A disk that takes no more, by SQLite's own word (`max_page_count`) or by the word of the disk.
@Suite(.timeLimit(.minutes(10))) struct `On a disk that is full, a journal` {
    private let folder = Folder()

    /// A journal with facts 1 to `count` on disk, whose file grows no more.
    private func full(
        _ count: Int, upstreams: [UpstreamName] = ["site"],
        bufferCapacity: Int = SqliteJournal.bufferCapacity
    ) async -> SqliteJournal {
        let journal = await folder.journal(
            upstreams, name: "journal", bufferCapacity: bufferCapacity)
        for start in stride(from: 1, through: count, by: 500) {
            await keep((start...min(start + 499, count)).map { fact($0) }, in: journal)
        }
        await journal.limit(pages: await journal.pages())
        return journal
    }

    private func news(
        of journal: SqliteJournal, until isLast: (JournalEvent) -> Bool
    ) async -> [JournalEvent] {
        var (news, heard) = (journal.news.makeAsyncIterator(), [JournalEvent]())
        while let word = await news.next() {
            heard.append(word)
            if isLast(word) { break }
        }
        return heard
    }

    @Test func `lets acknowledged records make room for new ones, and has no fault`() async throws {
        let journal = await full(5_000)
        try await journal.advance("site", through: 4_900)
        let heard = await keep((5_001...7_000).map { fact($0) }, in: journal)
        #expect(heard.allSatisfy { if case .committed = $0 { true } else { false } }, "\(heard)")
        let kept = await journal.kept()
        #expect(kept.count < 7_000 && Array(kept.suffix(2_100)) == Array(4_901...7_000))
        #expect(await journal.status()["site"]?.dropped == 0)
        await journal.close()
    }

    @Test func `publishes what waits in memory, and keeps it once there is room`() async throws {
        let journal = await full(1_000)
        _ = journal.append((1_001...3_000).map { fact($0) })
        let heard = await news(of: journal) { $0 == .readable(through: 3_000) }
        #expect(!heard.contains { if case .dropped = $0 { true } else { false } })
        let disk = try await journal.next(for: "site", after: 0, limit: 9_999)
        let memory = try await journal.next(for: "site", after: 1_000, limit: 9_999)
        #expect((disk + memory).map(\.fact) == (1...3_000).map { fact($0) })
        try await journal.advance("site", through: 2_500)
        #expect(await journal.status()["site"]?.waiting == 500)
        await journal.limit(pages: nil)
        await folder.pass(SqliteJournal.retryPeriod, journal)
        _ = await news(of: journal) { $0 == .committed(through: 3_000) }
        #expect(await journal.kept() == Array(1...3_000))
        await journal.close()
    }

    @Test func `sets nothing aside that is not on disk yet`() async throws {
        let journal = await full(1_000)
        _ = journal.append((1_001...3_000).map { fact($0) })
        _ = await news(of: journal) { $0 == .readable(through: 3_000) }
        await #expect(throws: JournalError.self) {
            try await journal.deadLetter(3_000...3_000, for: "site", because: "a test")
        }
        await journal.close()
    }

    @Test func `gives no offset again that it published from memory and lost in a crash`()
        async throws
    {
        let journal = await full(1_000)
        _ = journal.append((1_001...3_000).map { fact($0) })
        _ = await news(of: journal) { $0 == .readable(through: 3_000) }
        let copy = folder.copy("journal", to: "crashed")
        await journal.close()
        let again = await folder.journal(["site"], name: copy)
        #expect(try #require(again.append([fact(1)])).lowerBound > 3_000)
        await again.close()
    }

    /// After a crash offsets leap, and nobody has written any of them yet.
    @Test func `publishes what waits in memory after a crash, too`() async throws {
        let journal = await full(1_000)
        let copy = folder.copy("journal", to: "crashed")
        await journal.close()
        let again = folder.unopened(["site"], name: copy)
        await again.limit(pages: 1)
        try await again.open(fresh: JournalIdentity(high: 1, low: 1))
        let offsets = try #require(again.append((1_001...3_000).map { fact($0) }))
        _ = await news(of: again) { $0 == .readable(through: offsets.upperBound) }
        await again.close()
    }

    @Test func `lets the oldest make room before memory runs short, and counts them`() async throws
    {
        let journal = await full(5_000, upstreams: ["site", "quick"], bufferCapacity: 1_000)
        try await journal.advance("quick", through: 5_000)
        _ = journal.append((5_001...5_900).map { fact($0) })
        var told = 0
        _ = await news(of: journal) {
            if case .dropped(let count, "site", _) = $0 { told += count }
            return told > 0
        }
        let kept = await journal.kept()
        #expect(kept[0] > 1 && kept == Array(kept[0]...(kept.last ?? 0)))
        #expect(kept.last ?? 0 > 5_000)
        let status = await journal.status()
        #expect(status["site"]?.dropped == Int(kept[0]) - 1 && status["quick"]?.dropped == 0)
        await journal.close()
    }

    @Test func `reports nothing as lost that was acknowledged from memory before the end`()
        async throws
    {
        let journal = await full(1_000)
        _ = journal.append((1_001...3_000).map { fact($0) })
        _ = await news(of: journal) { $0 == .readable(through: 3_000) }
        try await journal.advance("site", through: 3_000)
        await journal.close()
        let again = await folder.journal(["site"], name: "journal")
        #expect(await again.status()["site"]?.dropped == 0)
        #expect(again.append([fact(1)])?.lowerBound == 3_001)
        await again.close()
    }
}

@Suite struct `A disk's room` {
    @Test func `leaves a twentieth to others, and of small disks a megabyte`() {
        #expect(DiskRoom(free: 0, all: 100_000_000_000).reserve == 64_000_000)
        #expect(DiskRoom(free: 0, all: 100_000_000).reserve == 5_000_000)
        #expect(DiskRoom(free: 0, all: 4_000_000).reserve == 1_000_000)
        #expect(DiskRoom(free: 0, all: 2_000_000).reserve == 500_000)
    }

    @Test func `is endless where a file system claims more than can be counted`() {
        var disk = statvfs()
        (disk.f_frsize, disk.f_blocks, disk.f_bavail) = (4_096, .max, .max)
        let room = DiskRoom(disk)
        #expect(room.free == .max / 4 && room.all == .max / 4)
        #expect(!room.isTight && !room.isShort(for: 1 << 40))
    }

    @Test func `is tight before the log finds no way into the file`() {
        var disk = DiskRoom(free: 3_000_000, all: 4_000_000)
        #expect(!disk.isTight && !disk.isShort(for: 1_000_000) && disk.isShort(for: 1_000_001))
        disk.log = 1_000_001
        #expect(disk.isTight)
    }

    @Test(.timeLimit(.minutes(10))) func `that is tight gets the log's room back at once`() async {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...100).map { fact($0) }, in: journal)
        #expect(!folder.bytes("journal-wal").isEmpty)
        await journal.findDisk(DiskRoom(free: 2_000_000, all: 4_000_000, log: 600_000))
        await keep((101...110).map { fact($0) }, in: journal)
        _ = await journal.status()
        #expect(folder.bytes("journal-wal").isEmpty)
        await journal.close()
    }

    @Test(.timeLimit(.minutes(10))) func `that is short lets the file not grow`() async throws {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...5_000).map { fact($0) }, in: journal)
        try await journal.advance("site", through: 5_000)
        let pages = await journal.pages()
        await journal.findDisk(DiskRoom(free: 900_000, all: 4_000_000))
        for number in 0..<20 {
            await keep((1...1_000).map { fact(5_000 + number * 1_000 + $0) }, in: journal)
            try await journal.advance("site", through: JournalOffset(6_000 + number * 1_000))
        }
        #expect(await journal.pages() <= pages)
        #expect(await journal.status()["site"]?.dropped == 0)
        await journal.close()
    }
}
