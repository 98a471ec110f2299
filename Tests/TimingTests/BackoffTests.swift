import Testing
import Timing
import Vocabulary

@Suite struct `A back-off` {
    @Test func `doubles up to its cap and starts again after a success`() {
        var backoff = Backoff(first: .seconds(1), cap: .seconds(60))
        let delays = (0..<9).map { _ in backoff.failed() }
        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        backoff.succeeded()
        #expect(backoff.failed() == .seconds(1))
    }

    @Test func `waits longest at once where haste cannot mend it`() {
        var backoff = Backoff(first: .seconds(1), cap: .seconds(60))
        #expect(backoff.failed(isHopeless: true) == .seconds(60))
    }

    @Test func `shortens each wait by up to a half, another one for each seed`() {
        func delays(_ seed: UInt64) -> [Duration] {
            var backoff = Backoff(
                first: .seconds(1), cap: .seconds(60), jitter: SeededGenerator(seed: seed))
            return (0..<200).map { _ in backoff.failed() }
        }
        let late = delays(1).dropFirst(6)
        #expect(late.allSatisfy { $0 >= .seconds(30) && $0 <= .seconds(60) })
        #expect(late.min()! < .seconds(33) && late.max()! > .seconds(57))
        #expect(delays(1) == delays(1))
        #expect(delays(1) != delays(2))
    }

    @Test func `starts over after what lasted longer than the wait before it`() {
        var backoff = Backoff(first: .seconds(1), cap: .seconds(60))
        // A broker that is restarted 20 times, three seconds after each time it was found.
        for _ in 0..<20 { #expect(backoff.ended(after: .seconds(3)) == .seconds(1)) }
        // It stays away for a while; what follows is a failure more.
        #expect(backoff.failed() == .seconds(2))
        #expect(backoff.failed() == .seconds(4))
        #expect(backoff.ended(after: .seconds(4)) == .seconds(8))
        #expect(backoff.ended(after: .seconds(9)) == .seconds(1))
    }

    @Test func `leaves one that hangs up at once alone for longer and longer`() {
        var backoff = Backoff(first: .seconds(1), cap: .seconds(60))
        let delays = (0..<8).map { _ in backoff.ended(after: .milliseconds(5)) }
        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    }
}
