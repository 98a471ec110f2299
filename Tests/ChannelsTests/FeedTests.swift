import Fakes
import Testing
import Vocabulary

@testable import Channels

@Suite(.timeLimit(.minutes(10))) struct `A feed` {
    private let clock = ManualClock()
    private let feed: Feed<String, Int>

    init() { feed = Feed(clock: clock) }

    @Test func `holds the newest value of each key and when it came`() {
        #expect(feed.latest("tank") == nil)
        feed.send(1, for: "tank")
        clock.advance(by: .seconds(1))
        feed.send([("tank", 2), ("room", 3)].map { (key: $0.0, value: $0.1) })
        #expect(feed.latest("tank")?.value == 2)
        #expect(feed.latest("tank")?.at == clock.now)
        #expect(feed.latest?.key == "room")
        #expect(feed.latestOfEach == ["tank": 2, "room": 3])
    }

    @Test func `gives every subscriber every value, in order`() async {
        let subscriptions = (0..<3).map { feed.subscribe("\($0)", .newest(8)) }
        for value in 1...5 { #expect(feed.send(value, for: "tank") == .sent) }
        for subscription in subscriptions {
            let values = await subscription.nextBatch()?.map(\.element.value)
            #expect(values == [1, 2, 3, 4, 5])
        }
    }

    @Test func `replays nothing, the latest, or the latest of each key to who comes late`() {
        for (key, value) in [("tank", 1), ("room", 2), ("tank", 3)] { feed.send(value, for: key) }
        #expect(feed.subscribe("a", .newest(4)).takeBatch() == nil)
        #expect(values(feed.subscribe("b", .newest(4), replay: .latest)) == [3])
        #expect(values(feed.subscribe("c", .newest(4), replay: .latestPerKey)) == [2, 3])
        #expect(values(feed.subscribe("d", .newestPerKey, replay: .latestPerKey)) == [2, 3])
        #expect(values(feed.subscribe("e", .newest(1), replay: .latestPerKey)) == [3])
    }

    @Test func `keeps the newest n and reports in band how many were lost before`() {
        let subscription = feed.subscribe("page", .newest(3))
        for value in 1...10 { feed.send(value, for: "tank") }
        #expect(subscription.take().map { [$0.element.value, $0.lost] } == [8, 7])
        #expect(subscription.take().map { [$0.element.value, $0.lost] } == [9, 0])
        feed.send(11, for: "tank")
        feed.send(12, for: "tank")
        feed.send(13, for: "tank")
        #expect(
            subscription.takeBatch()?.map { [$0.element.value, $0.lost] } == [
                [11, 1], [12, 0], [13, 0],
            ])
        #expect(feed.subscribers.map { $0.counts[.dropped] } == [8])
    }

    @Test func `keeps one element and counts the rest when it may hold one`() {
        let subscription = feed.subscribe("page", .newest(1))
        for value in 1...4 { feed.send(value, for: "tank") }
        #expect(subscription.take().map { [$0.element.value, $0.lost] } == [4, 3])
    }

    @Test func `keeps the newest of each key, in the order in which the keys spoke up`() async {
        let subscription = feed.subscribe("page", .newestPerKey)
        for (key, value) in [("tank", 1), ("room", 2), ("tank", 3)] { feed.send(value, for: key) }
        #expect(await subscription.next().map { [$0.element.value, $0.lost] } == [3, 1])
        #expect(await subscription.next().map { [$0.element.value, $0.lost] } == [2, 0])
        feed.send(4, for: "tank")
        #expect(subscription.takeBatch()?.values == ["tank": 4])
        #expect(subscription.takeBatch() == nil)
    }

    @Test
    func `reports to the sender when one that must lose nothing is full, and to that one as well`()
    {
        let store = feed.subscribe("store", .lossless(2))
        let page = feed.subscribe("page", .newest(1))
        #expect(feed.send(1, for: "tank") == .sent)
        #expect(feed.send(2, for: "tank") == .sent)
        #expect(feed.send(3, for: "tank") == .full(["store"]))
        #expect(page.take()?.element.value == 3)
        #expect(values(store) == [1, 2])
        #expect(feed.send(4, for: "tank") == .sent)
        #expect(store.take().map { [$0.element.value, $0.lost] } == [4, 1])
    }

    @Test func `counts exactly what a sender that never yields loses`() {
        let subscription = feed.subscribe("page", .newest(50))
        for value in 1...100_000 { feed.send(value, for: "tank") }
        let batch = subscription.takeBatch()
        #expect(batch?.count == 50)
        #expect(batch?.lost == 99_950)
        #expect(feed.subscribers.first?.counts[.dropped] == 99_950)
    }

    @Test func `loses nothing of a live subscriber beside one that is stuck`() async {
        let stuck = feed.subscribe("stuck", .newest(4))
        let live = feed.subscribe("live", .newest(4))
        for value in 0..<10_000 {
            feed.send(value, for: "tank")
            let delivery = await live.next()
            #expect(delivery?.element.value == value && delivery?.lost == 0)
        }
        #expect(stuck.takeBatch()?.lost == 9_996)
    }

    @Test func `wakes a subscriber that waits`() async {
        let subscription = feed.subscribe("page", .newest(1))
        let waiting = Task.immediate { await subscription.next() }
        feed.send(1, for: "tank")
        #expect(await waiting.value?.element.value == 1)
    }

    @Test func `that is closed accepts nothing, is drained, then ends with its cause`() async {
        let cause = Cause.failed("the gateway stops")
        let subscription = feed.subscribe("page", .newest(4))
        feed.send(1, for: "tank")
        feed.send(2, for: "tank")
        feed.close(cause)
        feed.close(.finished)
        #expect(feed.send(3, for: "tank") == .closed(cause))
        #expect(await subscription.next()?.element.value == 1)
        #expect(await subscription.nextBatch()?.values == ["tank": 2])
        #expect(await subscription.next() == nil)
        #expect(subscription.cause == cause)
        #expect(feed.latest("tank")?.value == 2)
    }

    @Test func `wakes a waiting subscriber when it is closed`() async {
        let subscription = feed.subscribe("page", .newest(4))
        let waiting = Task.immediate { await subscription.next() }
        feed.close()
        #expect(await waiting.value == nil)
    }

    @Test func `ends a wait whose task is cancelled, and goes on for the next`() async {
        let subscription = feed.subscribe("page", .newest(4))
        let waiting = Task.immediate { await subscription.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        #expect(subscription.cause == nil)
        feed.send(1, for: "tank")
        #expect(await subscription.next()?.element.value == 1)
    }

    @Test func `keeps its cause and its losses through map and filter`() async {
        let even = feed.subscribe("page", .newest(3)).filter { $0.value.isMultiple(of: 2) }
            .map { "\($0.key) \($0.value)" }
        for value in 1...6 { feed.send(value, for: "tank") }
        #expect(await even.next() == Optional(Arrival("tank 4", lost: 3)))
        #expect(await even.next() == Optional(Arrival("tank 6", lost: 0)))
        feed.close(.failed("gone"))
        #expect(await even.next() == nil)
        #expect(even.cause == .failed("gone"))
    }

    @Test func `has as many subscribers after 1,000 restarts as before`() async {
        let page = feed.subscribe("page", .newest(4))
        for restart in 0..<1_000 {
            let subscription = feed.subscribe("rule", .newest(4))
            feed.send(restart, for: "tank")
            for await delivery in subscription {
                #expect(delivery.element.value == restart)
                break
            }
        }
        #expect(feed.subscribers.map(\.name) == ["page"])
        #expect(page.takeBatch()?.count == 4)
    }

    @Test func `shows who is behind, by how much and for how long`() {
        let slow = feed.subscribe("slow", .newest(2))
        for value in 1...3 {
            feed.send(value, for: "tank")
            clock.advance(by: .seconds(1))
        }
        #expect(
            feed.subscribers == [
                QueueStatus(
                    name: "slow", counts: [.depth: 2, .dropped: 1, .age: 2_000_000_000])
            ])
        _ = slow.takeBatch()
        #expect(feed.subscribers.first?.counts[age: .age] == .zero)
    }

    @Test func `loses and doubles nothing when many send at once`() async {
        let feed = Feed<Int, Int>(clock: clock)
        let subscription = feed.subscribe("store", .lossless(16_000))
        await withTaskGroup { group in
            for sender in 0..<8 {
                group.addTask { for value in 0..<2_000 { feed.send(value, for: sender) } }
            }
            var next = Array(repeating: 0, count: 8)
            while next.reduce(0, +) < 16_000, let delivery = await subscription.next() {
                #expect(delivery.element.value == next[delivery.element.key])
                next[delivery.element.key] += 1
            }
        }
    }

    private func values(_ subscription: Subscription<String, Int>) -> [Int]? {
        subscription.takeBatch()?.map(\.element.value)
    }
}
