import Fakes
import Testing
import Vocabulary

@testable import Threads

/// More stack than any address space has: there is never such a thread.
private let impossible = ThreadPlan(name: "impossible", stackSize: 1 << 60)

@Suite(.timeLimit(.minutes(10))) struct `A thread that the system does not give` {
    private let clock = ManualClock()

    @Test func `is an error, and no end of the process`() {
        #expect(throws: ThreadError.self) { try startThread(impossible) {} }
    }

    @Test func `is asked for again, with growing pauses`() async {
        let (stream, teller) = AsyncStream<ThreadError?>.makeStream()
        startThread(impossible, on: clock, lacks: { teller.yield($0) }) {}
        var lacks = stream.makeAsyncIterator()
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(await lacks.next() != .some(nil))
            await clock.sleepers(1)
            clock.advance(by: .seconds(pause) - .nanoseconds(1))
            await clock.sleepers(1)
            clock.advance(by: .nanoseconds(1))
        }
        #expect(await lacks.next() != .some(nil))
    }

    @Test func `keeps an executor waiting, which says so`() {
        let thread = SyncThread(name: "impossible", clock: clock, stackSize: 1 << 60)
        #expect(thread.lacks != nil)
        let real = SyncThread(name: "real", clock: clock)
        #expect(real.lacks == nil)
        real.end()
        thread.end()
    }

    @Test func `is not one that leaves enough for others`() async {
        let (stream, teller) = AsyncStream<Void>.makeStream()
        #expect(throws: Never.self) {
            try startThread(ThreadPlan(name: "small", leaves: 3)) { teller.yield() }
        }
        #expect(await stream.first { _ in true } != nil)
    }
}

@Suite struct `What the system has to spare` {
    @Test func `is reported before anything is begun`() {
        #expect(Spare.problem(threads: 2, descriptors: 4, bytes: 1 << 20) == nil)
        #expect(Spare.problem(bytes: 1 << 60)?.contains("memory") == true)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The rounds of a thread` {
    /// They began between two looks of the thread, and nothing else would have woken it.
    @Test func `that begin during a round have their turn`() async {
        let thread = SyncThread(name: "rounds", clock: ManualClock())
        await withCheckedContinuation { continuation in
            let once = Guarded<CheckedContinuation<Void, Never>?>(continuation)
            thread.begin {
                thread.begin {
                    once.withLock { $0.take() }?.resume()
                    return SyncThread.Rest(until: nil)
                }
                return SyncThread.Rest(until: nil)
            }
        }
        thread.end()
    }
}
