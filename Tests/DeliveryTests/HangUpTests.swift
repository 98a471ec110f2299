import TestMachine
import Testing
import Vocabulary

@testable import Delivery

/// A broker that hangs up at some messages without a word, and a gateway that goes on as well as it can.
///
/// A message is `TOPIC SIZE`. On each connection `birth` and `status` are said, in the size that the link
/// allows when they can be shorter, then a live value a second; history is one entry each half second.
private struct Broker {
    var link: Link<String>
    var hangsUp: (String) -> Bool
    var now = instant(1_000)
    var chance: SeededGenerator
    /// How large each entry of history is; a report of `perReport` of them is one message.
    var entrySize: (JournalOffset) -> Int = { _ in 300 }
    var perReport = 1
    var birthSize: (Int) -> Int = { min(1_000, max(300, $0)) }
    var statusSize: (Int) -> Int = { _ in 300 }

    private(set) var delivered: [String] = []
    private(set) var deadLettered: [ClosedRange<JournalOffset>] = []
    private(set) var told: [String] = []
    private(set) var hangUps = 0
    private var queue: [String] = []
    private var later: [String: String] = [:]
    private var wire: [(message: String, receipt: UInt64)] = []
    private var lastReceipt: UInt64 = 0
    private(set) var lastEntry: JournalOffset = 0
    private var gathered: [JournalOffset] = []
    private var reconnectAt = instant(1_000)

    init(seed: UInt64 = 1, hasPeer: Bool = false, hangsUp: @escaping (String) -> Bool) {
        chance = SeededGenerator(seed: seed)
        self.hangsUp = hangsUp
        link = Link(
            rules: LinkRules(window: 10), hasPeer: hasPeer, topics: ["a"],
            chance: SeededGenerator(seed: seed), size: Self.size)
        _ = link.handle(.start, at: now)
    }

