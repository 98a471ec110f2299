import Testing
import Vocabulary

@testable import Delivery

@Suite struct `A link that connects` {
    @Test func `counts a peer heard before the subscriptions are confirmed`() {
        var bench = LinkBench()
        bench.connect(subscribing: false)
        bench.take(.heard(isRetained: false))
        bench.take(.subscribed("a"))
        bench.take(.subscribed("b"))
        #expect(bench.link.state == .active)
    }

    @Test func `takes no retained message for a heartbeat, however often it comes`() {
        var bench = LinkBench()
        bench.connect()
        for _ in 0..<100 { bench.take(.heard(isRetained: true)) }
        #expect(bench.link.state == .awaitingPeer)
    }

    @Test func `asks an absent peer once each poll period and is never upset by its silence`() {
        var bench = LinkBench()
        bench.connect()
        bench.pass(.seconds(3600))
        #expect(bench.pings.count == 61)
        #expect(!bench.told.contains(.peerSilent))
        #expect(bench.link.state == .awaitingPeer)
    }

    @Test func `is not brought down by a ping that was sent before the peer was there`() {
        var bench = LinkBench()
        bench.connect()
        bench.pass(.seconds(4))
        bench.take(.heard(isRetained: false))
        bench.pass(.seconds(50))
        #expect(bench.link.state == .active)
        #expect(bench.pings.count == 1)
    }

    @Test func `reports each reason once while the broker is away, and again the next time`() {
        var bench = LinkBench()
        bench.take(.start)
        for _ in 0..<10_000 {
            bench.take(.connectFailed("refused"))
            bench.take(.connectFailed("no route"))
        }
        #expect(bench.told == [.connectFailed, .connectFailed])
        bench.take(.connected)
        bench.take(.disconnected("gone"))
        bench.take(.connectFailed("refused"))
        #expect(bench.told.suffix(3) == [.connected, .disconnected, .connectFailed])
    }

    @Test func `tries a refused subscription again, ever more slowly, and reports it once`() {
        var bench = LinkBench()
        bench.connect(subscribing: false)
        bench.take(.subscribed("a"))
        var tries = 0
        bench.take(.subscriptionRefused("b", because: "not authorized"))
        #expect(bench.told == [.connected, .connectFailed])
        for _ in 0..<3600 {
            bench.pass(.seconds(1))
            guard bench.said.contains(.subscribe(["b"])) else { continue }
            tries += 1
            bench.forgetSaid()
            bench.take(.subscriptionRefused("b", because: "not authorized"))
            #expect(bench.told == [])
        }
        #expect((12...40).contains(tries))
        bench.take(.subscribed("b"))
        #expect(bench.link.state == .awaitingPeer)
    }

    @Test func `without a peer is active once each subscription is settled, granted or not`() {
        var bench = LinkBench(hasPeer: false)
        bench.connect(subscribing: false)
        bench.take(.subscriptionRefused("a", because: "not authorized"))
        #expect(bench.link.state == .awaitingSetup)
        bench.take(.subscribed("b"))
        #expect(bench.link.state == .active)
    }
}

@Suite struct `A link's peer` {
    @Test func `is pinged after a silent poll period, whatever was sent to it`() {
        var bench = LinkBench(window: 1000)
        bench.activate()
        for receipt in 0..<59 {
            bench.pass(.seconds(1))
            bench.link.handedOver(other: 1_000 + UInt64(receipt))
        }
        #expect(bench.pings.count == 1)
        bench.pass(.seconds(1))
        #expect(bench.pings.count == 2)
        bench.pass(.seconds(5))
        #expect(bench.link.state == .awaitingPeer)
        #expect(bench.told.last == .peerSilent)
    }

    @Test func `is noticed to be gone within two ack time-outs while facts are on their way`() {
        var bench = LinkBench()
        bench.activate()
        bench.write(3)
        bench.receiveAll()
        bench.pass(.seconds(10))
        #expect(bench.link.state == .awaitingPeer)
        #expect(bench.told.last == .peerSilent)
        #expect(bench.deadLettered == [])
    }

    @Test func `that speaks without answering pings is alive`() {
        var bench = LinkBench()
        bench.activate()
        for _ in 0..<200 {
            bench.pass(.seconds(61))
            bench.take(.heard(isRetained: false))
        }
        #expect(bench.link.state == .active)
    }

    @Test func `gets all that was on its way again, oldest first, once it is heard`() {
        var bench = LinkBench()
        bench.activate()
        bench.write(4)
        bench.receiveAll()
        bench.take(.acknowledged("f2"))
        bench.pass(.seconds(30))
        bench.forgetSaid()
        bench.handOver()
        #expect(bench.sent == [])
        bench.take(.heard(isRetained: false))
        bench.handOver()
        #expect(bench.sent == ["f1", "f3", "f4"])
    }

