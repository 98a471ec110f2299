import Testing
import Timing
import Vocabulary

private func wall(_ seconds: Double) -> WallTime { WallTime(nanoseconds: Int64(seconds * 1e9)) }

private func instant(_ seconds: Double) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: Int64((seconds * 1e9).rounded()))
}

@Suite struct `Ticks aligned to the wall clock` {
    @Test func `come at each whole period, measured on the other clock`() {
        var ticks = AlignedTicks(period: .seconds(300), wall: wall(1_000), now: instant(7))
        #expect(ticks.deadline == instant(207))
        #expect(ticks.take(wall: wall(1_100), now: instant(107)) == nil)
        #expect(ticks.take(wall: wall(1_200.01), now: instant(207.01)) == wall(1_200))
        #expect(ticks.deadline == instant(507))
    }

    @Test func `do not come twice when the wall clock lags a little behind`() {
        var ticks = AlignedTicks(period: .seconds(300), wall: wall(1_000), now: instant(0))
        #expect(ticks.take(wall: wall(1_199.9), now: instant(200)) == nil)
        #expect(ticks.deadline == instant(200.1))
        #expect(ticks.take(wall: wall(1_200), now: instant(200.1)) == wall(1_200))
    }

    @Test func `are not made up for when the clock jumps on by years`() {
        var ticks = AlignedTicks(period: .seconds(300), wall: wall(1_000), now: instant(0))
        let later = 1_000 + 3e8
        #expect(ticks.take(wall: wall(later), now: instant(100)) == nil)
        #expect(ticks.take(wall: wall(later + 100), now: instant(200)) == wall(300_000_900))
        #expect(ticks.take(wall: wall(later + 100.1), now: instant(200.1)) == nil)
        #expect(ticks.take(wall: wall(later + 200), now: instant(300)) == wall(300_001_200))
    }

    @Test func `come again within two periods when the clock is set back`() {
        var ticks = AlignedTicks(period: .seconds(300), wall: wall(100_000), now: instant(0))
        var told: [WallTime] = []
        for second in 1...900 {
            if let tick = ticks.take(wall: wall(Double(second)), now: instant(Double(second))) {
                told.append(tick)
            }
        }
        #expect(told == [wall(300), wall(600), wall(900)])
    }

    @Test func `of an outage are one`() {
        var ticks = AlignedTicks(period: .seconds(30), wall: wall(0), now: instant(0))
        #expect(ticks.take(wall: wall(86_400), now: instant(86_400)) == wall(86_400))
        #expect(ticks.deadline == instant(86_430))
    }
}
