import Fakes
import Testing
import Vocabulary

@testable import Timing

@Suite(.timeLimit(.minutes(10))) struct `Work within a limit` {
    @Test func `gives its result when it is there in time`() async {
        #expect(await within(.seconds(2), on: ManualClock()) { 7 } == 7)
    }

    @Test func `gives nothing once the limit has passed, and not before`() async {
        let clock = ManualClock()
        let (never, door) = AsyncStream<Void>.makeStream()
        async let result: Int? = within(.seconds(2), on: clock) {
            for await _ in never {}
            return 7
        }
        await clock.sleepers(1)
        #expect(clock.nextDeadline == clock.now.advanced(by: .seconds(2)))
        clock.advance(by: .seconds(2))
        #expect(await result == nil)
        door.finish()
    }

    @Test func `that ends late is dropped without effect`() async {
        let clock = ManualClock()
        let (gate, door) = AsyncStream<Void>.makeStream()
        let (ends, end) = AsyncStream<Void>.makeStream()
        async let result: Int? = within(.seconds(1), on: clock) {
            for await _ in gate {}
            end.finish()
            return 7
        }
        await clock.sleepers(1)
        clock.advance(by: .seconds(1))
        #expect(await result == nil)
        door.finish()
        for await _ in ends {}
    }

    @Test func `is asked once and answered once, the first answer counts`() async {
        let answer = await withCheckedContinuation { (requester: CheckedContinuation<Int, Never>) in
            let question = Oneshot(requester)
            question.give(1)
            question.give(2)
        }
        #expect(answer == 1)
    }
}
