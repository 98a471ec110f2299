import Vocabulary

@testable import Nodes

/// A few interlocked relays, their guards and the world around them, moved by chance.
struct GuardWorld {
    struct Relay {
        let rules: GuardRules
        let safe: SafeState
        var brain: RelayGuard
        var level: Int64 = 0
        /// What the contact shows, and when it follows the level.
        var contact: Int64 = 0
        var contactFollows: MonotonicInstant?
        var isStuck = false
        var hasBrokenContact = false
        var isPluggedIn = true
        var isOpen = false
        var isKeptOut = false
        var lastChange: MonotonicInstant?
        var changes: [MonotonicInstant] = []
        var onSince: MonotonicInstant?
    }

    static let interlocks: [Interlock] = [
        .atMostOne(["up", "down"], deadTime: .seconds(2)),
        .onlyWhile("heater", needs: "pump"), .onlyWhile("pump", needs: "valve"),
        .atMostOne(["boost", "frost"], deadTime: .milliseconds(500)),
    ]
    static let sources = [
        CommandSource(.upstream, "site"), CommandSource(.upstream, "admin"), CommandSource(.page),
        CommandSource(.cli),
    ]

    var chance: SeededGenerator
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    var locks = Interlocks(GuardWorld.interlocks)
    var relays: [ShNodeName: Relay] = [:]
    var names: [ShNodeName] = []
    var asked: [CommandID: (node: ShNodeName, source: CommandSource, at: MonotonicInstant)] = [:]
    var answered: [CommandID: Int] = [:]
    var outcomes: [String: Int] = [:]
    /// Every rule that was broken, in words.
    var breaches: [String] = []

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
        add("up", GuardRules(limits: .init(minimumOnTime: .seconds(1), queuesEarlyCommands: true)))
        add("down", GuardRules())
        add(
            "heater",
            GuardRules(limits: .init(maximumOnTime: .seconds(120)), failsafeAfter: .seconds(60)))
        add(
            "pump",
            GuardRules(
                feedback: .init(channel: "pump-contact", whenOn: 1...1, within: .seconds(2))))
        add("valve", GuardRules(limits: .init(maximumSwitchesPerHour: 20)))
        add(
            "boost",
            GuardRules(limits: .init(minimumOnTime: .seconds(30), minimumOffTime: .seconds(20))))
        add("frost", GuardRules(), safe: .on)
        add("lamp", GuardRules(failsafeAfter: .seconds(30)), safe: .hold)
        tendAll()
    }

    private mutating func add(_ name: ShNodeName, _ rules: GuardRules, safe: SafeState = .off) {
        names.append(name)
        relays[name] = Relay(
            rules: rules, safe: safe,
            brain: RelayGuard(name: name, rules: rules, safe: safe, at: now))
        // Before the start anything may have been on, but for what would break a rule by itself.
        if name == "lamp" || name == "boost" { relays[name]?.level = 1 }
    }

    // MARK: - One step of chance

    mutating func step() {
        let name = names[Int.random(in: 0..<names.count, using: &chance)]
        switch Int.random(in: 0..<100, using: &chance) {
        case 0..<40: command(name)
        case 40..<46: hear(Self.sources[Int.random(in: 0..<4, using: &chance)])
        case 46..<49: relays[name]?.isStuck.toggle()
        case 49..<51:
            relays[name]?.hasBrokenContact.toggle()
            relays[name]?.contactFollows = now.advanced(by: .milliseconds(100))
        case 51..<54: plug(name)
        default:
            pass(
                .milliseconds(
                    Int64.random(in: 0...1, using: &chance) == 0
                        ? .random(in: 1...3_000, using: &chance)
                        : .random(in: 1_000...90_000, using: &chance)))
        }
        tendAll()
    }

    private mutating func hear(_ source: CommandSource) {
        for name in names { relays[name]?.brain.heartbeat(of: source, at: now) }
    }

    private mutating func command(_ name: ShNodeName) {
        let source = Self.sources[Int.random(in: 0..<4, using: &chance)]
        let value = Int64.random(in: 0...1, using: &chance)
        let time = Duration.seconds(Int64.random(in: 1...120, using: &chance))
        let order: Command.Order =
            switch Int.random(in: 0..<10, using: &chance) {
            case 0: .override(value: value, for: time)
            case 1: .override(value: nil, for: time)
            case 2: .release
            default: .set(value)
            }
        let id = CommandID(using: &chance)
        guard var relay = relays[name], relay.isOpen else { return }
        tendAll()
        relay = relays[name] ?? relay
        guard relay.isOpen else { return }
        asked[id] = (name, source, now)
        var wanted: Int64?
        if case .set(let value) = order { wanted = value }
        if case .override(let value, _) = order { wanted = value }
        let block = wanted.flatMap { locks.look(name, on: $0 != 0, at: now) }
        let holder = relay.brain.currentControl.overriddenBy
        let command = Command(id: id, node: name, order: order, source: source)
        if let early = relays[name]?.brain.take(command, at: now, block: block) {
            note(id, early, holder)
        }
    }

    private mutating func note(
        _ id: CommandID, _ outcome: CommandOutcome, _ holder: CommandSource? = nil
    ) {
        answered[id, default: 0] += 1
        if answered[id] != 1 { breaches.append("\(id) is answered twice") }
        let word = "\(outcome)".split(separator: "(").first.map(String.init) ?? ""
        outcomes[word, default: 0] += 1
        guard case .confirmed = outcome, let ask = asked[id], let holder, holder != ask.source,
            !ask.source.isHand
        else { return }
        breaches.append("\(ask.source) commanded \(ask.node), which \(holder) holds")
    }

    private mutating func plug(_ name: ShNodeName) {
        guard let isPluggedIn = relays[name]?.isPluggedIn else { return }
        relays[name]?.isPluggedIn = !isPluggedIn
        guard isPluggedIn else { return }
        relays[name]?.isOpen = false
        relays[name]?.brain.lost("unplugged", at: now)
    }

    // MARK: - Time and the devices

    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while true {
            tendAll()
            let times = names.compactMap { name -> MonotonicInstant? in
                guard let relay = relays[name] else { return nil }
                let own = relay.brain.deadline(after: now, isOpen: relay.isOpen)
                return [own, relay.contactFollows].compactMap(\.self).min()
            }
            guard let next = times.min(), next <= end else { break }
            if next <= now {
                let who = names.filter {
                    relays[$0]?.brain.deadline(after: now, isOpen: relays[$0]?.isOpen == true)
                        == next
                }
                breaches.append("a deadline of \(who) has passed: nobody rests")
            }
            now = max(now.advanced(by: .nanoseconds(1)), next)
            guard breaches.isEmpty else { return }
        }
        now = end
        tendAll()
    }

    /// Everybody looks again until nobody finds anything to do, as their bells would have them.
    mutating func tendAll() {
        for round in 0... {
            let before = locks.changes
            for name in names.shuffled(using: &chance) { tend(name) }
            if locks.changes == before { break }
            if round > 50 {
                breaches.append("no rest: actuators ring each other for ever")
                break
            }
        }
        check()
    }

    private mutating func tend(_ name: ShNodeName) {
        guard var relay = relays[name] else { return }
        defer { relays[name] = relay }
        if let follows = relay.contactFollows, follows <= now {
            if !relay.hasBrokenContact { relay.contact = relay.level }
            relay.contactFollows = nil
        }
        relay.brain.pass(to: now)
        if !relay.isOpen, relay.isPluggedIn { open(name, &relay) }
        relay.brain.demanded(locks.demand(on: name))
        look(&relay)
        relay.brain.wake()
        while relay.isOpen, let step = relay.brain.step(at: now) {
            switch locks.ask(name, on: step.value != 0, insists: step.isSafety, at: now) {
            case .blocked(let block): relay.brain.blocked(block, at: now)
            case .allowed:
                drive(name, &relay, to: step.value, isOrder: isOrder(relay))
                relay.brain.drove(step, shows: relay.level, at: now)
                look(&relay)
            }
        }
        locks.note(name, isOn: relay.brain.confirmed, at: now)
        if relay.brain.block?.isPassing != true, !relay.isKeptOut { locks.withdraw(name) }
        for (id, outcome) in relay.brain.outcomes { note(id, outcome) }
        relay.brain.outcomes = []
    }

    private func look(_ relay: inout Relay) {
        if relay.rules.feedback != nil { relay.brain.feedback(relay.contact, readAt: now, at: now) }
    }

    /// As `ShNode.openable`, without its grace: what is kept out stays out here.
    private mutating func open(_ name: ShNodeName, _ relay: inout Relay) {
        if let safe = relay.safe.value {
            relay.isKeptOut = locks.ask(name, on: safe != 0, insists: true, at: now) != .allowed
            guard !relay.isKeptOut else { return }
            drive(name, &relay, to: safe, isOrder: false)
        }
        relay.isOpen = true
        relay.brain.opened(at: now)
        relay.brain.shows(relay.level, at: now)
    }

    private func isOrder(_ relay: Relay) -> Bool {
        relay.brain.demand == nil && !relay.brain.isStopping
            && relay.brain.control.order.map { $0.source.kind != .gateway } == true
    }

    private mutating func drive(
        _ name: ShNodeName, _ relay: inout Relay, to value: Int64, isOrder: Bool
    ) {
        guard !relay.isStuck, value != relay.level else { return }
        let limits = relay.rules.limits
        if isOrder, let last = relay.lastChange {
            let least = value != 0 ? limits.minimumOffTime : limits.minimumOnTime
            if let least, last.duration(to: now) < least {
                breaches.append("\(name) is switched before its minimum time")
            }
            if let most = limits.maximumSwitchesPerHour,
                relay.changes.filter({ $0.duration(to: now) < SwitchRecord.hour }).count >= most
            {
                breaches.append("\(name) is switched too often in an hour")
            }
        }
        relay.level = value
        relay.lastChange = now
        relay.changes.append(now)
        relay.onSince = value != 0 ? now : nil
        relay.contactFollows = now.advanced(
            by: .milliseconds(Int64.random(in: 1...1_500, using: &chance)))
    }

    // MARK: - What must always hold

    func isOn(_ name: ShNodeName) -> Bool { relays[name]?.level == 1 }

    private mutating func check() {
        if isOn("up"), isOn("down") { breaches.append("up and down are on") }
        if isOn("heater"), !isOn("pump") { breaches.append("heater is on without pump") }
        if isOn("pump"), !isOn("valve") { breaches.append("pump is on without valve") }
        if isOn("boost"), isOn("frost") { breaches.append("boost and frost are on") }
        for name in names {
            guard let relay = relays[name], relay.isOpen, !relay.isStuck else { continue }
            if let most = relay.rules.limits.maximumOnTime, let since = relay.onSince,
                since.duration(to: now) > most, relay.brain.block == nil,
                relay.brain.failedSwitch == nil
            {
                breaches.append("\(name) is on for too long")
            }
            if relay.brain.control.order == nil, relay.brain.demand == nil,
                let safe = relay.safe.value, relay.level != safe, relay.brain.block == nil,
                relay.brain.failedSwitch == nil
            {
                breaches.append("\(name) is not in its safe state, and nothing keeps it from there")
            }
        }
        let silent = asked.filter {
            answered[$0.key] == nil && $0.value.at.duration(to: now) > .seconds(20)
        }
        for (id, ask) in silent { breaches.append("\(id) to \(ask.node) is never answered") }
    }
}
