import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import Journals

/// What it costs to read what a disk gives back.
@Suite(.ownThread, .enabled(if: Allocations.areCounted)) struct `A row or page of a journal` {
    @Test func `takes memory in proportion to its length`() {
        var mangler = Mangler(seed: 14, limit: FactRecord.largest - 4)
        let readings = (0..<400).map {
            Reading(channel: "tank", value: Int64($0), quality: .good)
        }
        let many = Fact(
            node: "tank", at: allSorts[0].at, matter: .readings(readings))
        let rows = (allSorts + [many]).map {
            Array(FactRecord(fact: $0, session: 3).bytes(at: 1).dropLast(4))
        }
        var cost = Cost(floor: 16 << 10)
        for round in 0..<rows.count + Mangler.rounds(800) {
            let row = rows[round % rows.count]
            var writer = RecordWriter()
            for byte in round < rows.count ? row : mangler.mangled(row) { writer.byte(byte) }
            cost.count("round \(round)", writer.sealed(at: 1)) { bytes in
                _ = FactRecord(bytes, at: 1)
                _ = DeadLetterRecord(bytes, at: 1)
                _ = SessionRecord(bytes, at: 1)
                _ = ChannelRecord(bytes, at: 1)
                _ = CursorRecord(bytes, at: 1)
                _ = IdentityRecord(bytes, at: 1)
            }
        }
        cost.report("rows of the journal")
        #expect(cost.isInProportion, "\(cost)")
    }

    @Test func `takes memory in proportion to its length wherever its pointers point`() async {
        let folder = Folder()
        let journal = await folder.journal(["site"], name: "journal")
        await keep((1...200).map { fact($0) }, in: journal)
        await journal.close()
        let whole = folder.bytes("journal")
        let pages = stride(from: 0, to: whole.count, by: 4_096).map {
            Array(whole[$0..<$0 + 4_096])
        }
        var mangler = Mangler(seed: 15, limit: 4_096)
        var cost = Cost(floor: 16 << 10)
        for round in 0..<Mangler.rounds(500) {
            var page = mangler.mangled(pages[round % pages.count])
            page += [UInt8](repeating: 0, count: 4_096 - page.count)
            page[page.starts(with: "SQLite format 3".utf8) ? 100 : 0] = 0x0D
            // As many cells as there is room for pointers, all of them anywhere.
            if round.isMultiple(of: 2) { (page[3], page[4]) = (0x07, 0xFC) }
            cost.count("round \(round)", page) { page in
                JournalPages.rows(on: page) { offset, bytes in
                    _ = FactRecord(bytes, at: JournalOffset(bitPattern: offset))
                }
            }
        }
        cost.report("pages of the journal")
        #expect(cost.isInProportion, "\(cost)")
    }
}
