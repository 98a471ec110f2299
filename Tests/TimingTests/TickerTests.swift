import Fakes
import Testing
import Vocabulary

@testable import Timing

@Suite(.timeLimit(.minutes(10))) struct `A ticker` {
    private let clock = ManualClock()

    @Test func `ticks when its time has come, and says so`() async {
        let ticker = Ticker(every: .seconds(1), clock: clock)
        let start = clock.now
        for second in 1...3 {
            async let tick = ticker.next()
            await clock.sleepers(1)
            clock.advance(by: .seconds(1))
            let due = start.advanced(by: .seconds(second))
            #expect(await tick == Tick(due: due, at: due, missed: 0))
        }
    }

    @Test func `begins after its delay`() async {
        let ticker = Ticker(every: .seconds(5), delay: .zero, clock: clock)
        #expect(await ticker.next()?.due == clock.now)
        async let tick = ticker.next()
        await clock.sleepers(1)
        #expect(clock.nextDeadline == clock.now.advanced(by: .seconds(5)))
        ticker.stop()
        #expect(await tick == nil)
    }

    @Test func `begins again when it is reset, also while a task waits and after a stop`() async {
        let ticker = Ticker(every: .seconds(100), clock: clock)
        async let tick = ticker.next()
        await clock.sleepers(1)
        ticker.reset(every: .seconds(2))
        // The reset has ended the old sleep by now; this is the new one.
        await clock.sleepers(1)
        #expect(clock.nextDeadline == clock.now.advanced(by: .seconds(2)))
        clock.advance(by: .seconds(2))
        #expect(await tick?.due == clock.now)
        ticker.stop()
        #expect(await ticker.next() == nil)
        ticker.reset(every: .seconds(1), delay: .zero)
        #expect(await ticker.next()?.due == clock.now)
    }

    @Test func `ends for a task that is cancelled`() async {
        let ticker = Ticker(every: .seconds(1), clock: clock)
        let waiting = Task { await ticker.next() }
        await clock.sleepers(1)
        waiting.cancel()
        #expect(await waiting.value == nil)
    }

    @Test(arguments: [(MissedTicks.resync, 1), (.catchUp, 1_000), (.drift(tolerance: .zero), 1)])
    func `after a stall of 10 s ticks once, or makes up for all`(policy: MissedTicks, ticks: Int)
        async
    {
        let ticker = Ticker(every: .milliseconds(10), policy, clock: clock)
        clock.advance(by: .seconds(10))
        let stall = clock.now
        var missed = 0
        for _ in 0..<ticks {
            let tick = await ticker.next()
            #expect(tick?.at == stall)
            missed += tick?.missed ?? 0
        }
        // The next one is not due yet.
        async let next = ticker.next()
        await clock.sleepers(1)
        ticker.stop()
        #expect(await next == nil)
        #expect(missed == 1_000 - ticks)
    }
}

@Suite struct `A tick schedule` {
    private let start = MonotonicInstant(nanoseconds: 0)

    private func at(_ milliseconds: Int64) -> MonotonicInstant {
        start.advanced(by: .milliseconds(milliseconds))
    }

    /// A period of 1 s, the first tick due at 1.0 s. Source: the specification of the peer, its table.
    @Test(
        arguments: [
            (MissedTicks.catchUp, 2_300, 2_000), (.catchUp, 1_200, 2_000),
            (.resync, 2_300, 3_000), (.resync, 1_200, 2_000), (.resync, 2_000, 3_000),
            (.drift(tolerance: .zero), 2_300, 3_300), (.drift(tolerance: .zero), 1_200, 2_200),
            (.drift(tolerance: .milliseconds(200)), 1_200, 2_000),
        ] as [(MissedTicks, Int64, Int64)])
    func `goes on after a late tick as its policy says`(
        policy: MissedTicks, late: Int64, next: Int64
    ) {
        var schedule = TickSchedule(period: .seconds(1), policy: policy, first: at(1_000))
        #expect(schedule.tick(at: at(999)) == nil)
        #expect(schedule.tick(at: at(late))?.due == at(1_000))
        #expect(schedule.due == at(next))
    }

    @Test func `neither skips nor doubles a moment, however late its ticks come`() {
        var chance = SeededGenerator(seed: 7)
        for policy in [MissedTicks.resync, .catchUp] {
            var schedule = TickSchedule(period: .milliseconds(10), policy: policy, first: at(10))
            var (now, told) = (start, 0)
            for _ in 0..<10_000 {
                now = now.advanced(by: .milliseconds(Int64(chance.next() % 35)))
                while let tick = schedule.tick(at: now) {
                    #expect(tick.due == at(10 * Int64(told + 1)))
                    told += 1 + tick.missed
                }
                #expect(schedule.due > now)
                #expect(at(10 * Int64(told)) <= now)
            }
        }
    }

    @Test func `goes on along its grid without drifting when each tick is a little late`() {
        var schedule = TickSchedule(period: .seconds(1), first: at(10_000), origin: at(10_000))
        for second in 11...1000 {
            let skipped = schedule.advance(past: at(Int64(1_000 * second - 700)))
            #expect(skipped == 0)
            #expect(schedule.due == at(Int64(1_000 * second)))
        }
    }

    @Test func `skips what was missed and says how much`() {
        var schedule = TickSchedule(period: .seconds(1), first: at(10_000), origin: at(10_000))
        let skipped = schedule.advance(past: at(30_010_500))
        #expect(skipped == 30_000)
        #expect(schedule.due == at(30_011_000))
    }

    @Test func `a first tick off the grid joins it at the next moment`() {
        var schedule = TickSchedule(period: .seconds(10), first: at(100_000), origin: at(107_000))
        schedule.advance(past: at(100_100))
        #expect(schedule.due == at(107_000))
    }
}
