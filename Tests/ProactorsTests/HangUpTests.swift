import Codecs
import Fakes
import Testing
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `A broker that hangs up at a message` {
    @Test func `gets all others, and hears no more of that one`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([7]))))
        bench.broker.hangUp { $0.topic == "status" }
        await bench.start()
        for connection in 1...3 {
            bench.broker.accept()
            #expect(await bench.published("status", connection).count == connection)
        }
        // From now on it waits until all else goes.
        bench.broker.accept()
        _ = await bench.published("live/tank", 1)
        _ = await bench.published("history/tank", 1)
        #expect(bench.broker.published.count { $0.topic == "status" } == 3)
        await bench.pass(.seconds(11))
        _ = await bench.published("status", 4)
        bench.broker.accept()
        let count = await bench.published("live/tank", 2).count
        // It comes some time; until then this waits.
        var events: [String] = []
        repeat {
            events = await bench.published("events", events.count + 1)
        } while !events.contains("deadLettered")
        bench.broker.lose()
        bench.broker.accept()
        _ = await bench.published("live/tank", count + 1)
        #expect(bench.broker.published.count { $0.topic == "status" } == 4)
        #expect(await bench.journal.status()["site"]?.deadLettered == 0)
    }

    @Test func `costs no more than the entry that it does not take`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.counts(from: 1))))
        bench.broker.hangUp { $0.topic == "history/tank" && $0.text.hasPrefix("3 ") }
        await bench.start()
        bench.broker.accept()
        await bench.pass(.seconds(60))
        for _ in 0..<8 {
            bench.broker.accept()
            await bench.pass(.seconds(15))
        }
        #expect(await bench.journal.status()["site"]?.deadLettered == 1)
        let told = await bench.published("history/tank", 60)
        #expect(told.filter { $0.hasPrefix("3 ") }.count >= 4)
        for value in [1, 2, 4, 5, 60] { #expect(told.contains("\(value) good")) }
    }

    @Test func `that takes less than before gets reports again, in pieces`() async {
        let bench = Bench(
            .init(
                name: "tank", device: ScriptedDevice(.counts(from: 1)), capture: .seconds(1)))
        let peer = SimulatedPeer(at: bench.broker)
        await bench.start(
            codec: SimulatedPeerCodec(schedule: Schedule(report: .seconds(60))))
        bench.broker.accept()
        peer.arrive()
        bench.broker.withholdAcknowledgements()
        peer.leave()
        await bench.pass(.seconds(61))
        _ = await bench.published("fact", 1)
        bench.broker.lose()
        bench.broker.accept(maximumPacketSize: 300)
        bench.broker.acknowledge()
        peer.arrive()
        let pieces = await peer.stored("report", 4)
        #expect(pieces.allSatisfy { $0.utf8.count < 300 })
        let told = pieces.joined(separator: ", ")
        for value in 1...59 { #expect(told.contains("tank \(value) good")) }
        #expect(await bench.journal.status()["site"]?.deadLettered == 0)
    }

    @Test func `that takes less than before gets them again, also during a read`() async {
        let bench = Bench(
            .init(
                name: "tank", device: ScriptedDevice(.counts(from: 1)), capture: .seconds(1)))
        let peer = SimulatedPeer(at: bench.broker)
        peer.withholdAcknowledgements()
        await bench.start(
            window: 200, codec: SimulatedPeerCodec(schedule: Schedule(report: .seconds(60))))
        bench.broker.accept()
        peer.arrive()
        for second in 1...61 {
            await bench.pass(.seconds(1))
            _ = await bench.published("live/tank", second)
        }
        _ = await peer.stored("report", 1)
        bench.journal.holdReads()
        await bench.pass(.seconds(1))
        await bench.journal.readIsHeld()
        let before = await bench.lastRead
        bench.broker.lose()
        bench.broker.accept(maximumPacketSize: 300)
        while await bench.lastRead >= before { await Task.yield() }
        bench.journal.releaseReads()
        let told = await peer.stored("report", 4).dropFirst().joined(separator: ", ")
        for value in 1...48 { #expect(told.contains("tank \(value) good"), "\(value)") }
    }
}

extension Bench {
    fileprivate var lastRead: JournalOffset {
        get async { await proactor.lastRead(of: "site") ?? 0 }
    }
}

extension Proactor {
    fileprivate func lastRead(of upstream: UpstreamName) -> JournalOffset? {
        pumps[upstream]?.link.lastRead
    }
}
