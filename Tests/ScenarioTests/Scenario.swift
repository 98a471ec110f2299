import DriverKit
import Nodes
import Simulators
import Synchronization
import Upstreams
import Vocabulary

@testable import Proactors

/// One gateway through one seed's weather. The weather is the same at each replay; how the threads
/// interleave is the machine's business, so what is checked holds for every interleaving.
actor Scenario {
    struct Figures: Sendable {
        var simulated = Duration.zero
        var faults: [String: Int] = [:]
        var commands = 0
        var answers: [String: Int] = [:]
        var checks = 0
        var switches = 0
        var readings = 0

        mutating func add(_ other: Figures) {
            simulated += other.simulated
            faults.merge(other.faults, uniquingKeysWith: +)
            answers.merge(other.answers, uniquingKeysWith: +)
            commands += other.commands
            checks += other.checks
            switches += other.switches
            readings += other.readings
        }
    }

    private struct Asked {
        let at: Duration
        let mustRefuse: Bool
        var answer: CommandAnswer?
    }

    /// What safe states and answers may take beyond their rules.
    static let grace = Duration.seconds(3)
    /// How long after a fault of its device a relay may be elsewhere: the longest pause between looks.
    static let excuse = Duration.seconds(65)

    private var chance: SeededGenerator
    private let disk = TwinDisk()
    private let ledger = SwitchLedger(Life.rules)
    private var life: Life
    private var born = Duration.zero
    private var base: Int64 = 1
    private var asked: [Int: Asked] = [:]
    private var posted: [String: (at: Duration, isRetained: Bool)] = [:]
    private var lastWord = Duration.zero
    private var isHeard = true
    private var troubled: [ShNodeName: Duration] = [:]
    private var isFaulty: Set<ShNodeName> = []
    private(set) var figures = Figures()
    private(set) var breaches: [String] = []
    /// What happened, for whoever replays a seed.
    private(set) var story: [String] = []

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
        life = Life(
            disk: disk, after: nil, wall: WallTime(nanoseconds: 1_767_225_600_000_000_000),
            since: .zero, ledger: ledger, base: 1)
    }

    private var now: Duration {
        born + MonotonicInstant(nanoseconds: 1_000_000_000).duration(to: life.clock.now)
    }

    private func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
    private func relay() -> ShNodeName { Life.relays[roll(0...(Life.relays.count - 1))] }

    /// All of it, until the first breach.
    func run(steps: Int = 30) async {
        await life.start()
        life.broker.accept()
        await life.settle()
        for _ in 0..<steps where breaches.isEmpty {
            await happen()
            await pass(
                .milliseconds(Int64(roll(1...4) == 1 ? roll(3_000...25_000) : roll(1...3_000))))
        }
        if breaches.isEmpty { await end() }
        if !breaches.isEmpty {
            let state = await life.proactor.lines["site"]?.link.state
            note("link \(state.map { "\($0)" } ?? "none"), \(await life.journal.status())")
        }
        figures.simulated += now
        figures.switches = ledger.switches
        await letGo(life, life.cut())
    }

    // MARK: - Weather

    private func happen() async {
        switch roll(0...99) {
        case 0..<30: command(relay(), roll(0...1))
        case 30..<42:
            fault("command storm")
            for _ in 0..<roll(5...30) { command(relay(), roll(0...1)) }
        case 42..<50: post(relay(), roll(0...1), isRetained: roll(0...3) == 0)
        case 50..<58: plug(relay())
        case 58..<64: stick(relay())
        case 64..<68:
            fault("late answer")
            life.hang(for: .seconds(roll(1...20)))
        case 68..<72:
            fault("failing sensor")
            life.devices["frail"]?.behave(.fails(DriverError(.timeout, "no answer")))
        case 72..<75:
            base += 10_000
            life.devices["frail"]?.behave(.counts(from: base))
        case 75..<79:
            fault("flood")
            let channel = DataChannelName(known: "chatty")
            let at = life.clock.now
            life.devices["chatty"]?.happen(
                (0..<roll(100...2_000)).map {
                    DriverEvent(at: at, reading: Reading(channel: channel, value: Int64($0)))
                })
        case 79..<84:
            if isHeard {
                fault("broker loss")
                (isHeard, lastWord) = (false, now)
                posted = [:]
                life.broker.lose()
            } else {
                mend()
            }
        case 84..<88:
            if isHeard {
                fault("peer silence")
                (isHeard, lastWord) = (false, now)
                posted = [:]
                life.peer.freeze()
            } else {
                mend()
            }
        case 88..<92:
            fault("clock jump")
            let hours: Int64 = [1, -1, 87_600, -87_600][roll(0...3)]
            life.clock.jump(by: .seconds(hours * 3_600))
        case 92..<95:
            fault("journal holds")
            life.journal.hold()
        case 95..<97:
            note("journal commits")
            life.journal.commit()
        default: await cutPower()
        }
        await life.settle()
    }

    private func fault(_ name: String) {
        figures.faults[name, default: 0] += 1
        note(name)
    }

    private func note(_ words: String) { story.append("\(now): \(words)") }

    /// Broker and peer are back.
    private func mend() {
        note("broker and peer are back")
        life.peer.thaw()
        life.broker.lose()
        posted = [:]
        life.broker.accept()
        isHeard = true
    }

    private func plug(_ name: ShNodeName) {
        guard let device = life.devices[name] else { return }
        if isFaulty.remove(name) != nil {
            device.plugIn()
            device.loosen()
        } else {
            fault("unplug")
            isFaulty.insert(name)
            device.unplug()
        }
        troubled[name] = now
    }

    private func stick(_ name: ShNodeName) {
        guard !isFaulty.contains(name) else { return plug(name) }
        fault("stuck relay")
        isFaulty.insert(name)
        troubled[name] = now
        life.devices[name]?.stick()
    }

    private func command(_ name: ShNodeName, _ value: Int) {
        let source = [
            CommandSource(.upstream, "site"), CommandSource(.page), CommandSource(.cli),
        ][roll(0...2)]
        let order: Command.Order =
            switch roll(0...9) {
            case 0: .takeOver(value: Int64(value), for: .seconds(roll(1...10)))
            case 1: .release
            default: .set(Int64(value))
            }
        let isExpired = roll(0...7) == 0
        let wall = life.clock.wallTime
        let command = Command(
            id: CommandID(using: &chance), node: name, order: order, source: source,
            expires: isExpired ? wall.advanced(by: .seconds(-1)) : nil)
        lastWord = now
        for _ in 0..<(roll(0...4) == 0 ? 2 : 1) {
            figures.commands += 1
            let number = figures.commands
            asked[number] = Asked(at: now, mustRefuse: isExpired)
            let proactor = life.proactor
            Task { self.answered(number, await proactor.carryOut(command)) }
        }
    }

    private func answered(_ number: Int, _ answer: CommandAnswer) {
        // Whoever asked a gateway that has lost its power asks no more.
        guard let ask = asked.removeValue(forKey: number) else { return }
        figures.answers[String("\(answer)".prefix { $0 != "(" }), default: 0] += 1
        if ask.mustRefuse, case .refused = answer { return }
        if ask.mustRefuse { breaches.append("an expired command is answered \(answer)") }
    }

    /// A command over the broker, whose answer comes over it, too.
    private func post(_ name: ShNodeName, _ value: Int, isRetained: Bool) {
        guard isHeard else { return }
        if isRetained { fault("retained command") }
        figures.commands += 1
        let id = "b\(figures.commands)"
        lastWord = now
        note("\(id): \(name) \(value)")
        posted[id] = (now, isRetained)
        life.broker.deliver(
            MqttMessage(
                topic: "set/\(name)", payload: Array("\(id) \(value)".utf8),
                isRetained: isRetained))
    }

    private func cutPower() async {
        fault("power cut")
        let (before, wall) = (life, life.clock.wallTime)
        born = now
        await letGo(before, before.cut())
        if roll(0...1) == 0 {
            // Contacts that fall off without power, the ones that need others first.
            for name in ["up", "down", "heater", "pump", "lamp"] as [ShNodeName]
            where before.devices[name]?.isStuck == false && !isFaulty.contains("heater")
                && ledger.contact(name).level == 1
            {
                ledger.moved(name, to: 0, at: born)
            }
        }
        ledger.forgetCounts()
        (asked, posted) = ([:], [:])
        base += 10_000
        life = Life(
            disk: disk, after: before, wall: wall, since: born, ledger: ledger, base: base)
        for name in isFaulty where life.devices[name]?.isStuck == false {
            life.devices[name]?.unplug()
        }
        for name in Life.relays { troubled[name] = isFaulty.contains(name) ? born : troubled[name] }
        let starting = Task { [life] in await life.start() }
        await drive(life, until: starting)
        for name in Life.relays where !mayBeElsewhere(name) && ledger.contact(name).level != 0 {
            breaches.append("\(name) is on after the start")
        }
        life.broker.accept()
        (isHeard, lastWord) = (true, now)
    }

    private func letGo(_ life: Life, _ stopping: Task<Void, Never>) async {
        await drive(life, until: stopping)
    }

    /// Time passes until `work` is done; it may wait for nothing but time.
    private func drive(_ life: Life, until work: Task<Void, Never>) async {
        let isDone = Atomic(false)
        async let _: Void = {
            await work.value
            isDone.store(true, ordering: .releasing)
        }()
        while !isDone.load(ordering: .acquiring) {
            await life.settle()
            if !isDone.load(ordering: .acquiring) { life.clock.advance(by: .milliseconds(5)) }
        }
    }

    // MARK: - Time, and what must always hold

    private func pass(_ time: Duration) async {
        let end = life.clock.now.advanced(by: time)
        repeat {
            await life.step(until: end)
            await check()
        } while life.clock.now < end && breaches.isEmpty
    }

    /// Its own device had a fault lately, or that of one that it waits for had.
    private func mayBeElsewhere(_ name: ShNodeName) -> Bool {
        let others: [ShNodeName: ShNodeName] = [
            "pump": "heater", "heater": "pump", "up": "down", "down": "up",
        ]
        return [name, others[name]].compactMap(\.self).contains { name in
            isFaulty.contains(name) || troubled[name].map { now - $0 < Self.excuse } == true
        }
    }

    /// Lets everybody work while time stands still, until `isDone` or for long enough.
    private func work(_ isDone: () -> Bool) async {
        for _ in 0..<3_000 where !isDone() {
            await life.proactor.hop()
            await Task.yield()
        }
    }

    private func check() async {
        figures.checks += 1
        breaches += ledger.breaches
        if isHeard { lastWord = now }
        for name in Life.relays {
            let contact = ledger.contact(name)
            guard contact.level == 1, !mayBeElsewhere(name) else { continue }
            let rules = Life.rules[name]
            if let silence = rules?.failsafeAfter, now - lastWord > silence + Self.grace {
                breaches.append("\(name) is on \(now - lastWord) after the last word")
            }
            if let longest = rules?.limits.maximumOnTime, let since = contact.changed,
                now - since > longest + Self.grace
            {
                breaches.append("\(name) is on for \(now - since)")
            }
        }
        let isLate = { (at: Duration) in self.now - at > Proactor.commandTime + Self.grace }
        // Threads that had no turn while time flew are not what is looked for.
        if asked.values.contains(where: { isLate($0.at) }) {
            await work { !asked.values.contains { isLate($0.at) } }
        }
        if posted.values.contains(where: { isLate($0.at) }) {
            await work { false }
        }
        for ask in asked.values where now - ask.at > Proactor.commandTime + Self.grace {
            breaches.append("a command is not answered after \(now - ask.at)")
        }
        checkAnswers()
        guard let pulse = life.nodes["steady"]?.pulse.reading else { return }
        if pulse.skipped > 0 || pulse.failures > 0 || pulse.worstLateness > .milliseconds(50) {
            breaches.append("the steady node lost its rhythm: \(pulse)")
        }
    }

    private func checkAnswers() {
        guard !posted.isEmpty, isHeard else { return }
        var answers: [String: [String]] = [:]
        for message in life.broker.published where message.topic.hasPrefix("answer/") {
            let words = message.text.split(separator: " ").map(String.init)
            answers[words[0], default: []].append(words[1])
        }
        for (id, post) in posted {
            let told = answers[id] ?? []
            if told.count == 1, now - post.at > .seconds(10) { posted[id] = nil }
            if told.count > 1 { breaches.append("\(id) is answered \(told)") }
            if told.isEmpty, now - post.at > Proactor.commandTime + Self.grace {
                breaches.append("\(id) is not answered after \(now - post.at)")
            }
            if post.isRetained, let word = told.first, word != "refused" {
                breaches.append("the retained \(id) is \(word)")
            }
        }
    }

    /// Fair weather until everything is where it belongs.
    private func end() async {
        for name in isFaulty { plug(name) }
        life.journal.commit()
        mend()
        await pass(.seconds(20))
        // A backlog needs work more than time, and simulated time is cheap.
        for _ in 0..<400 where breaches.isEmpty && life.journal.waiting > 0 {
            await work { life.journal.waiting == 0 }
            if life.journal.waiting > 0 { await pass(.seconds(5)) }
        }
        for node in Life.sensors + Life.relays where breaches.isEmpty {
            // What the peer has may be behind by what is under way right now.
            let kept = disk.readings(of: node)
            let told = life.peer.stored.filter { $0.hasPrefix("\(node) ") }
            figures.readings += told.count
            if !kept.starts(with: told) || kept.count - told.count > 40 {
                breaches.append("of \(node) were kept \(kept.count) and told \(told.count)")
            }
        }
    }
}
