import Codecs
import Vocabulary

/// In whose words one upstream's history is written: entries after a reload come in those of after. Pure.
struct HistoryScript: Sendable {
    private let journal: JournalIdentity
    private var writer: any HistoryWriter
    /// Each codec, after which entry it counts, in order. Kept until all before the next is acknowledged.
    private var codecs: [(after: JournalOffset, codec: any Codec)]
    /// Which of them writes now.
    private var current = 0

    init(of journal: JournalIdentity, in codec: any Codec) {
        self.journal = journal
        writer = codec.historyWriter(of: journal)
        codecs = [(0, codec)]
    }

    /// What history says of an entry.
    ///
    /// - Parameters:
    ///   - cursor: Everything up to here was acknowledged.
    ///   - limit: How many bytes each message should take on the wire at most.
    mutating func write(
        _ entry: Entry, acknowledged cursor: JournalOffset, within limit: Int
    ) -> [HistoryBatch] {
        var batches: [HistoryBatch] = []
        while current + 1 < codecs.count, entry.offset > codecs[current + 1].after {
            batches += writer.finish()
            begin(current + 1)
        }
        while current > 0, codecs[1].after <= cursor {
            codecs.removeFirst()
            current -= 1
        }
        return batches + writer.write(entry, within: limit)
    }

    /// Entries after that one are written in other words.
    mutating func change(to codec: any Codec, after offset: JournalOffset) {
        codecs.append((offset, codec))
    }

    /// Entries from that one on are written again.
    mutating func rewind(to offset: JournalOffset) {
        begin(codecs.lastIndex { $0.after < offset } ?? 0)
    }

    private mutating func begin(_ index: Int) {
        current = index
        writer = codecs[index].codec.historyWriter(of: journal)
    }
}
