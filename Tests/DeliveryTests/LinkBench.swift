import Testing
import Vocabulary

@testable import Delivery

func instant(_ seconds: Double) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: Int64((seconds * 1e9).rounded()))
}

/// A link, its clock, and a session that takes everything.
struct LinkBench {
    var link: Link<String>
    var now = instant(1_000)
    private(set) var said: [Link<String>.Action] = []
    /// What was handed over, in order.
    private(set) var sent: [String] = []
    /// The receipts that the broker owes, by message.
    private(set) var receipts: [(message: String, number: UInt64)] = []
    private var lastReceipt: UInt64 = 0
    private var lastEntry: JournalOffset = 0

    init(
        hasPeer: Bool = true, window: Int = 10, attempts: Int = 3, topics: [String] = ["a", "b"]
    ) {
        link = Link(
            rules: LinkRules(window: window, attempts: attempts), hasPeer: hasPeer, topics: topics,
            chance: SeededGenerator(seed: 1))
    }

    @discardableResult
    mutating func take(_ input: Link<String>.Input) -> [Link<String>.Action] {
        let actions = link.handle(input, at: now)
        said += actions
        return actions
    }

    /// Moves on, with a tick at each deadline.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let deadline = link.deadline, deadline <= end {
            now = max(now, deadline)
            take(.tick)
        }
        now = end
    }

    /// Entries are read and handed over as far as there is room, each as one message "f1", "f2", …
    mutating func write(_ count: Int) {
        for _ in 0..<count where link.wantsMore {
            lastEntry += 1
            let identity = link.hasPeer ? "f\(lastEntry)" : nil
            said += link.read(
                lastEntry,
                making: [
                    Batch(
                        covers: lastEntry...lastEntry, identity: identity,
                        messages: ["f\(lastEntry)"])
                ])
            handOver()
        }
    }

    mutating func handOver() {
        while let next = link.next {
            sent += next.messages
            let numbers = next.messages.map { message in
                lastReceipt += 1
                receipts.append((message, lastReceipt))
                return lastReceipt
            }
            said += link.handedOver(next.number, receipts: numbers, at: now)
        }
    }

    /// The broker has taken over all that it was given.
    mutating func receiveAll() {
        let numbers = receipts.map(\.number)
        receipts = []
        for number in numbers { take(.received(number)) }
    }

    /// The broker owes this receipt no more.
    mutating func forget(_ receipt: UInt64) { receipts.removeAll { $0.number == receipt } }

    mutating func forgetSaid() { (said, sent) = ([], []) }

    mutating func connect(subscribing: Bool = true) {
        take(.start)
        take(.connected)
        if subscribing { for topic in link.topics { take(.subscribed(topic)) } }
    }

    mutating func activate() {
        connect()
        if link.hasPeer { take(.heard(isRetained: false)) }
    }

    var pings: [String] {
        said.compactMap { if case .ping(let identity) = $0 { identity } else { nil } }
    }
    var told: [GatewayEvent.Kind] {
        said.compactMap { if case .record(let kind, _) = $0 { kind } else { nil } }
    }
    var deadLettered: [ClosedRange<JournalOffset>] {
        said.compactMap { if case .deadLettered(let facts, _) = $0 { facts } else { nil } }
    }
}
