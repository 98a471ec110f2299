import Vocabulary

/// What actuators may not do together, and what each of them is known to do. A pure machine.
///
/// An actuator counts as on from before it is driven on until its off is confirmed. One whose state is
/// not known may be on where others must be off, and may be off where others need it on.
struct Interlocks: Sendable {
    enum State: Hashable, Sendable {
        case unknown, on
        case off(since: MonotonicInstant)

        var isOff: Bool { if case .off = self { true } else { false } }
    }

    enum Verdict: Hashable, Sendable {
        /// Drive it now; it counts as neither on nor off until `note` says.
        case allowed
        case blocked(RelayGuard.Block)
    }

    struct Group: Sendable {
        let members: [ShNodeName]
        let deadTime: Duration
    }

    private(set) var rules: [Interlock]
    private(set) var groups: [Group] = []
    /// What each needs to be on.
    private(set) var needs: [ShNodeName: [ShNodeName]] = [:]
    /// Of all actuators that have said something, ruled or not: a rule may come later.
    private(set) var states: [ShNodeName: State] = [:]
    private let ruled: Set<ShNodeName>
    /// Those that were driven off, and of which only the confirmation is missing.
    private var settling: Set<ShNodeName> = []
    /// Those that want to go off and wait for others that need them.
    private var leaving: Set<ShNodeName> = []
    /// Those whose safe state is on and who wait for others of their group.
    private var insisting: Set<ShNodeName> = []
    /// Counts what may concern others.
    private(set) var changes = 0

    init(_ rules: [Interlock]) {
        self.rules = rules
        ruled = Set(rules.flatMap(\.relays))
        for rule in rules {
            for relay in rule.relays { states[relay] = .unknown }
            switch rule {
            case .atMostOne(let members, let deadTime):
                groups.append(Group(members: members, deadTime: deadTime))
            case .onlyWhile(let relay, let needed): needs[relay, default: []].append(needed)
            }
        }
    }

    /// What stands against an order; nil when nothing does. Going off is never refused: others that
    /// need the actuator go off first.
    ///
    /// - Parameter isLast: Whether those of which only the confirmation is missing count as off.
    func look(
        _ relay: ShNodeName, on: Bool, isLast: Bool = false, at now: MonotonicInstant
    ) -> RelayGuard.Block? {
        guard on else { return nil }
        for needed in needs[relay, default: []] {
            if leaving.contains(needed) || states[needed] != .on {
                return .init(
                    why: "it may be on only while \(needed) is on, and \(words(needed))")
            }
        }
        var wait: RelayGuard.Block?
        for group in groups where group.members.contains(relay) {
            for other in group.members where other != relay {
                if insisting.contains(other) {
                    return .init(why: "\(rule(group)), and \(other) is driven to its safe state")
                }
                if isLast, settling.contains(other) { continue }
                guard case .off(let since) = states[other] else {
                    return .init(why: "\(rule(group)), and \(words(other))")
                }
                let end = since.advanced(by: group.deadTime)
                if end > now, end > wait?.until ?? now {
                    wait = .init(
                        why: "deadTime \(group.deadTime.layoutText) after \(other)", until: end)
                }
            }
        }
        return wait
    }

    /// Asks to drive an actuator, right before that is done.
    ///
    /// - Parameters:
    ///   - insists: Whether it is the safe state, for which others yield.
    ///   - isLast: Whether there is no time to wait for confirmations any more.
    mutating func ask(
        _ relay: ShNodeName, on: Bool, insists: Bool, isLast: Bool = false,
        at now: MonotonicInstant
    ) -> Verdict {
        let state = states[relay] ?? .unknown
        settling.remove(relay)
        if on {
            remove(relay, from: \.leaving)
            if var block = look(relay, on: true, isLast: isLast, at: now) {
                if insists, needs[relay, default: []].allSatisfy({ states[$0] == .on }) {
                    if insisting.insert(relay).inserted { changes += 1 }
                    block.isPassing = true
                }
                return .blocked(block)
            }
            remove(relay, from: \.insisting)
            if state != .on, state != .unknown { set(relay, .unknown) }
            return .allowed
        }
        remove(relay, from: \.insisting)
        let user = users(of: relay).first { user in
            states[user]?.isOff != true && !(isLast && settling.contains(user))
        }
        if let user {
            if leaving.insert(relay).inserted { changes += 1 }
            return .blocked(
                .init(why: "\(words(user)); \(user) must be off before \(relay)", isPassing: true))
        }
        remove(relay, from: \.leaving)
        if state == .on { set(relay, .unknown) }
        return .allowed
    }

