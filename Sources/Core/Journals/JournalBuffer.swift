import DequeModule
import Vocabulary

/// Facts on their way to the disk, and those that were written last. A pure value; it holds `capacity` facts
/// beside those that are being written, and `recall` that are written. When the disk does not keep up the
/// oldest is evicted.
struct JournalBuffer {
    /// A fact with its offset.
    struct Item {
        var entry: Entry
        /// Where it was dead-lettered and for whom, when it is appended again.
        var deadLetters: (key: Int64, upstream: UpstreamName)?
    }

    /// How many facts stay in memory once they are written, for upstreams that follow closely: some 150 kB.
    static let recall = 512

    let capacity: Int
    /// The last facts that were written, in order.
    private var recent: Deque<Item> = []
    private(set) var items: Deque<Item> = []
    /// The last offset that was given away; nil before the journal knows where to begin.
    private(set) var last: JournalOffset?
    /// Facts that came before that.
    private var early: Deque<Fact> = []
    /// How many of them were evicted.
    private(set) var lostEarly = 0
    /// So many at the front are being written.
    private var writing = 0
    /// Offsets whose facts were evicted, not reported yet.
    private(set) var lost: [ClosedRange<JournalOffset>] = []

    init(capacity: Int) { self.capacity = capacity }

    /// Whether nothing waits to be written.
    var isEmpty: Bool { items.isEmpty && early.isEmpty }

    /// How many facts wait for an offset.
    var earlyCount: Int { early.count }

    /// Takes facts in and gives them their offsets.
    /// - Returns: Nil when there are none yet to give.
    mutating func append(
        _ facts: [Fact], deadLetters: (key: Int64, upstream: UpstreamName)? = nil
    ) -> ClosedRange<JournalOffset>? {
        guard !facts.isEmpty else { return nil }
        guard let before = last else {
            early += facts
            let excess = early.count - capacity
            if excess > 0 {
                early.removeFirst(excess)
                lostEarly += excess
            }
            return nil
        }
        var offset = before
        for fact in facts {
            offset += 1
            items.append(Item(entry: Entry(offset: offset, fact: fact), deadLetters: deadLetters))
        }
        last = offset
        let excess = items.count - writing - capacity
        if excess > 0 { drop(excess) }
        return (before + 1)...offset
    }

    /// Has the next offset be after `offset`, and gives offsets to all that waits for one.
    mutating func begin(after offset: JournalOffset) {
        precondition(offset >= last ?? 0, "offsets rise")
        last = offset
        // Another file, which need not have them.
        recent = []
        let facts = Array(early)
        early = []
        _ = append(facts)
    }

    /// Gives those that wait offsets behind `offset`, when some stand there already.
    mutating func move(behind offset: JournalOffset) {
        guard let first = items.first?.entry.offset, first <= offset else { return }
        var next = max(offset, last ?? 0)
        for index in items.indices {
            next += 1
            items[index].entry = Entry(offset: next, fact: items[index].entry.fact)
        }
        last = next
    }

    /// The oldest facts, which stay here until `written` or `notWritten` is called.
    mutating func beginWriting(limit: Int) -> [Item] {
        writing = min(limit, items.count)
        return Array(items.prefix(writing))
    }

    /// The facts of `beginWriting` are on disk.
    mutating func written() {
        recent.append(contentsOf: items.prefix(writing).suffix(Self.recall))
        items.removeFirst(writing)
        writing = 0
        if recent.count > Self.recall { recent.removeFirst(recent.count - Self.recall) }
    }

    /// The facts from `offset` on that are written, as far as they are in memory.
    /// - Returns: Nil when some from there on are not.
    func written(from offset: JournalOffset, limit: Int) -> [Item]? {
        guard let first = recent.first, first.entry.offset <= offset else { return nil }
        var (low, high) = (recent.startIndex, recent.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if recent[middle].entry.offset < offset { low = middle + 1 } else { high = middle }
        }
        return Array(recent[low...].prefix(limit))
    }

    /// The facts of `beginWriting` wait on.
    mutating func notWritten() {
        writing = 0
        let excess = items.count - capacity
        if excess > 0 { drop(excess) }
    }

    /// Forgets the losses that were reported.
    mutating func reportedLosses() { (lost, lostEarly) = ([], 0) }

    /// Moves the facts to their true time.
    mutating func correctTimes(by clockOffset: Duration) {
        for index in items.indices where !items[index].entry.fact.at.isSynchronised {
            items[index].entry = items[index].entry.corrected(by: clockOffset)
        }
        for index in recent.indices where !recent[index].entry.fact.at.isSynchronised {
            recent[index].entry = recent[index].entry.corrected(by: clockOffset)
        }
        for index in early.indices where !early[index].at.isSynchronised {
            early[index] = Entry(offset: 0, fact: early[index]).corrected(by: clockOffset).fact
        }
    }

    private mutating func drop(_ count: Int) {
        let gone = writing..<(writing + count)
        // One behind the other, for all offsets were given away in order.
        for item in items[gone] {
            let offset = item.entry.offset
            if let end = lost.last, end.upperBound + 1 == offset {
                lost[lost.count - 1] = end.lowerBound...offset
            } else {
                lost.append(offset...offset)
            }
        }
        items.removeSubrange(gone)
    }
}
