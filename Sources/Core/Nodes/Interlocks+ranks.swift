import Vocabulary

extension Interlocks {
    /// The step in which each actuator can go to its safe state without waiting for another.
    ///
    /// What goes off goes before what it needs, and before the one of its group that goes on; what goes
    /// on goes after what it needs.
    func ranks(_ safe: [ShNodeName: SafeState]) -> [ShNodeName: Int] {
        var after: [ShNodeName: Set<ShNodeName>] = [:]
        for (relay, needed) in needs.flatMap({ entry in entry.value.map { (entry.key, $0) } }) {
            if safe[relay] == .on {
                after[relay, default: []].insert(needed)
            } else {
                after[needed, default: []].insert(relay)
            }
        }
        for group in groups {
            for relay in group.members where safe[relay] == .on {
                after[relay, default: []].formUnion(group.members.filter { $0 != relay })
            }
        }
        var ranks = safe.mapValues { _ in 0 }
        // As many rounds as there are relays are enough for any chain; a circle ends there, too.
        for _ in safe.keys {
            var hasChanged = false
            for (relay, earlier) in after {
                let rank = earlier.compactMap { ranks[$0] }.max().map { $0 + 1 } ?? 0
                if ranks[relay] != nil, rank > ranks[relay] ?? 0, rank < safe.count {
                    ranks[relay] = rank
                    hasChanged = true
                }
            }
            if !hasChanged { break }
        }
        return ranks
    }
}