    @Sendable static func size(_ message: String) -> Int {
        message.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    private static func topic(_ message: String) -> String {
        message.split(separator: " ").first.map { String($0) } ?? ""
    }

    /// The entries that reached the broker.
    var history: Set<JournalOffset> {
        Set(
            delivered.filter { $0.hasPrefix("history/") }.flatMap { message in
                let bounds = Self.topic(message).dropFirst("history/".count).split(separator: "-")
                    .compactMap { JournalOffset($0) }
                return bounds.count == 2 ? Array(bounds[0]...bounds[1]) : bounds
            })
    }

    func count(_ topic: String) -> Int { delivered.count { Self.topic($0) == topic } }

    mutating func pass(seconds: Int) {
        for half in 0..<seconds * 2 {
            if half % 2 == 0 { queue.append("live/\(half / 2 % 5) 250") }
            lastEntry += 1
            if !link.isConnected, now >= reconnectAt { connect() }
            if link.isConnected, link.hasPeer { take(.heard(isRetained: false)) }
            for _ in 0..<20 where link.isConnected {
                pump()
                transmit()
            }
            let end = now.advanced(by: .milliseconds(500))
            while let deadline = link.deadline, deadline <= end {
                now = max(now, deadline)
                take(.tick)
            }
            now = end
        }
    }

    private mutating func connect() {
        perform(link.announce(limit: nil))
        take(.connected)
        (queue, later) = (
            ["birth \(birthSize(link.limit))", "status \(statusSize(link.limit))"], [:]
        )
        pump()
        take(.subscribed("a"))
    }

    private mutating func take(_ input: Link<String>.Input) { perform(link.handle(input, at: now)) }

    private mutating func perform(_ actions: [Link<String>.Action]) {
        for action in actions {
            switch action {
            case .deadLettered(let facts, _): deadLettered.append(facts)
            case .record(.deadLettered, let detail): told.append(detail)
            case .rewind(let offset):
                gathered = []
                read = offset - 1
            default: break
            }
        }
    }

    private var read: JournalOffset = 0

    private mutating func pump() {
        if let topic = link.trialTopic {
            if let message = later.removeValue(forKey: topic) {
                send(other: message)
            } else {
                link.endTrial(of: topic)
            }
        }
        while link.canSend, !queue.isEmpty {
            let message = queue.removeFirst()
            switch link.clearance(of: Self.topic(message), bytes: Self.size(message)) {
            case .goes: send(other: message)
            case .waits: later[Self.topic(message)] = message
            case .never: break
            }
        }
        repeat {
            while let next = link.next {
                let receipts = next.messages.map { message -> UInt64? in put(message) }
                perform(link.handedOver(next.number, receipts: receipts, at: now))
            }
        } while readOn()
    }

    /// Entries are gathered into reports, which end sooner when they would be too large.
    private mutating func readOn() -> Bool {
        guard link.wantsMore, read < lastEntry else { return false }
        read += 1
        var batches: [Batch<String>] = []
        let size = gathered.reduce(0) { $0 + entrySize($1) }
        if !gathered.isEmpty, size + entrySize(read) > link.limit { batches.append(report()) }
        gathered.append(read)
        if gathered.count == perReport { batches.append(report()) }
        perform(link.read(read, making: batches))
        return true
    }

    private mutating func report() -> Batch<String> {
        let covers = gathered[0]...gathered[gathered.count - 1]
        let size = gathered.reduce(0) { $0 + entrySize($1) }
        gathered = []
        let name = "history/\(covers.lowerBound)-\(covers.upperBound)"
        return Batch(
            covers: covers, identity: link.hasPeer ? name : nil, messages: ["\(name) \(size)"])
    }

    private mutating func send(other message: String) {
        link.handedOver(
            other: put(message), on: Self.topic(message), bytes: Self.size(message))
    }

    private mutating func put(_ message: String) -> UInt64 {
        lastReceipt += 1
        wire.append((message, lastReceipt))
        return lastReceipt
    }

    /// The broker takes what is on the wire, up to what it does not like; then some of its receipts are lost.
    private mutating func transmit() {
        let messages = wire
        wire = []
        var taken = messages.prefix { !hangsUp($0.message) }
        delivered += taken.map(\.message)
        let hasHungUp = taken.count < messages.count
        if hasHungUp, Bool.random(using: &chance) { taken = taken.prefix(taken.count / 2) }
        for (message, receipt) in taken {
            take(.received(receipt))
            if link.hasPeer, message.hasPrefix("history/") {
                take(.acknowledged(Self.topic(message)))
            }
        }
        guard hasHungUp else { return }
        hangUps += 1
        wire = []
        reconnectAt = now.advanced(by: .seconds(1))
        take(.disconnected("the broker closed the connection"))
    }
}

@Suite(.ownThread) struct `A broker that hangs up` {
    private func isLarge(_ message: String) -> Bool { Broker.size(message) > 600 }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `at a birth that is too large gets a shorter one, and all the rest`(seed: UInt64) {
        var broker = Broker(seed: seed, hangsUp: isLarge)
        broker.statusSize = { min(700, max(300, $0)) }
        broker.pass(seconds: 120)
        #expect(broker.hangUps <= 6)
        #expect(broker.count("birth") > 0 && broker.count("status") > 0)
        #expect(broker.deadLettered == [])
        #expect(broker.history.count > 200)
        #expect(broker.told.count == 1)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>, [true, false])
    func `at some entries gets all others, and only those are dead-lettered`(
        seed: UInt64, hasPeer: Bool
    ) {
        let isPoison = { (number: JournalOffset) in [7, 8, 55].contains(number) }
        var broker = Broker(
            seed: seed, hasPeer: hasPeer,
            hangsUp: { message in
                message.hasPrefix("history/7-") || message.hasPrefix("history/8-")
                    || message.hasPrefix("history/55-")
            })
        broker.pass(seconds: 240)
        #expect(broker.deadLettered.map(\.lowerBound).sorted() == [7, 8, 55])
        #expect(broker.hangUps <= 16, "\(broker.hangUps)")
        #expect(
            broker.history == Set((1...broker.lastEntry).filter { !isPoison($0) }),
            "\(Set(1...broker.lastEntry).subtracting(broker.history))")
        #expect(broker.count("live/1") > 10)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `at long reports gets them in pieces, and no entry is dead-lettered`(seed: UInt64) {
        var broker = Broker(seed: seed, hasPeer: true, hangsUp: isLarge)
        (broker.perReport, broker.entrySize) = (20, { _ in 100 })
        broker.birthSize = { _ in 300 }
        broker.pass(seconds: 240)
        #expect(broker.deadLettered == [])
        #expect(broker.hangUps <= 8, "\(broker.hangUps)")
        let last = broker.lastEntry - 20
        #expect(broker.history.isSuperset(of: 1...last))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `at a live value misses that one alone`(seed: UInt64) {
        var broker = Broker(seed: seed, hangsUp: { $0.hasPrefix("live/3 ") })
        broker.pass(seconds: 120)
        #expect(broker.hangUps <= 6)
        #expect(broker.deadLettered == [])
        #expect(broker.history.count == Int(broker.lastEntry))
        for topic in ["birth", "status", "live/0", "live/1", "live/2", "live/4"] {
            #expect(broker.count(topic) > 0)
        }
    }

