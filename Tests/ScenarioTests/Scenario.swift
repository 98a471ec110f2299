import DriverKit
import Layouts
import Nodes
import Vocabulary

@testable import Proactors

/// One gateway through one seed's weather. The weather is the same at each replay; how the threads
/// interleave is the machine's business, so what is checked holds for every interleaving.
actor Scenario {
    /// A command given here, whose answer comes here.
    struct Asked {
        let at: Duration
        let command: Command
        let mustRefuse: Bool
        /// Who held the relay then, until when, and after how many orders about holds; nil when nobody
        /// did, or when that may have changed just then.
        let hold: (by: CommandSource, until: MonotonicInstant, orders: Int)?
    }

    /// A command given over the broker.
    struct Posted {
        let at: Duration
        let node: ShNodeName
        let isRetained: Bool
        var answers: [String] = []
    }

    /// What safe states and answers may take beyond their rules.
    static let grace = Duration.seconds(3)
    /// How long after a fault of its device a relay may be elsewhere: the longest pause between looks.
    static let excuse = Duration.seconds(65)

    var chance: SeededGenerator
    let disk = TwinDisk()
    let ledger: SwitchLedger
    let rules: [ShNodeName: GuardRules]
    var house = House()
    var life: Life
    var born = Duration.zero
    /// Where the sensors of each life begin to count.
    var bases: [Int64] = [1]
    var asked: [Int: Asked] = [:]
    /// The first answer to each command that was carried out or tried.
    var outcomes: [CommandID: CommandOutcome] = [:]
    /// Orders about holds, for each relay.
    var holdOrders: [ShNodeName: (count: Int, last: Duration)] = [:]
    var posted: [String: Posted] = [:]
    /// How many messages to the broker were looked at for answers.
    var published = 0
    var lastWord = Duration.zero
    var isHeard = true
    var faulty: [ShNodeName: Duration] = [:]
    var isFaulty: Set<ShNodeName> = []
    /// Since when a relay is on although nobody commands it, and although its feedback says otherwise.
    var unordered: [ShNodeName: Duration] = [:]
    var contradicted: Duration?
    var figures = Figures()
    private(set) var breaches: [String] = []
    /// What happened, for whoever replays a seed.
    private(set) var story: [String] = []

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
        figures.seeds = 1
        guard let layout = House().layout else { preconditionFailure("the house is well built") }
        rules = Dictionary(uniqueKeysWithValues: layout.nodes.map { ($0.name, $0.rules) })
        ledger = SwitchLedger(rules, layout.interlocks)
        life = Life(
            layout, disk: disk, after: nil, wall: WallTime(nanoseconds: 1_767_225_600_000_000_000),
            since: .zero, ledger: ledger, base: 1)
    }

    var now: Duration {
        born + MonotonicInstant(nanoseconds: 1_000_000_000).duration(to: life.clock.now)
    }

    func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }

    /// All of it, until the first breach.
    func run(steps: Int = 20) async {
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
            let state = await life.proactor.linkState(of: "site")
            note("link \(state.map { "\($0)" } ?? "none"), \(await life.journal.status())")
        }
        figures.simulated += now
        figures.switches = ledger.switches
        await life.drive(until: life.cut())
    }

    func fault(_ name: String) {
        figures.faults[name, default: 0] += 1
        note(name)
    }

    func note(_ words: String) { story.append("\(now): \(words)") }

    /// One look at whether a promise is kept.
    func expect(_ promise: Promise, _ isKept: Bool, _ words: @autoclosure () -> String) {
        figures.checks[promise, default: 0] += 1
        if !isKept { breaches.append("\(words()) (\(promise.rawValue))") }
    }

    // MARK: - Time

    func pass(_ time: Duration) async {
        let end = life.clock.now.advanced(by: time)
        repeat {
            await life.step(until: end, isBusy: House.relays.contains(where: isAsked))
            await check()
        } while life.clock.now < end && breaches.isEmpty
    }

    /// Lets everybody work while time stands still, until `isDone` or for long enough.
    func work(until isDone: () -> Bool) async {
        for _ in 0..<600 where !isDone() {
            for _ in 0..<5 { await life.proactor.turn() }
            await life.others()
        }
    }

    /// Fair weather until everything is where it belongs.
    private func end() async {
        for name in isFaulty.sorted() { plug(name) }
        life.flow.stick(false)
        life.journal.commit()
        mend()
        await pass(.seconds(20))
        await drain()
        checkReadings()
        for (id, post) in posted where breaches.isEmpty {
            expect(.answers, post.answers.count == 1, "\(id) is answered \(post.answers)")
        }
    }

    /// A backlog needs work and no time: the peer acknowledges at once. Twenty times is more than enough
    /// for what hung in the air before.
    private func drain() async {
        var pauses = 0
        while breaches.isEmpty, life.journal.waiting > 0 {
            let left = life.journal.waiting
            await work { life.journal.waiting < left }
            guard life.journal.waiting >= left else { continue }
            pauses += 1
            expect(.readings, pauses <= 20, "the peer never hears the last \(left) facts")
            await pass(.seconds(1))
        }
    }

    private static func difference(_ kept: [String], _ told: [String]) -> String {
        let place = zip(kept, told).prefix { $0 == $1 }.count
        return "after \(place) kept \(kept.dropFirst(place).prefix(3)), told "
            + "\(told.dropFirst(place).prefix(3))"
    }

    private func checkReadings() {
        for node in House.sensors + House.relays where breaches.isEmpty {
            let told = life.peer.stored.filter { $0.hasPrefix("\(node) ") }
            let kept = disk.readings(of: node)
            figures.readings += told.count
            // What was read since the last look may be on its way.
            expect(
                .readings, kept.starts(with: told) && kept.count - told.count <= 1,
                "of \(node) were kept \(kept.count) and told \(told.count); "
                    + Self.difference(kept, told))
        }
        var before: Int64?
        for words in disk.readings(of: "steady") where breaches.isEmpty {
            let value = words.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? -1
            expect(
                .readings, value == before.map { $0 + 1 } ?? 1 || bases.contains(value),
                "after \(before ?? 0) the steady sensor's \(value) was kept")
            before = value
        }
    }
}
