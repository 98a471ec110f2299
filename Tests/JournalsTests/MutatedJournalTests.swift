import Conformance
import Foundation
import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import Journals

/// Files that were mangled on the disk, and their parts.
@Suite(.ownThread) struct `A mangled journal` {
    @Test func `file is opened with nothing in it that was never kept`() async throws {
        let folder = Folder()
        let whole = await folder.journal(["site"], name: "whole")
        await keep((1...120).map { fact($0) }, in: whole)
        try await whole.advance("site", through: 40)
        await whole.close()
        let file = folder.bytes("whole")
        // And one that was not closed, with most of it still in the log.
        let running = await folder.journal(["site"], name: "running")
        await keep((1...120).map { fact($0) }, in: running)
        try await running.advance("site", through: 40)
        await keep([fact(121)], in: running)
        let (base, log) = (folder.bytes("running"), folder.bytes("running-wal"))
        await running.close()
        #expect(log.count > 4_096)

        var chance = SeededGenerator(seed: 13)
        var (salvaged, short) = (0, 0)
        // A thousandth of what others try: each is opened with the disk's leisure.
        for round in 0..<Mangler.rounds(20_000) / 1_000 {
            let isRunning = round.isMultiple(of: 2)
            let name = "mangled-\(round)"
            folder.write(isRunning ? base : Self.mangled(file, &chance), to: name)
            if isRunning { folder.write(Self.mangled(log, &chance), to: name + "-wal") }
            let journal = await folder.journal(["site"], name: name)
            let offsets = journal.append([fact(9_999)])
            var news = journal.news.makeAsyncIterator()
            var isKept = false
            while !isKept, let word = await news.next() {
                if case .salvaged = word { salvaged += 1 }
                if case .committed(let through) = word { isKept = offsets?.upperBound == through }
            }
            let entries = try await journal.next(for: "site", after: 0, limit: 10_000)
            // What was kept comes back as it was and in order, or not at all; a new fact has a new offset.
            #expect(entries.last?.fact == fact(9_999), "round \(round)")
            #expect(entries.dropLast().allSatisfy { $0.fact == fact(Int($0.offset)) })
            let left = entries.dropLast().map(\.offset)
            #expect(left == left.sorted() && Set(left).count == left.count, "round \(round)")
            #expect((offsets?.lowerBound ?? 0) > left.last ?? 0, "round \(round)")
            let acknowledged = await journal.status()["site"]?.acknowledged ?? 0
            // Nothing that waits counts as acknowledged, whatever became of the cursor.
            let oldest = left.first ?? offsets?.lowerBound ?? 1
            #expect(acknowledged <= max(40, oldest - 1), "round \(round): \(acknowledged)")
            if left.count < 120 { short += 1 }
            await journal.close()
            for other in folder.names() where other.hasPrefix(name) {
                try? FileManager.default.removeItem(atPath: folder.path(other))
            }
        }
        #expect(salvaged > 0 && short > 0, "\(salvaged) \(short)")
    }

    /// A file with bytes, pages or its end changed.
    private static func mangled(_ bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &chance) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &chance)
            let page = at / 4_096 * 4_096
            let rest = page..<min(page + 4_096, bytes.count)
            switch Int.random(in: 0..<7, using: &chance) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &chance)
            case 1: bytes.removeSubrange(at...)
            case 2: for index in rest { bytes[index] = 0 }
            case 3: for index in rest { bytes[index] = .random(in: 0...255, using: &chance) }
            case 4:
                // The heads of pages and of the file, where a byte means most.
                bytes[min(page + Int.random(in: 0..<110, using: &chance), bytes.count - 1)] =
                    .random(in: 0...255, using: &chance)
            case 5:
                let other = Int.random(in: bytes.indices, using: &chance) / 4_096 * 4_096
                let piece = Array(bytes[other..<min(other + rest.count, bytes.count)])
                bytes.replaceSubrange(page..<min(page + piece.count, bytes.count), with: piece)
            default: bytes[at] = .random(in: 0...255, using: &chance)
            }
        }
        return bytes
    }

    @Test func `record is never taken for another`() {
        var chance = SeededGenerator(seed: 11)
        let row = FactRecord(fact: allSorts[0], session: 3).bytes(at: 77)
        var taken = 0
        for _ in 0..<Mangler.rounds(10_000) {
            var bytes = row
            for _ in 0..<Int.random(in: 1...4, using: &chance) {
                switch Int.random(in: 0..<3, using: &chance) {
                case 0 where !bytes.isEmpty:
                    let at = Int.random(in: bytes.indices, using: &chance)
                    bytes[at] = UInt8.random(in: 0...255, using: &chance)
                case 1 where !bytes.isEmpty:
                    bytes.removeLast(Int.random(in: 1...min(8, bytes.count), using: &chance))
                default:
                    bytes.insert(UInt8.random(in: 0...255, using: &chance), at: bytes.count / 2)
                }
            }
            if bytes != row, FactRecord(bytes, at: 77) != nil { taken += 1 }
            // With a check sum that fits, whatever is left must be read with care.
            var writer = RecordWriter()
            for byte in bytes.dropLast(4) { writer.byte(byte) }
            let sealed = writer.sealed(at: 1)
            _ = FactRecord(sealed, at: 1)
            _ = DeadLetterRecord(sealed, at: 1)
            _ = SessionRecord(sealed, at: 1)
        }
        #expect(taken == 0)
        #expect(FactRecord(row, at: 78) == nil)
    }

    @Test func `page gives its facts as they were, or not`() async {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...200).map { fact($0) }, in: journal)
        await journal.close()
        let whole = folder.bytes("journal")
        var chance = SeededGenerator(seed: 12)
        for _ in 0..<Mangler.rounds(2_000) {
            let start = Int.random(in: 0..<(whole.count / 4_096), using: &chance) * 4_096
            var page = Array(whole[start..<(start + 4_096)])
            for _ in 0..<20 {
                page[Int.random(in: 0..<4_096, using: &chance)] = .random(
                    in: 0...255, using: &chance)
            }
            page[page.starts(with: "SQLite format 3".utf8) ? 100 : 0] = 0x0D
            JournalPages.rows(on: page) { offset, bytes in
                if let record = FactRecord(bytes, at: JournalOffset(bitPattern: offset)) {
                    #expect(record.fact == fact(Int(offset)))
                }
            }
        }
    }
}
