import Channels
import Testing

@Suite(.timeLimit(.minutes(1))) struct `A feed` {
    @Test func `holds the newest value of each key`() {
        let feed = Feed<String, Int>()
        #expect(feed.latest("tank") == nil)
        feed.send(1, for: "tank")
        feed.send(["tank": 2, "room": 3])
        #expect(feed.latest("tank") == 2)
        #expect(feed.latest == ["tank": 2, "room": 3])
    }

    @Test func `begins for a subscriber with the latest values`() async {
        let feed = Feed<String, Int>()
        feed.send(1, for: "tank")
        feed.send(2, for: "tank")
        let subscription = feed.subscribe("page")
        #expect(await subscription.next() == ["tank": 2])
    }

    @Test func `tells a subscriber what changed since it last looked, and no more`() async {
        let feed = Feed<String, Int>()
        feed.send(["tank": 1, "room": 2])
        let subscription = feed.subscribe("page")
        _ = await subscription.next()
        feed.send(3, for: "tank")
        #expect(await subscription.next() == ["tank": 3])
    }

    @Test func `counts what a slow subscriber missed, for it alone`() async {
        let feed = Feed<String, Int>()
        let (slow, quick) = (feed.subscribe("slow"), feed.subscribe("quick"))
        for value in 1...5 {
            feed.send(value, for: "tank")
            #expect(await quick.next() == ["tank": value])
        }
        #expect(await slow.next() == ["tank": 5])
        let missed = Dictionary(uniqueKeysWithValues: feed.subscribers.map { ($0.name, $0.missed) })
        #expect(missed == ["slow": 4, "quick": 0])
    }

    @Test func `wakes a subscriber that waits`() async {
        let feed = Feed<String, Int>()
        let subscription = feed.subscribe("page")
        async let news = subscription.next()
        feed.send(1, for: "tank")
        #expect(await news == ["tank": 1])
    }

    @Test func `that is closed lets subscribers see the last values, then ends for good`() async {
        let feed = Feed<String, Int>()
        let subscription = feed.subscribe("page")
        feed.send(1, for: "tank")
        feed.close()
        feed.send(2, for: "tank")
        #expect(await subscription.next() == ["tank": 1])
        #expect(await subscription.next() == nil)
        #expect(feed.latest("tank") == 1)
    }

    @Test func `ends for a subscriber that waits when it is closed`() async {
        let feed = Feed<String, Int>()
        let subscription = feed.subscribe("page")
        async let news = subscription.next()
        feed.close()
        #expect(await news == nil)
    }

    @Test func `ends for a subscriber whose task is cancelled`() async {
        let feed = Feed<String, Int>()
        let subscription = feed.subscribe("page")
        let waiting = Task { await subscription.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        feed.send(1, for: "tank")
        #expect(await subscription.next() == ["tank": 1])
    }

    @Test func `forgets 1,000 subscriptions when they are let go`() {
        let feed = Feed<String, Int>()
        feed.send(1, for: "tank")
        var subscriptions = (0..<1_000).map { feed.subscribe("\($0)") }
        #expect(feed.subscribers.count == 1_000)
        subscriptions.removeAll()
        #expect(feed.subscribers.count == 0)
    }

    @Test func `loses nothing of a live subscriber beside one that is stuck`() async {
        let feed = Feed<Int, Int>()
        let stuck = feed.subscribe("stuck")
        let live = feed.subscribe("live")
        var seen: [Int] = []
        for value in 0..<10_000 {
            feed.send(value, for: value % 7)
            seen += await live.next()?.values.map { $0 } ?? []
        }
        #expect(seen == Array(0..<10_000))
        #expect(await stuck.next()?.count == 7)
    }
}
