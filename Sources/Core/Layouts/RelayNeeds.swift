import Vocabulary

/// Which relays each relay needs on, of all rules together. Its questions cost as much as there are rules, and
/// not as much as there are ways through them.
struct RelayNeeds {
    private var needs: [ShNodeName: [ShNodeName]] = [:]
    /// The same the other way about.
    private var needers: [ShNodeName: [ShNodeName]] = [:]
    /// Those that need one another in a circle, and those that need them. Empty in a sound layout.
    private(set) var circling: Set<ShNodeName> = []

    init(_ rules: some Sequence<Interlock>) {
        for case .onlyWhile(let relay, let needed) in rules {
            needs[relay, default: []].append(needed)
            needers[needed, default: []].append(relay)
        }
        var open = needs.mapValues(\.count)
        var settled = needers.keys.filter { open[$0] == nil }
        while let relay = settled.popLast() {
            for needer in needers[relay, default: []] {
                open[needer, default: 0] -= 1
                guard open[needer] == 0 else { continue }
                open[needer] = nil
                settled.append(needer)
            }
        }
        circling = Set(open.keys)
    }

    /// The way from one relay to another over what each needs; nil when there is none.
    func way(from start: ShNodeName, to end: ShNodeName) -> [ShNodeName]? {
        var open: [(relay: ShNodeName, from: ShNodeName?)] = [(start, nil)]
        var origin: [ShNodeName: ShNodeName?] = [:]
        while let (relay, from) = open.popLast() {
            if relay == end {
                var way = [relay]
                var last = from
                while let relay = last {
                    way.append(relay)
                    last = origin[relay] ?? nil
                }
                return way.reversed()
            }
            guard origin[relay] == nil else { continue }
            origin[relay] = .some(from)
            open += needs[relay, default: []].map { ($0, relay) }
        }
        return nil
    }

    /// `relay` and all that it needs, of what they need, too.
    func all(neededBy relay: ShNodeName) -> Set<ShNodeName> {
        var found: Set<ShNodeName> = []
        var open = [relay]
        while let relay = open.popLast() {
            guard found.insert(relay).inserted else { continue }
            open += needs[relay, default: []]
        }
        return found
    }

    /// The relays that need more than one of `members`, themselves counted, by name.
    func relays(needingTwoOf members: [ShNodeName]) -> [ShNodeName] {
        // Two of them are enough to know, so each relay changes twice at most.
        var needed: [ShNodeName: Set<ShNodeName>] = [:]
        for member in members { needed[member] = [member] }
        var changed = members
        while let relay = changed.popLast() {
            let both = needed[relay, default: []]
            for needer in needers[relay, default: []] {
                let before = needed[needer, default: []]
                let after = before.count > 1 ? before : Set(before.union(both).prefix(2))
                guard after.count > before.count else { continue }
                needed[needer] = after
                changed.append(needer)
            }
        }
        return needed.filter { $0.value.count > 1 && needs[$0.key] != nil }.keys
            .sorted { $0.text < $1.text }
    }
}
