import Codecs
import Fakes
import Testing
import Vocabulary

@testable import Proactors

/// A gateway with one sensor that shows 1, 2, 3, … once a second, and a peer.
private struct Peers {
    let bench: Bench
    let peer: SimulatedPeer

    init(values: Int = 200, isAway: Bool = false, queue: Int = 1_000) {
        bench = Bench(
            .init(
                name: "tank", device: ScriptedDevice(.shows((1...values).map(Int64.init))),
                capture: .seconds(1)), queue: queue, others: ["other": queue])
        peer = SimulatedPeer(at: bench.broker, isAway: isAway)
    }

    func start(window: Int = 20, schedule: Schedule = Schedule()) async {
        await bench.start(window: window, codec: SimulatedPeerCodec(schedule: schedule))
        bench.broker.accept()
    }

    /// The first readings that the peer keeps. Moves on second by second, each time until the peer has
    /// acknowledged all there is, until there are `count`.
    func readings(_ count: Int) async -> [String] {
        await bench.proactor.quiet()
        while peer.stored.count(where: { $0.hasPrefix("tank") }) < count {
            await bench.pass(.seconds(1))
            await bench.proactor.quiet()
        }
        return Array(peer.stored.filter { $0.hasPrefix("tank") }.prefix(count))
    }
}

private func shown(_ values: ClosedRange<Int>) -> [String] { values.map { "tank \($0) good" } }

