import Links
import Testing
import Vocabulary

@Suite struct `A delivery window` {
    @Test func `has room for its capacity, and takes it back with each acknowledgement`() {
        var window = DeliveryWindow<Int>(capacity: 3)
        #expect(window.room == 3)
        window.handedOver(1, as: [11, 12])
        window.handedOver(other: 90)
        #expect((window.room, window.inFlight) == (0, 3))
        _ = window.settled(90)
        #expect((window.room, window.inFlight) == (1, 2))
    }

    @Test func `has no room left, and no less, when a fact takes more messages than fit`() {
        var window = DeliveryWindow<Int>(capacity: 2)
        window.handedOver(1, as: [1, 2, 3, 4])
        #expect((window.room, window.inFlight) == (0, 4))
    }

    @Test func `moves its cursor with each fact that is acknowledged in order`() {
        var window = DeliveryWindow<Int>(capacity: 9)
        window.handedOver(1, as: [11])
        window.handedOver(2, as: [12])
        #expect(window.settled(11) == 1)
        #expect(window.settled(12) == 2)
        #expect(window.acknowledged == 2)
    }

    @Test func `holds its cursor until the gap before it is closed`() {
        var window = DeliveryWindow<Int>(capacity: 9)
        for sequence in 1...3 { window.handedOver(Sequence64(sequence), as: [10 + sequence]) }
        #expect(window.settled(13) == nil)
        #expect(window.settled(12) == nil)
        #expect(window.acknowledged == 0)
        #expect(window.settled(11) == 3)
    }

    @Test func `counts a fact as acknowledged when all of its messages are`() {
        var window = DeliveryWindow<Int>(capacity: 9)
        window.handedOver(1, as: [1, 2, 3])
        #expect(window.settled(1) == nil)
        #expect(window.settled(3) == nil)
        #expect(window.settled(2) == 1)
    }

    @Test func `passes over sequences that no longer exist`() {
        var window = DeliveryWindow<Int>(capacity: 9, acknowledged: 40)
        window.handedOver(1_000, as: [1])
        window.handedOver(2_000, as: [2])
        #expect(window.settled(2) == nil)
        #expect(window.settled(1) == 2_000)
        #expect(window.handedOver == 2_000)
    }

    @Test func `moves over a fact that has nothing to say, in its turn`() {
        var window = DeliveryWindow<Int>(capacity: 9)
        window.handedOver(1, as: [1])
        window.handedOver(2, as: [])
        #expect(window.advance() == nil)
        #expect(window.settled(1) == 2)
        window.handedOver(3, as: [])
        #expect(window.advance() == 3)
        #expect(window.advance() == nil)
    }

    @Test func `takes no notice of messages that it does not know or has settled`() {
        var window = DeliveryWindow<Int>(capacity: 9)
        window.handedOver(1, as: [1])
        window.handedOver(2, as: [2])
        #expect(window.settled(99) == nil)
        #expect(window.settled(1) == 1)
        #expect(window.settled(1) == nil)
        #expect(window.acknowledged == 1)
    }

    @Test func `starts again after the cursor, and old acknowledgements move nothing`() {
        var window = DeliveryWindow<Int>(capacity: 9)
        for sequence in 1...3 { window.handedOver(Sequence64(sequence), as: [sequence]) }
        window.handedOver(other: 90)
        _ = window.settled(1)
        window.restart()
        #expect((window.acknowledged, window.handedOver) == (1, 1))
        #expect(window.room == 9)
        #expect(window.settled(2) == nil)
        window.handedOver(2, as: [22])
        #expect(window.settled(22) == 2)
    }
}

/// What a window promises, written down as plainly as possible.
private struct Model {
    var acknowledged: Sequence64 = 0
    var facts: [(sequence: Sequence64, messages: Set<Int>)] = []
    var others: Set<Int> = []

    var outstanding: [Int] { facts.flatMap { $0.messages.sorted() } + others.sorted() }

    var count: Int { facts.reduce(others.count) { $0 + $1.messages.count } }

    mutating func settle(_ message: Int) {
        others.remove(message)
        for index in facts.indices where facts[index].messages.contains(message) {
            facts[index].messages.remove(message)
        }
    }

    /// How far all is acknowledged now; nil when that did not move.
    mutating func advance() -> Sequence64? {
        let before = acknowledged
        while let first = facts.first, first.messages.isEmpty {
            acknowledged = first.sequence
            facts.removeFirst()
        }
        return acknowledged == before ? nil : acknowledged
    }
}

@Suite struct `A delivery window on a random walk of 100,000 steps` {
    @Test func `is always where the model is`() {
        let seed: UInt64 = 1
        var chance = SeededGenerator(seed: seed)
        var window = DeliveryWindow<Int>(capacity: 20)
        var model = Model()
        var message = 0
        func fresh() -> Int {
            message += 1
            return message
        }
        for step in 0..<100_000 {
            var isSame = true
            switch Int.random(in: 0..<100, using: &chance) {
            case 0..<30 where window.room > 0:
                let sequence = window.handedOver + UInt64.random(in: 1...3, using: &chance)
                let messages = (0..<Int.random(in: 0...3, using: &chance)).map { _ in fresh() }
                window.handedOver(sequence, as: messages)
                model.facts.append((sequence, Set(messages)))
                isSame = window.advance() == model.advance()
            case 30..<45 where window.room > 0:
                let other = fresh()
                window.handedOver(other: other)
                model.others.insert(other)
            case 45..<47:
                window.restart()
                (model.facts, model.others) = ([], [])
                isSame = window.handedOver == model.acknowledged
            case 47..<52:
                let unknown = Int.random(in: -9...message, using: &chance)
                model.settle(unknown)
                isSame = window.settled(unknown) == model.advance()
            default:
                guard let known = model.outstanding.randomElement(using: &chance) else { continue }
                model.settle(known)
                isSame = window.settled(known) == model.advance()
            }
            isSame =
                isSame && window.acknowledged == model.acknowledged
                && window.inFlight == model.count && window.room == max(0, 20 - model.count)
            guard isSame else {
                Issue.record("seed \(seed), step \(step): the window is not where the model is")
                return
            }
        }
        #expect(model.acknowledged > 10_000)
    }
}
