import Fakes
import GridworksParent
import Health
import Journals
import Mqtt
import PlainJson
import Testing
import Vocabulary

@testable import GridworksParent
@testable import Mqtt
@testable import PlainJson

/// How a parent says how it and its links stand.
@Suite struct `A parent's status` {
    typealias Words = ChildWords
    var bench = ParentBench()

    private mutating func next() -> (own: LinkStatus, links: [LinkStatus])? {
        bench.pass(ParentMachine.statusPeriod).statuses.last
    }

    @Test mutating func `is opening and then started on each connection, and closed at its end`() {
        let first = bench.connect().statuses
        #expect(first.map(\.own.state) == [.connecting, .connected])
        #expect(first.map(\.own.who) == ["d1.demo.house", "d1.demo.house"])
        _ = bench.take(.disconnected("cable"))
        #expect(next() == nil)
        let second = bench.reconnect().statuses
        #expect(second.map(\.own.state) == [.connecting, .connected])
        let sequences = (first + second).map(\.own.sequence)
        #expect(sequences == [1, 2, 3, 4])
        let end = ParentBench.Outcome(bench.machine.close(at: bench.clock.now))
        #expect(end.statuses.map(\.own.state) == [.closed])
        #expect(end.statuses.first?.links.map(\.state) == [.closed, .closed])
    }

    @Test mutating func `comes once in each interval that it states, and soon after a change`() {
        _ = bench.connect()
        // The subscriptions are confirmed.
        let confirmed = bench.pass(.milliseconds(100)).statuses
        #expect(confirmed.count == 1)
        let quiet = bench.pass(.seconds(9))
        #expect(quiet.statuses.isEmpty)
        let beat = bench.pass(.seconds(1)).statuses
        #expect(beat.map(\.own.interval) == [.seconds(10)])
        // Both children at once are one change.
        let changes = [bench.hear(Words.ping()), bench.hear(Words.ping(from: Words.barn))]
        #expect(changes.flatMap(\.statuses).isEmpty)
        let told = bench.pass(.milliseconds(100)).statuses
        #expect(told.count == 1)
        #expect(told.first?.links.map(\.state) == [.connected, .connected])
        #expect(
            told.first?.links.map(\.who) == [
                "child d1.demo.house.scada", "child d1.demo.barn.scada",
            ])
    }

    @Test mutating func `reports a link that fails, and why`() {
        _ = bench.connect()
        _ = bench.pass(.seconds(61))
        let link = next()?.links.first
        #expect(
            link?.state == .unreachable && link?.cause?.contains("start") == true, "\(link as Any)")
    }

    @Test mutating func `counts what comes, what goes and what is evicted`() {
        // Two pings and a layout.
        bench.activate()
        _ = bench.hear(Words.event("e"))
        for _ in 0..<3 { bench.machine.sent(to: Words.house) }
        bench.machine.gaveWay(to: Words.house)
        bench.machine.notTaken(ReceivedItem.Key(Words.house, "e"))
        let links = next()?.links ?? []
        #expect(links.first?.counts == [.received: 3, .sent: 3, .dropped: 2])
        #expect(links.last?.counts == [.received: 1])
    }

    @Test mutating func `shows since when the oldest order waits for the child's acknowledgement`()
    {
        bench.activate()
        _ = bench.pass(.seconds(1))
        _ = bench.pass(.seconds(5))
        let sent = bench.order("set d1.demo.house.scada pump on").published
        let waiting = bench.pass(.seconds(5)).statuses.last?.links.first?.counts
        #expect(waiting?[.unacknowledged] == 1 && waiting?[age: .oldestUnsent] == .seconds(5))
        let identity = sent.first?.word("MessageId") ?? ""
        _ = bench.hear(Words.ack(identity))
        let taken = next()?.links.first?.counts
        #expect(taken?[.unacknowledged] == 0 && taken?[age: .oldestUnsent] == nil)
    }

    @Test mutating func `is refused by a broker that keeps it from the topic: reported once`() {
        _ = bench.connect()
        let refusal = MqttEvent.publishRefused(
            MessageID(number: 1), reason: "not authorized", topic: "tidegate/d1.demo.house/status",
            isTemporary: false)
        let problems = [bench.take(refusal), bench.take(refusal)].map(\.problems.count)
        #expect(problems == [1, 0])
        _ = bench.take(.disconnected("cable"))
        _ = bench.reconnect()
        #expect(bench.take(refusal).problems.count == 1)
    }

    @Test func `is in the words of a gateway's status, last will included`() throws {
        let name: GatewayName = "d1.demo.house"
        let presence = PlainPresence(of: name, incarnation: "i7", prefix: "site")
        let codec = PlainCodec(
            profile: GatewayProfile(gateway: name, incarnation: "i7", nodes: []), upstream: "any",
            prefix: "site")
        #expect(presence.will == codec.will)
        let own = LinkStatus(
            who: name.text, incarnation: "i7", sequence: 3, state: .connected,
            interval: .seconds(10))
        let now = WallTime(nanoseconds: 1)
        let message = presence.status(own, links: [own], at: now)
        #expect([message] == codec.status(own, links: [own], queues: [], at: now, within: .max))
        #expect(message.isRetained && message.topic == "site/d1.demo.house/status")
        guard case .status(let read)? = PlainReader(prefix: "site").read(message)?.matter else {
            Issue.record("does not read as a status: \(message.text)")
            return
        }
        #expect(read.own == own && read.links == [own])
    }
}