    private mutating func set(_ relay: ShNodeName, _ state: State) {
        states[relay] = state
        if ruled.contains(relay) { changes += 1 }
    }

    private mutating func remove(
        _ relay: ShNodeName, from waiting: WritableKeyPath<Interlocks, Set<ShNodeName>>
    ) {
        if self[keyPath: waiting].remove(relay) != nil { changes += 1 }
    }

    /// What an actuator is known to do.
    ///
    /// - Parameters:
    ///   - isOn: Nil when that is not known.
    ///   - isSettling: Whether it was driven off, and only the confirmation is missing.
    mutating func note(
        _ relay: ShNodeName, isOn: Bool?, isSettling: Bool = false, at now: MonotonicInstant
    ) {
        if isSettling { settling.insert(relay) } else { settling.remove(relay) }
        let before = states[relay] ?? .unknown
        let after: State =
            switch isOn {
            case nil: .unknown
            case true?: .on
            case false?: before.isOff ? before : .off(since: now)
            }
        guard after != before else {
            states[relay] = before
            return
        }
        set(relay, after)
        if after.isOff { remove(relay, from: \.leaving) }
    }

    /// The actuator does not wait to be driven any more.
    mutating func withdraw(_ relay: ShNodeName) {
        remove(relay, from: \.leaving)
        remove(relay, from: \.insisting)
    }

    /// The same states under other rules, as after a reload. Those that are new are not known.
    ///
    /// - Parameter gone: Actuators that are there no more.
    mutating func replace(_ rules: [Interlock], forgetting gone: Set<ShNodeName> = []) {
        var next = Interlocks(rules)
        next.states.merge(states.filter { !gone.contains($0.key) }) { $1 }
        next.settling = settling.subtracting(gone)
        next.changes = changes + 1
        self = next
    }

    /// Why an actuator must go off now; nil when it need not.
    func demand(on relay: ShNodeName) -> String? {
        guard let state = states[relay], !state.isOff else { return nil }
        for needed in needs[relay, default: []] {
            if leaving.contains(needed) {
                return "it may be on only while \(needed) is on, and \(needed) goes off"
            }
            if states[needed] != .on {
                return "it may be on only while \(needed) is on, and \(words(needed))"
            }
        }
        for group in groups where group.members.contains(relay) {
            if let other = group.members.first(where: { $0 != relay && insisting.contains($0) }) {
                return "\(rule(group)), and \(other) is driven to its safe state"
            }
            // Two that are on, by another hand: the first of the layout may stay.
            if let first = group.members.first(where: { states[$0] == .on }), first != relay {
                return "\(rule(group)), and \(words(first))"
            }
        }
        return nil
    }

    private func users(of relay: ShNodeName) -> [ShNodeName] {
        needs.filter { $0.value.contains(relay) }.map(\.key).sorted { $0.text < $1.text }
    }

    private func rule(_ group: Group) -> String {
        "at most one of \(group.members.map(\.text).joined(separator: ", ")) may be on"
    }

    private func words(_ relay: ShNodeName) -> String {
        switch states[relay] {
        case .on?: "\(relay) is on"
        case .off?: "\(relay) is off"
        case .unknown?, nil: "\(relay) may be on or off"
        }
    }
}
