import Fakes
import Testing
import Timing
import Vocabulary

/// The one actor that owns a sleep.
private actor Sleeper {
    private let rest = InterruptibleSleep()

    func sleep(until deadline: MonotonicInstant, on clock: ManualClock) async {
        await rest.sleep(until: deadline, on: clock)
    }

    func hurry(to deadline: MonotonicInstant) { rest.hurry(to: deadline) }
}

@Suite(.timeLimit(.minutes(10))) struct `A sleep that can be cut short` {
    private let clock = ManualClock()
    private let sleeper = Sleeper()

    private func after(_ time: Duration) -> MonotonicInstant { clock.now.advanced(by: time) }

    @Test func `ends at once for an earlier deadline`() async {
        let sleeping = Task { await sleeper.sleep(until: after(.seconds(60)), on: clock) }
        await clock.sleepers(1)
        await sleeper.hurry(to: after(.seconds(59)))
        await sleeping.value
    }

    @Test func `goes on at a later deadline`() async {
        let ended = Guarded(false)
        let end = after(.seconds(60))
        let sleeping = Task {
            await sleeper.sleep(until: end, on: clock)
            ended.withLock { $0 = true }
        }
        await clock.sleepers(1)
        await sleeper.hurry(to: after(.seconds(61)))
        // Cancelled, it would sleep on the clock no more.
        await clock.sleepers(1)
        let hasEnded = ended.withLock { $0 }
        #expect(!hasEnded)
        clock.advance(by: .seconds(60))
        await sleeping.value
    }
}
