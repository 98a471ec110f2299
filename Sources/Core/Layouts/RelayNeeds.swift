import Vocabulary

/// Which relays each relay needs on, of all rules together. Its questions cost as much as there are rules, and
/// not as much as there are ways through them.
struct RelayNeeds {
    /// All that need or are needed; the other lists go by their places in this one.
    private var relays: [ShNodeName] = []
    private var places: [ShNodeName: Int] = [:]
    private var needs: [[Int]] = []
    /// The same the other way about.
    private var needers: [[Int]] = []
    /// Those that need one another in a circle, and those that need them. Empty in a sound layout.
    private(set) var circling: Set<ShNodeName> = []

    init(_ rules: some Sequence<Interlock>) {
        for case .onlyWhile(let relay, let needed) in rules {
            let (relay, needed) = (place(of: relay), place(of: needed))
            needs[relay].append(needed)
            needers[needed].append(relay)
        }
        var open = needs.map(\.count)
        var settled = open.indices.filter { open[$0] == 0 }
        while let relay = settled.popLast() {
            for needer in needers[relay] {
                open[needer] -= 1
                if open[needer] == 0 { settled.append(needer) }
            }
        }
        circling = Set(open.indices.filter { open[$0] > 0 }.map { relays[$0] })
    }

    private mutating func place(of relay: ShNodeName) -> Int {
        if let place = places[relay] { return place }
        places[relay] = relays.count
        relays.append(relay)
        needs.append([])
        needers.append([])
        return relays.count - 1
    }

    /// The way from one relay to another over what each needs; nil when there is none.
    func way(from start: ShNodeName, to end: ShNodeName) -> [ShNodeName]? {
        if start == end { return [start] }
        guard let first = places[start], let last = places[end] else { return nil }
        var origin = [Int?](repeating: nil, count: relays.count)
        var open = [first]
        while let relay = open.popLast() {
            for needed in needs[relay] where needed != first && origin[needed] == nil {
                origin[needed] = relay
                open.append(needed)
            }
        }
        guard origin[last] != nil else { return nil }
        var way = [last]
        while let relay = origin[way[way.count - 1]] { way.append(relay) }
        return way.reversed().map { relays[$0] }
    }

    /// `relay` and all that it needs, of what they need, too.
    func all(neededBy relay: ShNodeName) -> Set<ShNodeName> {
        guard let first = places[relay] else { return [relay] }
        var isFound = [Bool](repeating: false, count: relays.count)
        isFound[first] = true
        var open = [first]
        while let relay = open.popLast() {
            for needed in needs[relay] where !isFound[needed] {
                isFound[needed] = true
                open.append(needed)
            }
        }
        return Set(isFound.indices.filter { isFound[$0] }.map { relays[$0] })
    }

    /// The relays that need more than one of `members`, themselves counted, by name.
    func relays(needingTwoOf members: [ShNodeName]) -> [ShNodeName] {
        // Two of them are enough to know, so each relay changes twice at most.
        var one = [Int?](repeating: nil, count: relays.count)
        var two = one
        var changed = members.compactMap { places[$0] }
        for member in changed { one[member] = member }
        var found: [ShNodeName] = []
        while let relay = changed.popLast() {
            for needer in needers[relay] where two[needer] == nil {
                for member in [one[relay], two[relay]] {
                    guard let member, two[needer] == nil, one[needer] != member else { continue }
                    if one[needer] == nil {
                        one[needer] = member
                    } else {
                        two[needer] = member
                        found.append(relays[needer])
                    }
                    changed.append(needer)
                }
            }
        }
        return found.sorted { $0.text < $1.text }
    }
}