@Suite(.timeLimit(.minutes(10))) struct `A gateway with a peer` {
    @Test func `reports its start first and its readings in order, and what the link went through`()
        async
    {
        let peers = Peers()
        await peers.start()
        #expect(await peers.readings(21) == shown(1...21))
        #expect(peers.peer.stored.first == "event started")
        let events = peers.peer.stored.filter { $0.hasPrefix("event") }
        #expect(
            events == ["event started", "event connected", "event subscribed", "event peerActive"])
        #expect(peers.peer.heard == peers.peer.stored.count)
        #expect(await peers.bench.published("hello", 1).count == 1)
    }

    @Test func `counts a peer heard before its subscriptions are confirmed`() async {
        let peers = Peers(isAway: true)
        peers.bench.broker.withholdSubscriptions()
        await peers.start()
        await peers.bench.broker.published(1)
        peers.peer.arrive()
        peers.bench.broker.confirmSubscriptions()
        #expect(await peers.readings(1) == shown(1...1))
    }

    @Test func `is not fooled by a retained ping`() async {
        let peers = Peers(isAway: true)
        await peers.start()
        peers.peer.say("ping", "old", isRetained: true)
        await peers.bench.pass(.seconds(30))
        #expect(await peers.bench.state() == .awaitingPeer)
        #expect(!peers.bench.broker.published.contains { $0.topic == "fact" })
        peers.peer.arrive()
        #expect(await peers.readings(31) == shown(1...31))
    }

    @Test func `notices a peer that freezes, and has everything kept once when it goes on`() async {
        let peers = Peers()
        await peers.start()
        _ = await peers.readings(11)
        let facts = peers.bench.broker.published.count { $0.topic == "fact" }
        peers.peer.freeze()
        await peers.bench.pass(.seconds(1))
        _ = await peers.bench.published("fact", facts + 1)
        await peers.bench.pass(.seconds(10))
        #expect(await peers.bench.state() == .awaitingPeer)
        await peers.bench.pass(.seconds(20))
        peers.peer.thaw()
        #expect(await peers.readings(42) == shown(1...42))
        #expect(await peers.peer.stored("peerSilent", 1).count == 1)
    }

    @Test func `takes acknowledgements late and in any order, and sends nothing twice for it`()
        async
    {
        let peers = Peers()
        await peers.start(window: 50)
        _ = await peers.peer.stored("tank", 1)
        peers.peer.withholdAcknowledgements()
        await peers.bench.pass(.seconds(4))
        _ = await peers.peer.stored("tank", 3)
        peers.peer.acknowledge(reversed: true)
        #expect(await peers.readings(25) == shown(1...25))
        #expect(peers.peer.heard == peers.peer.stored.count)
    }

    @Test func `dead-letters what the peer cannot digest, and goes on with the rest`() async {
        let peers = Peers()
        peers.peer.cannotDigest("tank 5 ")
        await peers.start()
        // What waits for its attempts keeps the link from coming to rest.
        while peers.peer.stored.count(where: { $0.hasPrefix("tank") }) < 40 {
            await peers.bench.pass(.seconds(1))
            await peers.bench.settle()
        }
        let readings = peers.peer.stored.filter { $0.hasPrefix("tank") }.prefix(40)
        #expect(readings.elementsEqual(shown(1...4) + shown(6...41)))
        #expect(await peers.peer.stored("deadLettered", 1).count == 1)
        #expect(await peers.bench.journal.status()["site"]?.deadLettered == 1)
        #expect(await peers.bench.state() == .active)
        #expect(peers.peer.stored.allSatisfy { !$0.contains("peerSilent") })
    }

    @Test func `has everything kept once and in order when the broker comes and goes`() async {
        let peers = Peers()
        await peers.start()
        for round in 1...20 {
            await peers.bench.pass(.seconds(2))
            peers.bench.broker.lose()
            await peers.bench.pass(.seconds(1))
            peers.bench.broker.accept()
            _ = await peers.peer.stored("event connected", round + 1)
        }
        #expect(await peers.readings(60) == shown(1...60))
    }

    @Test func `reports once that the broker is away, however long, and why`() async {
        let peers = Peers()
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        peers.bench.broker.lose()
        for _ in 0..<1_000 {
            peers.bench.broker.say(.unreachable("no route"))
            peers.bench.broker.say(.refused("bad password"))
        }
        peers.bench.broker.accept()
        _ = await peers.peer.stored("event connected", 2)
        #expect(peers.peer.stored.filter { $0 == "event connectFailed" }.count == 2)
    }

    @Test func `publishes a fact once the journal has kept it, and not before`() async {
        let peers = Peers()
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        peers.bench.journal.hold()
        await peers.bench.pass(.seconds(3))
        #expect(await peers.bench.published("live/tank", 3).count >= 3)
        let before = peers.peer.stored.filter { $0.hasPrefix("tank") }
        #expect(before == shown(1...1))
        peers.bench.journal.commit()
        #expect(await peers.readings(4) == shown(1...4))
    }

    @Test func `publishes what the journal finds no room for, and acknowledges none of it`() async {
        let peers = Peers()
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        peers.bench.journal.hold()
        await peers.bench.pass(.seconds(3))
        #expect(await peers.bench.published("live/tank", 3).count >= 3)
        peers.peer.say("what", "keep-this")
        peers.bench.journal.say(.readable(through: 1_000))
        #expect(await peers.readings(4) == shown(1...4))
        peers.peer.say("ping", "p1")
        #expect(await peers.bench.published("ack", 1) == ["p1"])
    }

    @Test func `has fault upstream that touches no other`() async {
        let peers = Peers()
        let other = SimulatedUpstream()
        await peers.start()
        await peers.bench.attach("other", other, SimulatedCodec())
        other.accept()
        _ = await peers.peer.stored("tank", 1)
        peers.peer.freeze()
        await peers.bench.pass(.seconds(60))
        #expect(await peers.bench.state() == .awaitingPeer)
        #expect(await peers.bench.state("other") == .active)
        while other.published.filter({ $0.topic == "history/tank" }).count < 60 {
            await other.published(other.published.count + 1)
        }
        #expect(await peers.bench.journal.status()["site"]?.acknowledged ?? 0 < 10)
    }

    @Test func `answers questions, and reports malformed messages once however many there are`()
        async
    {
        let peers = Peers()
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        peers.peer.say("snap", "")
        #expect(await peers.bench.published("snapshot", 1) == ["tank 1"])
        for _ in 0..<200 { peers.peer.say("what", "") }
        peers.peer.say("ping", "p1")
        #expect(await peers.bench.published("ack", 1) == ["p1"])
        #expect(
            await peers.peer.stored("malformedReply", 1) == ["fault gateway malformedReply true"])
        await peers.bench.pass(.seconds(70))
        #expect(
            await peers.peer.stored("malformedReply", 2)
                == ["fault gateway malformedReply true", "fault gateway malformedReply false"])
    }

    @Test func `reports once that another client uses its name, and when it is over`() async {
        let peers = Peers(values: 400)
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        for _ in 0..<3 { peers.bench.broker.say(.nameTaken("another client uses the name")) }
        #expect(
            await peers.peer.stored("duplicateGateway", 1) == [
                "fault gateway duplicateGateway true"
            ])
        await peers.bench.pass(.seconds(310))
        #expect(
            await peers.peer.stored("duplicateGateway", 2)
                == ["fault gateway duplicateGateway true", "fault gateway duplicateGateway false"])
    }

    @Test func `acknowledges what must be kept once it is`() async {
        let peers = Peers()
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        peers.bench.journal.hold()
        peers.peer.say("what", "keep-this")
        peers.peer.say("ping", "p1")
        #expect(await peers.bench.published("ack", 1) == ["p1"])
        peers.bench.journal.commit()
        #expect(await peers.bench.published("ack", 2) == ["p1", "keep-this"])
    }

    @Test func `reports in periods of the wall clock, and none twice when it jumps`() async {
        let peers = Peers()
        await peers.start(schedule: Schedule(report: .seconds(10), snapshot: .seconds(5)))
        await peers.bench.pass(.seconds(10.5))
        #expect(await peers.peer.stored("report", 1).first?.contains("tank 9 good") == true)
        #expect(await peers.bench.published("snapshot", 2).count == 2)
        peers.bench.clock.jump(by: .seconds(86_400))
        await peers.bench.pass(.seconds(30))
        #expect(await peers.peer.stored("report", 4).count == 4)
    }

    @Test func `loses nothing that it gathers when the layout changes`() async {
        let peers = Peers()
        let schedule = Schedule(report: .seconds(10))
        await peers.start(schedule: schedule)
        await peers.bench.pass(.seconds(14.5))
        _ = await peers.peer.stored("report", 1)
        let proactor = peers.bench.proactor
        await proactor.replace(
            Replacement(
                profile: proactor.profile, leaving: [], interlocks: [],
                codecs: ["site": SimulatedPeerCodec(schedule: schedule)], words: "test"
            ) { _ in [] })
        await peers.bench.pass(.seconds(16))
        _ = await peers.peer.stored("report", 3)
        // Time that went ahead of the machine may have cost the link an acknowledgement.
        for _ in 0..<60 where await peers.bench.state() != .active {
            await peers.bench.pass(.seconds(1))
        }
        await peers.bench.proactor.stop(because: "a test")
        // A reading of the period that has just begun waits for the next start, and the end of the run, which
        // was reported, behind it.
        let waiting = await peers.bench.journal.status()["site"]?.waiting
        #expect(waiting == 0 || waiting == 2)
        #expect(peers.peer.stored.last == "event stopped")
        let values = peers.peer.stored.flatMap { $0.split(separator: ", ") }.filter {
            $0.hasPrefix("tank ")
        }
        #expect(values == shown(1...values.count).map { $0[...] })
        #expect(values.count > 20)
        #expect(peers.bench.journal.channels == [])
    }

    @Test func `waits for the acknowledgement of its last word before it leaves`() async {
        let peers = Peers()
        await peers.start()
        _ = await peers.peer.stored("tank", 1)
        await peers.bench.proactor.stop(because: "a test")
        #expect(peers.peer.stored.last == "event stopped")
        #expect(peers.bench.broker.published.last?.text == "offline")
        #expect(peers.peer.heard == peers.peer.stored.count)
        let status = await peers.bench.journal.status()["site"]
        #expect(status?.waiting == 0)
    }
}
