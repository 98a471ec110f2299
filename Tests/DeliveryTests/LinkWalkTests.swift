import TestMachine
import Testing
import Vocabulary

@testable import Delivery

/// A peer, a broker and a journal that do what they like, and what a link promises, written down plainly.
private struct World {
    static let rules = LinkRules(
        window: 8, ackTimeout: .seconds(5), pollPeriod: .seconds(60), attempts: 3)

    struct Written {
        let covers: ClosedRange<JournalOffset>
        var handovers = 0
        var owed = 0
    }

    var chance: SeededGenerator
    var link: Link<String>
    var now = instant(1_000)
    /// What was written and is neither acknowledged nor dead-lettered.
    var batches: [String: Written] = [:]
    var settled: Set<String> = []
    var gathered: [JournalOffset] = []
    var lastRead: JournalOffset = 0
    var lastFirstSent: JournalOffset = 0
    var cursor: JournalOffset = 0
    var receipts: [(number: UInt64, identity: String?)] = []
    var lastReceipt: UInt64 = 0
    /// Acknowledgements that the peer has made and the link has not got.
    var acknowledgements: [String] = []
    /// What has reached a peer that is frozen.
    var unread: [String] = []
    var isPeerFrozen = false
    var isBrokerThere = true
    var lastHeard = instant(1_000)
    var pings = 0
    var mayPing = 1.0
    var deactivations = 0
    var deadLettered: [String] = []
    var acknowledged = 0
    var problems: [String] = []

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
        link = Link(
            rules: Self.rules, hasPeer: true, topics: ["a"], chance: SeededGenerator(seed: seed))
    }

    func isPoison(_ identity: String) -> Bool {
        identity.hasSuffix("13") || identity.hasSuffix("57")
    }

    mutating func check(_ holds: Bool, _ problem: String) {
        if !holds { problems.append(problem) }
    }

    // MARK: - The link's caller

    mutating func give(_ input: Link<String>.Input) {
        let wasActive = link.state == .active
        perform(link.handle(input, at: now))
        if wasActive, link.state != .active {
            deactivations += 1
            mayPing += 1
        }
        checkPromises()
    }

    mutating func perform(_ actions: [Link<String>.Action]) {
        for action in actions {
            switch action {
            case .ping(let identity):
                pings += 1
                arrive(identity)
            case .advance(let through):
                check(through > cursor, "the cursor goes back to \(through)")
                cursor = through
                checkCursor()
            case .deadLettered(let facts, _):
                guard
                    let (identity, batch) = batches.first(where: {
                        $0.value.covers == facts
                    })
                else {
                    check(false, "\(facts) dead-lettered and acknowledged, or never written")
                    continue
                }
                check(
                    batch.handovers >= Self.rules.attempts,
                    "\(identity) dead-lettered after \(batch.handovers) attempts")
                settle(identity)
                deadLettered.append(identity)
            case .subscribe, .connect, .disconnect, .greetPeer, .record, .handOver, .rewind: break
            }
        }
    }

    mutating func settle(_ identity: String) {
        batches[identity] = nil
        settled.insert(identity)
    }

    mutating func arrive(_ identity: String) {
        guard isBrokerThere else { return }
        if isPeerFrozen { unread.append(identity) } else { read(identity) }
    }

    mutating func read(_ identity: String) {
        if !isPoison(identity) { acknowledgements.append(identity) }
    }

    mutating func pump() {
        while true {
            while let next = link.next {
                let identity = next.messages[0]
                guard batches[identity] != nil else {
                    check(false, "\(identity) is settled and sent again")
                    return
                }
                let isFirst = batches[identity]!.handovers == 0
                if isFirst {
                    let offset = batches[identity]!.covers.upperBound
                    check(offset > lastFirstSent, "\(identity) overtakes")
                    lastFirstSent = offset
                }
                batches[identity]!.handovers += 1
                lastReceipt += 1
                receipts.append((lastReceipt, identity))
                batches[identity]!.owed += 1
                perform(link.handedOver(next.number, receipts: [lastReceipt], at: now))
                arrive(identity)
            }
            guard link.wantsMore else { break }
            write()
        }
    }

    /// The next entry is read: gathered, without words, or written alone or with what was gathered.
    mutating func write() {
        lastRead += UInt64.random(in: 1...2, using: &chance)
        gathered.append(lastRead)
        switch Int.random(in: 0..<10, using: &chance) {
        case 0..<3: perform(link.read(lastRead, making: []))
        case 3:
            let covers = gathered[0]...lastRead
            gathered = []
            perform(link.read(lastRead, making: [Batch(covers: covers, messages: [])]))
        default:
            let covers = gathered[0]...lastRead
            gathered = []
            let identity = "p\(lastRead)"
            batches[identity] = Written(covers: covers)
            perform(
                link.read(
                    lastRead,
                    making: [
                        Batch(covers: covers, identity: identity, messages: [identity])
                    ]))
        }
    }

    // MARK: - The world

    mutating func step() {
        switch Int.random(in: 0..<1000, using: &chance) {
        case 0..<300: pass(.milliseconds(Int64.random(in: 1...800, using: &chance)))
        case 300..<650: deliver()
        case 650..<850: receive()
        case 850..<900 where !isPeerFrozen && isBrokerThere:
            hear()
        case 900..<903: isPeerFrozen = true
        case 903..<915 where isPeerFrozen: thaw()
        case 915..<917: lose()
        case 917..<940: connect()
        case 940..<943: acknowledgements.removeAll { _ in Bool.random(using: &chance) }
        case 943..<950: give(.heard(isRetained: true))
        case 950..<952: pass(.seconds(Int64.random(in: 1...100, using: &chance)))
        case 952..<960 where !isPeerFrozen && isBrokerThere:
            lastHeard = now
            give(.acknowledged("nobody"))
        default: break
        }
        pump()
        checkPromises()
    }

    mutating func hear() {
        lastHeard = now
        give(.heard(isRetained: false))
    }

    mutating func thaw() {
        isPeerFrozen = false
        for identity in unread { read(identity) }
        unread = []
    }

    mutating func lose() {
        guard isBrokerThere, link.isConnected else { return }
        isBrokerThere = false
        (receipts, unread) = ([], [])
        for identity in batches.keys {
            batches[identity]!.owed = 0
        }
        give(.disconnected("gone"))
    }

    mutating func connect() {
        guard !link.isConnected else { return }
        isBrokerThere = true
        give(.connected)
        mayPing += 1
        give(.subscribed("a"))
    }

    /// One acknowledgement reaches the link, any of those that are in flight.
    mutating func deliver() {
        guard !acknowledgements.isEmpty, !isPeerFrozen else { return }
        let index = Int.random(in: 0..<min(4, acknowledgements.count), using: &chance)
        let identity = acknowledgements.remove(at: index)
        if batches[identity] != nil {
            settle(identity)
            acknowledged += 1
        }
        lastHeard = now
        give(.acknowledged(identity))
        checkCursor()
    }

    mutating func receive() {
        guard isBrokerThere, !receipts.isEmpty else { return }
        let (number, identity) = receipts.removeFirst()
        if let identity { batches[identity]?.owed -= 1 }
        give(.received(number))
    }

    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        mayPing += Double(duration.wholeNanoseconds) / 5e9
        var ticks = 0
        while let deadline = link.deadline, deadline <= end {
            ticks += 1
            now = max(now, deadline)
            give(.tick)
            if ticks > 1000 {
                check(false, "time stands still")
                break
            }
        }
        now = end
    }

    // MARK: - The promises

    mutating func checkPromises() {
        let window = Self.rules.window
        check(receipts.count <= window, "\(receipts.count) receipts are owed")
        check(
            batches.count <= 2 * window,
            "\(batches.count) batches are not acknowledged")
        if link.state == .active {
            let limit = Self.rules.pollPeriod + Self.rules.ackTimeout
            check(lastHeard.duration(to: now) <= limit, "a dead peer was not noticed")
        }
        check(Double(pings) <= mayPing + 1, "\(pings) pings, \(mayPing) would do")
        check(link.cursor == cursor, "the cursor moved without a word")
    }

    mutating func checkCursor() {
        var through = lastRead
        if let first = gathered.first { through = min(through, first - 1) }
        for batch in batches.values {
            through = min(through, batch.covers.lowerBound - 1)
        }
        check(cursor <= through, "the cursor is at \(cursor), all is settled up to \(through) only")
    }

    /// From now on everybody does as they should.
    mutating func settle() {
        connect()
        if isPeerFrozen { thaw() }
        hear()
        for _ in 0..<400 {
            pump()
            while !acknowledgements.isEmpty { deliver() }
            while !receipts.isEmpty { receive() }
            pass(.seconds(1))
        }
    }
}

@Suite(.ownThread) struct `A link on random walks` {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `keeps its promises for 10,000 steps, and delivers all in the end`(_ seed: UInt64) {
        var world = World(seed: seed)
        world.give(.start)
        for step in 0..<10_000 {
            world.step()
            guard world.problems.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(world.problems)")
                return
            }
        }
        world.settle()
        #expect(world.problems == [], "seed \(seed)")
        let lost = world.batches.filter { !world.isPoison($0.key) }
        #expect(lost.isEmpty, "seed \(seed): \(lost.keys.sorted())")
        #expect(world.deadLettered.contains(where: world.isPoison), "seed \(seed)")
        #expect(world.acknowledged > 300, "seed \(seed)")
        #expect(world.deactivations > 3, "seed \(seed)")
    }
}
