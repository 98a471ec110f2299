/// Who of several takers has had how much lately. Guarded by their queue's lock.
///
/// Whichever of them the machine runs first would else have most of the work. What was long ago does not
/// count: a taker that was busy with one item for an hour is owed nothing for it.
struct TakerShares: Sendable {
    /// Items for each taker after which all begin again.
    static let round = 64
    /// Items beyond its share that a taker may have before it is ahead.
    static let slack = 4
    /// Items after which one that is not ahead yields as well: others may be about to enter.
    static let turn = 16

    private var counts: [Int] = []
    private var free: [Int] = []
    private var given = 0

    private var takers: Int { counts.count - free.count }

    /// - Returns: A new taker's place.
    mutating func enter() -> Int {
        if let seat = free.popLast() { return seat }
        counts.append(0)
        return counts.count - 1
    }

    mutating func leave(_ seat: Int) {
        counts[seat] = 0
        free.append(seat)
    }

    /// - Returns: Whether that taker is to let others have their turns.
    mutating func gave(to seat: Int) -> Bool {
        let takers = takers
        if given >= Self.round * takers {
            for seat in counts.indices { counts[seat] = 0 }
            given = 0
        }
        counts[seat] += 1
        given += 1
        let isAhead = (counts[seat] - Self.slack) * takers > given
        return isAhead || counts[seat] % Self.turn == 0
    }
}
