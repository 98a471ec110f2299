import Vocabulary

extension LayoutDiff {
    /// What a reload has one relay do.
    public struct RelayMove: Hashable, Sendable {
        public let name: ShNodeName
        /// `"goes off, then on (its new safe state)"`.
        public let words: String
    }

    /// What the reload has the relays of both layouts do.
    ///
    /// - Returns: Those that go anywhere, in the order of the new layout and then of the old; and those that
    ///   stay as they are.
    static func relays(
        _ old: HardwareLayout, _ new: HardwareLayout, touched: Set<ShNodeName>
    ) -> (moves: [RelayMove], staying: [ShNodeName]) {
        let (before, after) = (safeStates(old), safeStates(new))
        let dependents = dependents(old, touched, before)
        var moves: [RelayMove] = []
        var staying: [ShNodeName] = []
        let gone = old.nodes.map(\.name).filter { after[$0] == nil }
        for name in new.nodes.map(\.name) + gone {
            guard before[name] != nil || after[name] != nil else { continue }
            if touched.contains(name) {
                moves.append(RelayMove(name: name, words: words(before[name], after[name])))
            } else if let needed = dependents[name] {
                moves.append(
                    RelayMove(
                        name: name, words: "goes off: on only while \(needed) is on"))
            } else {
                staying.append(name)
            }
        }
        return (moves, staying)
    }

    /// From the safe state of before, in which it is stopped, to the new one.
    private static func words(_ before: SafeState?, _ after: SafeState?) -> String {
        switch (before, after) {
        case (nil, .hold?), (.hold?, .hold?): "is left as it is"
        case (nil, let new?), (.hold?, let new?): "goes \(new.rawValue) (its new safe state)"
        case (.hold?, nil): "is left as it is, and is no longer driven"
        case (let old?, nil): "goes \(old.rawValue) (its safe state), and is no longer driven"
        case (let old?, let new?) where old == new: "goes \(old.rawValue) (its safe state)"
        case (let old?, .hold?): "goes \(old.rawValue) (its previous safe state)"
        case (let old?, let new?):
            "goes \(old.rawValue), then \(new.rawValue) (its new safe state)"
        case (nil, nil): ""
        }
    }

    private static func safeStates(_ layout: HardwareLayout) -> [ShNodeName: SafeState] {
        let relays = layout.nodes.compactMap { node in
            node.kind == .relay ? node.component.safeState.map { (node.name, $0) } : nil
        }
        return Dictionary(relays) { first, _ in first }
    }

    /// Relays that are not touched and go off with one that is, each with the one that it needs.
    private static func dependents(
        _ old: HardwareLayout, _ touched: Set<ShNodeName>, _ safe: [ShNodeName: SafeState]
    ) -> [ShNodeName: ShNodeName] {
        var off = touched.filter { safe[$0] == .off }
        var found: [ShNodeName: ShNodeName] = [:]
        var hasMore = true
        while hasMore {
            hasMore = false
            for case .onlyWhile(let relay, let needed) in old.interlocks
            where off.contains(needed) && off.insert(relay).inserted && !touched.contains(relay) {
                found[relay] = needed
                hasMore = true
            }
        }
        return found
    }
}