    @Test func `may acknowledge late, after its time was over and after a new connection`() {
        var bench = LinkBench()
        bench.activate()
        bench.write(3)
        bench.pass(.seconds(30))
        bench.take(.acknowledged("f1"))
        #expect(bench.link.cursor == 1)
        bench.take(.disconnected("gone"))
        bench.take(.acknowledged("f2"))
        #expect(bench.link.cursor == 2)
        bench.forgetSaid()
        bench.take(.connected)
        bench.take(.acknowledged("f3"))
        for topic in ["a", "b"] { bench.take(.subscribed(topic)) }
        bench.handOver()
        #expect(bench.sent == [])
        #expect(bench.link.cursor == 3)
    }
}

@Suite struct `A link's history` {
    @Test func `keeps to its window, and goes on with each acknowledgement`() {
        var bench = LinkBench(window: 4)
        bench.activate()
        bench.write(100)
        #expect(bench.sent.count == 4)
        bench.take(.acknowledged("f1"))
        bench.write(100)
        // The broker still owes its receipt.
        #expect(bench.sent.count == 4)
        bench.receiveAll()
        bench.write(100)
        #expect(bench.sent.count == 5)
    }

    @Test func `moves its cursor over no gap`() {
        var bench = LinkBench()
        bench.activate()
        bench.write(3)
        bench.take(.acknowledged("f3"))
        bench.take(.acknowledged("f2"))
        #expect(bench.link.cursor == 0)
        bench.take(.acknowledged("f1"))
        #expect(bench.link.cursor == 3)
    }

    @Test func `moves over what no longer exists and what has no words, in its turn`() {
        var bench = LinkBench()
        bench.activate()
        _ = bench.link.read(
            7, making: [Batch(covers: 7...7, identity: "f7", messages: ["f7"])])
        #expect(bench.link.cursor == 6)
        #expect(bench.link.read(9, making: [Batch(covers: 9...9, messages: [])]) == [])
        bench.handOver()
        #expect(bench.take(.acknowledged("f7")).contains(.advance(through: 9)))
    }

    @Test func `moves over nothing that a writer still gathers, and then over all of it`() {
        var bench = LinkBench()
        bench.activate()
        #expect(bench.link.read(1, making: []) == [])
        #expect(
            bench.link.read(
                2, making: [Batch(covers: 2...2, identity: "event", messages: ["event"])])
                == [])
        #expect(bench.link.read(3, making: []) == [])
        bench.handOver()
        bench.take(.acknowledged("event"))
        #expect(bench.link.cursor == 0)
        _ = bench.link.read(
            4, making: [Batch(covers: 1...4, identity: "report", messages: ["report"])])
        bench.handOver()
        bench.take(.acknowledged("report"))
        #expect(bench.link.cursor == 4)
    }

    @Test func `without a peer is settled by the broker's receipts of all its messages`() {
        var bench = LinkBench(hasPeer: false)
        bench.activate()
        _ = bench.link.read(1, making: [Batch(covers: 1...1, messages: ["x", "y"])])
        bench.handOver()
        bench.take(.received(bench.receipts[1].number))
        #expect(bench.link.cursor == 0)
        bench.take(.disconnected("gone"))
        bench.take(.connected)
        for topic in ["a", "b"] { bench.take(.subscribed(topic)) }
        bench.forgetSaid()
        bench.handOver()
        #expect(bench.sent == ["x"])
        bench.take(.received(bench.receipts[2].number))
        #expect(bench.link.cursor == 1)
    }

    @Test func `waits for a slow broker without sending anything twice`() {
        var bench = LinkBench(hasPeer: false)
        bench.activate()
        bench.write(10)
        bench.pass(.seconds(600))
        bench.handOver()
        #expect(bench.sent.count == 10)
        bench.receiveAll()
        #expect(bench.link.cursor == 10)
    }
}

@Suite struct `A fact that is never acknowledged` {
    @Test func `is dead-lettered after its attempts while all others go through`() {
        var bench = LinkBench(attempts: 3)
        bench.activate()
        var acknowledged: Set<String> = []
        for _ in 0..<60 {
            bench.write(1)
            bench.receiveAll()
            for fact in bench.sent where fact != "f5" && acknowledged.insert(fact).inserted {
                bench.take(.acknowledged(fact))
            }
            bench.pass(.seconds(1))
            bench.handOver()
        }
        #expect(bench.sent.count { $0 == "f5" } == 3)
        #expect(bench.deadLettered == [5...5])
        #expect(bench.link.cursor == 60)
        #expect(bench.link.state == .active)
        #expect(!bench.told.contains(.peerSilent))
    }

