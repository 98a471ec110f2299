import Fakes
import Synchronization
import Testing
import Vocabulary

@testable import Nodes
@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct WatchdogTests {
    /// A part that answers, or keeps whoever asks waiting.
    private final class Part: Sendable {
        private let state = Mutex((answers: true, waiting: [CheckedContinuation<Void, Never>]()))
        let asked = Atomic(0)

        func hang() { state.withLock { $0.answers = false } }

        func recover() {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                state.answers = true
                return state.waiting
            }
            for waiter in waiting { waiter.resume() }
        }

        func answer() async {
            asked.add(1, ordering: .relaxed)
            await withCheckedContinuation { continuation in
                let answers = state.withLock { state in
                    if !state.answers { state.waiting.append(continuation) }
                    return state.answers
                }
                if answers { continuation.resume() }
            }
        }
    }

    private final class Hands: Sendable {
        let heartbeat = Atomic(0)
        private let seen = Mutex([HeartbeatMonitor.Action]())
        var actions: [HeartbeatMonitor.Action] { seen.withLock { $0 } }

        var hands: Watchdog.Hands {
            Watchdog.Hands(
                heartbeat: { self.heartbeat.add(1, ordering: .relaxed) },
                act: { action in self.seen.withLock { $0.append(action) } })
        }
    }

    private let clock = ManualClock()
    private let hands = Hands()

    /// Passes seconds until `isEnough`, at most so many.
    ///
    /// - Parameter watch: Whose questions are all answered in time; nil when one is not.
    private func pass(
        _ seconds: Int, answeringTo watch: Watchdog? = nil, until isEnough: () -> Bool = { false }
    ) async {
        for _ in 0..<seconds where !isEnough() {
            await clock.sleepers(1)
            await watch?.answers()
            clock.advance(by: .seconds(1))
        }
        await clock.sleepers(1)
    }

    @Test func `a node that waits for its turn is not missed, however long it waits`() async {
        let heartbeat = NodeHeartbeat(channels: 1)
        let watch = Watchdog(clock: clock)
        watch.watch("tank", heartbeat, else: .restart(atMost: 3))
        heartbeat.note { $0.busySince = clock.now }
        heartbeat.waits(true, at: clock.now)
        watch.start(hands.hands)
        await pass(300)
        #expect(hands.actions == [])
        // Its turn came, and its hardware does not answer.
        heartbeat.waits(false, at: clock.now)
        await pass(60) { !hands.actions.isEmpty }
        #expect(hands.actions.last == .restart(.node("tank")))
    }

    @Test func `a proactor that stands still ends the heartbeats, and then the process`() async {
        let proactor = Part()
        let watch = Watchdog(clock: clock)
        watch.watch(
            .proactor, within: .seconds(20), else: .endProcess(after: .seconds(5)),
            asking: proactor.answer)
        watch.start(hands.hands)
        await pass(100, answeringTo: watch)
        #expect(hands.actions == [])
        #expect(hands.heartbeat.load(ordering: .relaxed) >= 100)
        proactor.hang()
        await pass(60) { !hands.actions.isEmpty }
        let before = hands.heartbeat.load(ordering: .relaxed)
        await pass(60)
        #expect(hands.heartbeat.load(ordering: .relaxed) == before)
        #expect(hands.actions.last == .endProcess(.proactor))
        #expect(hands.actions.count == 2)
        watch.stop()
        proactor.recover()
    }

    @Test func `another part that stands still is named, and the heartbeats go on`() async {
        let link = Part()
        let watch = Watchdog(clock: clock)
        watch.watch(
            .link("site"), within: .seconds(20), else: .restart(atMost: 1), asking: link.answer)
        watch.start(hands.hands)
        await pass(10, answeringTo: watch)
        link.hang()
        let asked = link.asked.load(ordering: .relaxed)
        await pass(60)
        #expect(hands.heartbeat.load(ordering: .relaxed) >= 70)
        #expect(hands.actions.count == 2)
        #expect(hands.actions.last == .restart(.link("site")))
        #expect(watch.missing == [.link("site")])
        // At most the question that hangs and one that was in work.
        #expect(link.asked.load(ordering: .relaxed) <= asked + 2)
        link.recover()
        await pass(60, answeringTo: watch) { hands.actions.count == 3 }
        #expect(hands.actions.last == .returned(.link("site")))
        watch.stop()
    }

    @Test func `a node that hangs is named by its heartbeat and no other is`() async {
        let (ill, well) = (NodeHeartbeat(channels: 0), NodeHeartbeat(channels: 0))
        ill.note { $0.busySince = clock.now }
        let watch = Watchdog(clock: clock)
        watch.watch("ill", ill, else: .restart(atMost: 3))
        watch.watch("well", well, else: .restart(atMost: 3))
        watch.start(hands.hands)
        await pass(35)
        #expect(hands.actions.last == .restart(.node("ill")))
        #expect(watch.missing == [.node("ill")])
        watch.forget(.node("ill"))
        #expect(watch.missing == [])
        watch.stop()
    }
}