    @Test(arguments: [true, false])
    func `at a topic is asked again after a day, with one message alone`(isMended: Bool) {
        var broker = Broker(hangsUp: { $0.hasPrefix("live/3 ") })
        broker.pass(seconds: 120)
        #expect(broker.told.count == 1)
        let hangUps = broker.hangUps
        if isMended { broker.hangsUp = { _ in false } }
        broker.now = broker.now.advanced(by: .seconds(86_400))
        broker.pass(seconds: 120)
        #expect((broker.count("live/3") > 0) == isMended)
        #expect(broker.hangUps == hangUps + (isMended ? 0 : 1))
        #expect(broker.told.count == (isMended ? 1 : 2))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `at everything, for a while, has nothing dead-lettered or left out`(seed: UInt64) {
        var broker = Broker(seed: seed, hangsUp: { _ in true })
        broker.pass(seconds: 300)
        #expect(broker.delivered == [])
        broker.hangsUp = { _ in false }
        broker.pass(seconds: 120)
        #expect(broker.deadLettered == [])
        #expect(broker.told == [])
        #expect(broker.history == Set(1...broker.lastEntry))
        for topic in ["birth", "status", "live/0", "live/1", "live/2", "live/3", "live/4"] {
            #expect(broker.count(topic) > 0, "\(topic)")
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `at all history has it wait, and gets the rest`(seed: UInt64) {
        var broker = Broker(seed: seed, hangsUp: { $0.hasPrefix("history/") })
        broker.pass(seconds: 1_800)
        #expect(broker.deadLettered == [])
        // About one try in five minutes, in the end.
        #expect(broker.hangUps < 30, "\(broker.hangUps)")
        #expect(broker.count("live/1") > 300)
        broker.hangsUp = { _ in false }
        broker.pass(seconds: 400)
        #expect(broker.deadLettered == [])
        #expect(broker.history.count == Int(broker.lastEntry))
    }

    @Test func `by chance is no reason to leave anything out`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            var broker = Broker(seed: seed, hangsUp: { _ in false })
            var chance = SeededGenerator(seed: seed)
            for _ in 0..<40 {
                let lost = Int.random(in: 0..<6, using: &chance)
                var messages = 0
                broker.hangsUp = { _ in
                    messages += 1
                    return messages % 7 == lost
                }
                broker.pass(seconds: 10)
            }
            broker.hangsUp = { _ in false }
            broker.pass(seconds: 400)
            #expect(broker.deadLettered.count <= 1, "seed \(seed)")
            #expect(
                broker.history.count + broker.deadLettered.count >= Int(broker.lastEntry),
                "seed \(seed)")
        }
    }
}