    @Test(arguments: [1, 10], [true, false])
    func `is kept while none is acknowledged, whether the peer answers pings or only speaks`(
        window: Int, answersPings: Bool
    ) {
        var bench = LinkBench(window: window, attempts: 3)
        bench.activate()
        var pings = 1
        for _ in 0..<600 {
            bench.write(1)
            bench.receiveAll()
            bench.pass(.seconds(1))
            bench.handOver()
            if answersPings, bench.pings.count > pings {
                pings = bench.pings.count
                bench.take(.acknowledged(bench.pings.last!))
            } else if !answersPings {
                bench.take(.heard(isRetained: false))
            }
        }
        #expect(bench.deadLettered == [])
        #expect(bench.link.state == .active)
        #expect(bench.sent.count { $0 == "f1" } > 20)
        #expect(Set(bench.sent).count == 2 * window)
        // Acknowledgements come through again: nothing that it takes now was lost.
        bench.forgetSaid()
        for _ in 0..<60 {
            bench.pass(.seconds(1))
            bench.take(.heard(isRetained: false))
            bench.handOver()
            bench.receiveAll()
            for fact in Set(bench.sent) { bench.take(.acknowledged(fact)) }
        }
        #expect(bench.deadLettered == [])
        #expect(bench.link.cursor == UInt64(2 * window))
    }

    @Test func `fills no window with its like: others pass, and then it is dead-lettered`() {
        var bench = LinkBench(window: 4, attempts: 3)
        bench.activate()
        var acknowledged: Set<String> = []
        let isPoison = { (fact: String) in ["f1", "f2", "f3", "f4"].contains(fact) }
        for _ in 0..<120 {
            bench.write(1)
            bench.receiveAll()
            for fact in bench.sent where !isPoison(fact) && acknowledged.insert(fact).inserted {
                bench.take(.acknowledged(fact))
            }
            bench.take(.heard(isRetained: false))
            bench.pass(.seconds(1))
            bench.handOver()
        }
        #expect(bench.deadLettered.map(\.lowerBound).sorted() == [1, 2, 3, 4])
        #expect(bench.link.cursor > 50)
    }

    @Test
    func `is kept for a broker that gives no receipts, and sent again on a new connection only`() {
        var bench = LinkBench(hasPeer: false, window: 4, attempts: 3)
        bench.activate()
        bench.write(4)
        bench.pass(.seconds(3600))
        bench.handOver()
        #expect(bench.sent == ["f1", "f2", "f3", "f4"])
        #expect(bench.deadLettered == [])
        bench.take(.disconnected("gone"))
        bench.take(.connected)
        for topic in bench.link.topics { bench.take(.subscribed(topic)) }
        bench.forgetSaid()
        bench.handOver()
        bench.receiveAll()
        #expect(bench.sent == ["f1", "f2", "f3", "f4"])
        #expect(bench.link.cursor == 4)
    }

    @Test(arguments: [true, false])
    func `waits, ever longer and reported once, while the broker refuses history`(
        hasPeer: Bool
    ) throws {
        var bench = LinkBench(hasPeer: hasPeer, window: 4, attempts: 3)
        bench.activate()
        var tries = 0
        for second in 0..<3600 {
            bench.write(1)
            if !bench.receipts.isEmpty { tries += 1 }
            while let (_, number) = bench.receipts.first {
                bench.take(.refused(number, because: "not authorized", isTemporary: true))
                bench.forget(number)
            }
            if hasPeer, second % 30 == 0 { bench.take(.heard(isRetained: false)) }
            bench.pass(.seconds(1))
            bench.handOver()
        }
        #expect((12...40).contains(tries))
        #expect(bench.told.count { $0 == .connectFailed } == 1)
        #expect(bench.deadLettered == [])
        #expect(bench.link.cursor == 0)
        // Somebody has mended the broker's access list.
        bench.pass(.seconds(300))
        if hasPeer { bench.take(.heard(isRetained: false)) }
        bench.forgetSaid()
        bench.handOver()
        bench.receiveAll()
        if hasPeer { for fact in bench.sent { bench.take(.acknowledged(fact)) } }
        #expect(bench.sent == ["f1", "f2", "f3", "f4"])
        #expect(bench.link.cursor == 4)
        bench.write(1)
        bench.forgetSaid()
        let receipt = try #require(bench.receipts.first).number
        bench.take(.refused(receipt, because: "quota", isTemporary: true))
        #expect(bench.told == [.connectFailed])
    }

    @Test func `that the broker refuses for what it is is dead-lettered at once`() {
        var bench = LinkBench(hasPeer: false)
        bench.activate()
        bench.write(2)
        bench.take(
            .refused(bench.receipts[0].number, because: "too large", isTemporary: false))
        #expect(bench.deadLettered == [1...1])
        #expect(bench.sent.count { $0 == "f1" } == 1)
    }
}
