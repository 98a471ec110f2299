import DequeModule
import Vocabulary

/// What was handed to the operating system and not taken by it yet, in order. Pure.
struct PeerWrites: Sendable {
    struct Write {
        let number: Int
        /// The one that waits for it to be taken.
        let id: Int?
        /// How much of it the other side has caused, in bytes.
        let owed: Int
        let at: MonotonicInstant
    }

    /// How many there were so far.
    private(set) var count = 0
    /// Bytes of replies and acknowledgements that were not taken, those that wait their turn included.
    var owed = 0
    private var unwritten: Deque<Write> = []

    mutating func add(for id: Int?, owed: Int, at now: MonotonicInstant) {
        count += 1
        unwritten.append(Write(number: count, id: id, owed: owed, at: now))
    }

    /// - Returns: The oldest, now taken, when it is not beyond number `count`.
    mutating func take(through count: Int) -> Write? {
        guard let first = unwritten.first, first.number <= count else { return nil }
        owed -= first.owed
        return unwritten.removeFirst()
    }

    /// Since when the oldest waits.
    var oldest: MonotonicInstant? { unwritten.first?.at }
}
