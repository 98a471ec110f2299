import Fakes
import Nodes
import Testing
import Vocabulary

@testable import Proactors

/// A whole gateway whose watch does what the program's does.
@Suite(.timeLimit(.minutes(10))) struct `A gateway restarts what gives no heartbeat` {
    /// What the watch asked for, and how it went.
    private final class Log: Sendable {
        let missing = Guarded([GatewayPart]())
        let restarts = Guarded([(part: GatewayPart, isDone: Bool)]())
        let asked = Guarded(0)
        /// One for each look at everybody.
        let looks: AsyncStream<Void>
        let look: AsyncStream<Void>.Continuation
        /// One for each restart that was asked for and is over.
        let ends: AsyncStream<Void>
        let end: AsyncStream<Void>.Continuation

        init() {
            (looks, look) = AsyncStream.makeStream()
            (ends, end) = AsyncStream.makeStream()
        }
    }

    /// Begins to watch over all nodes and, when asked, a link.
    private func watch(_ bench: Bench, links: [UpstreamName] = []) -> (Watchdog, Log) {
        let (watch, log, proactor) = (Watchdog(clock: bench.clock), Log(), bench.proactor)
        for (name, heartbeat) in proactor.heartbeats {
            watch.watch(name, heartbeat, else: proactor.remedy(for: name))
        }
        for link in links {
            watch.watch(
                .link(link), within: Watchdog.timeout.link, else: .restart(atMost: 3),
                lastSeen: { proactor.lastHeartbeat(of: link) })
        }
        watch.start(
            Watchdog.Hands(heartbeat: { log.look.yield() }) { action in
                if case .missing(let part, _) = action { log.missing.withLock { $0.append(part) } }
                guard case .restart(let part) = action else { return }
                log.asked.withLock { $0 += 1 }
                Task {
                    let isDone = await proactor.restart(part, watchedBy: watch)
                    log.restarts.withLock { $0.append((part, isDone)) }
                    log.end.yield()
                }
            })
        return (watch, log)
    }

    /// Passes seconds until `isEnough`, each once the watch has looked at everybody, `well` threads have
    /// done what was due and no restart is in work.
    private func pass(
        _ bench: Bench, _ log: Log, _ seconds: Int, well: Int = 1,
        until isEnough: () -> Bool = { false }
    ) async {
        var looks = log.looks.makeAsyncIterator()
        var ends = log.ends.makeAsyncIterator()
        for _ in 0..<seconds where !isEnough() {
            await looks.next()
            // The watch has a thread of its own.
            await bench.clock.sleepers(0, threads: well + 1)
            while log.asked.withLock(\.self) > log.restarts.withLock(\.count) { await ends.next() }
            bench.clock.advance(by: .seconds(1))
            // A restart hops through the proactor.
            await bench.proactor.turn()
        }
    }

    @Test func `a thermometer that hangs for ever gets three new threads and no more`() async {
        let (hanging, well) = (ScriptedDevice(.hangs), ScriptedDevice(.shows([5])))
        let bench = Bench(
            .init(name: "tank", device: hanging), .init(name: "roof", device: well))
        let threads = Guarded(0)
        let (hangs, hang) = AsyncStream<Void>.makeStream()
        hanging.onHang {
            threads.withLock { $0 += 1 }
            hang.yield()
        }
        let starting = Task { await bench.proactor.start() }
        await bench.pass(until: starting, hanging: ["tank"])
        bench.broker.accept()
        await bench.attach("site", bench.broker, SimulatedCodec())
        let (watch, log) = watch(bench)
        // A thread that hangs does not sleep, so the one that does is the well one's.
        var hung = hangs.makeAsyncIterator()
        await hung.next()
        for count in 1...3 {
            await pass(bench, log, 900) { log.restarts.withLock { $0.count } == count }
            await hung.next()
        }
        await pass(bench, log, 300)
        #expect(
            log.restarts.withLock { $0.map(\.part) } == Array(repeating: .node("tank"), count: 3))
        #expect(log.restarts.withLock { $0.allSatisfy(\.isDone) })
        #expect(threads.withLock { $0 } == 4)
        #expect(hanging.opened == 4)
        // It was missed once and is still: a new thread alone is no heartbeat.
        #expect(log.missing.withLock { $0 } == [.node("tank")])
        #expect(watch.missing == [.node("tank")])
        let activeFaults = await bench.proactor.faults.active.values.filter { $0.node == "tank" }
        #expect(activeFaults.map(\.fault.kind) == [.hung])
        #expect(
            activeFaults.first?.fault.detail.hasSuffix(
                "without a heartbeat; 3 of at most 3 of its threads hang") == true)
        #expect(bench.proactor.live.latest("roof")?.value.reading.value == 5)
        #expect(well.opened == 1)
        // All of them come back at once: the last one works, what the others bring is too late.
        hanging.release()
        let ends = ["live/tank": "0 good", "fault/tank": "hung false"]
        for _ in 0..<900 where !ends.allSatisfy({ bench.last($0.key) == $0.value }) {
            await pass(bench, log, 1, well: 2)
        }
        #expect(bench.last("live/tank") == "0 good")
        #expect(bench.last("fault/tank") == "hung false")
        #expect(await bench.proactor.activeFaults.isEmpty)
        await pass(bench, log, 900, well: 2) { watch.missing.isEmpty }
        #expect(watch.missing == [])
        watch.stop()
    }

    @Test func `a relay that hangs is named and never doubled`() async {
        let (hanging, well) = (ScriptedDevice(), ScriptedDevice(.shows([5])))
        let bench = Bench(
            .init(name: "pump", device: hanging, isRelay: true),
            .init(name: "roof", device: well))
        await bench.start()
        bench.broker.accept()
        hanging.behave(.hangs)
        let (watch, log) = watch(bench)
        await pass(bench, log, 300)
        #expect(log.missing.withLock { $0 } == [.node("pump")])
        #expect(log.restarts.withLock { $0.isEmpty })
        #expect(hanging.opened == 1)
        watch.stop()
        hanging.release()
    }

    @Test func `a link whose session stands still goes on with a new one, and nothing is lost`()
        async
    {
        let device = ScriptedDevice(.shows([5, 6]))
        let bench = Bench(.init(name: "tank", device: device, capture: .seconds(1)))
        let second = SimulatedUpstream()
        await bench.proactor.start()
        await bench.proactor.attach(
            UpstreamPlan(
                name: "site", session: bench.broker, makeSession: { second },
                codec: SimulatedCodec()))
        bench.broker.accept()
        #expect(await bench.published("live/tank", 1) == ["5 good"])
        bench.broker.withholdAcknowledgements()
        bench.broker.live(until: bench.clock.now)
        let (watch, log) = watch(bench, links: ["site"])
        await pass(bench, log, 900) { !log.restarts.withLock { $0.isEmpty } }
        #expect(log.restarts.withLock { $0.map(\.isDone) } == [true])
        second.live(until: bench.clock.now.advanced(by: .seconds(1_000)))
        second.accept()
        while !second.published.contains(where: { $0.topic == "live/tank" && $0.text == "6 good" })
        {
            await second.published(second.published.count + 1)
        }
        // What the first one says now is heard no more.
        bench.broker.acknowledge()
        bench.broker.lose()
        #expect(await bench.state() == .active)
        await pass(bench, log, 900) { watch.missing.isEmpty }
        #expect(watch.missing == [])
        watch.stop()
    }
}
