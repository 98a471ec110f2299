import Channels
import Dispatch
import Fakes
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(10))) struct `A work queue` {
    private let clock = ManualClock()

    private func queue(_ bound: Int) -> WorkQueue<Int> {
        WorkQueue("uploads", bound: bound, clock: clock)
    }

    private func kind(_ work: () async throws(ChannelError) -> Void) async -> ChannelError.Kind? {
        do throws(ChannelError) {
            try await work()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `says at once when it is full`() async throws {
        let queue = queue(2)
        try queue.trySend(1)
        try queue.trySend(2)
        #expect(await kind { () throws(ChannelError) in try queue.trySend(3) } == .busy)
        #expect(await queue.taker().next() == 1)
        try queue.trySend(3)
        #expect(queue.depth == 2)
    }

    /// What each of four takers got of 2,000 items.
    private func shares(isBurst: Bool, on executor: OneThread?) async throws -> [[Int]] {
        let queue = queue(isBurst ? 2_000 : 10)
        return try await withThrowingTaskGroup(of: [Int].self) { group in
            if isBurst { for item in 0..<2_000 { try queue.trySend(item) } }
            for _ in 0..<4 {
                group.addTask(executorPreference: executor) {
                    let taker = queue.taker()
                    var taken: [Int] = []
                    while let item = await taker.next() { taken.append(item) }
                    return taken
                }
            }
            group.addTask(executorPreference: executor) {
                if !isBurst {
                    for item in 0..<2_000 { try await queue.send(item, within: .seconds(1)) }
                }
                queue.close()
                return []
            }
            executor?.begin()
            return try await group.reduce(into: []) { shares, taken in
                if !taken.isEmpty { shares.append(taken) }
            }
        }
    }

    @Test(arguments: [false, true])
    func `gives each item to exactly one taker`(isBurst: Bool) async throws {
        let shares = try await shares(isBurst: isBurst, on: nil)
        #expect(shares.flatMap(\.self).sorted() == Array(0..<2_000))
    }

    @Test(arguments: [false, true])
    func `gives none of four takers less than a fifth`(isBurst: Bool) async throws {
        // One thread that begins once all are there, so that no scheduler has a say in it.
        let shares = try await shares(isBurst: isBurst, on: OneThread())
        #expect(shares.count == 4)
        #expect(shares.map(\.count).min() ?? 0 >= 400, "\(shares.map(\.count))")
    }

    @Test func `makes a sender wait for a place and keeps the order of asking`() async throws {
        let queue = queue(1)
        try queue.trySend(1)
        let second = Task.immediate { try await queue.send(2, within: .seconds(5)) }
        let third = Task.immediate { try await queue.send(3, within: .seconds(5)) }
        #expect(queue.blocked == 2)
        let taker = queue.taker()
        var taken: [Int?] = []
        for _ in 0..<3 { taken.append(await taker.next()) }
        #expect(taken == [1, 2, 3])
        try await second.value
        try await third.value
    }

    @Test func `refuses a sender whose time is over, and never delivers its item`() async throws {
        let queue = queue(1)
        try queue.trySend(1)
        async let refusal = kind { () async throws(ChannelError) in
            try await queue.send(2, within: .seconds(5))
        }
        await clock.sleepers(1)
        clock.advance(by: .seconds(5))
        #expect(await refusal == .timedOut)
        queue.close()
        let taker = queue.taker()
        #expect(await taker.next() == 1)
        #expect(await taker.next() == nil)
    }

    @Test func `answers each of several senders at its own time`() async throws {
        let queue = queue(1)
        try queue.trySend(1)
        let slow = Task.immediate {
            await kind { () async throws(ChannelError) in
                try await queue.send(2, within: .seconds(9))
            }
        }
        let quick = Task.immediate {
            await kind { () async throws(ChannelError) in
                try await queue.send(3, within: .seconds(5))
            }
        }
        #expect(queue.blocked == 2)
        await clock.sleepers(1)
        clock.advance(by: .seconds(5))
        #expect(await quick.value == .timedOut)
        #expect(queue.blocked == 1)
        await clock.sleepers(1)
        clock.advance(by: .seconds(4))
        #expect(await slow.value == .timedOut)
    }

    @Test func `refuses no sender while there is a place`() async throws {
        let queue = queue(10)
        for item in 0..<10 { try queue.trySend(item) }
        async let sent: Void = queue.send(10, within: .seconds(5))
        await clock.sleepers(1)
        let taker = queue.taker()
        for item in 0..<3 { #expect(await taker.next() == item) }
        #expect(queue.blocked == 1, "too few places are free to wake it")
        clock.advance(by: .seconds(5))
        try await sent
        #expect(queue.depth == 8)
    }

    @Test func `that is closed refuses senders that wait, is drained, and ends its takers`()
        async throws
    {
        let queue = queue(1)
        let cause = Cause.failed("no upstream")
        try queue.trySend(1)
        async let refusal = kind { () async throws(ChannelError) in
            try await queue.send(2, within: .seconds(5))
        }
        await clock.sleepers(1)
        queue.close(cause)
        #expect(await refusal == .stopped(cause))
        #expect(await kind { () throws(ChannelError) in try queue.trySend(3) } == .stopped(cause))
        let taker = queue.taker()
        #expect(await taker.next() == 1)
        #expect(await taker.next() == nil)
        #expect(queue.cause == cause)
    }

    @Test func `wakes takers that wait when it is closed`() async {
        let queue = queue(1)
        let takers = (0..<4).map { _ in Task.immediate { await queue.taker().next() } }
        queue.close()
        for taker in takers { #expect(await taker.value == nil) }
    }

    @Test func `forgets a taker and a sender that are cancelled`() async throws {
        let queue = queue(1)
        let taking = Task.immediate { await queue.taker().next() }
        taking.cancel()
        #expect(await taking.value == nil)
        try queue.trySend(1)
        let sending = Task {
            await kind { () async throws(ChannelError) in
                try await queue.send(2, within: .seconds(5))
            }
        }
        await clock.sleepers(1)
        sending.cancel()
        #expect(await sending.value == .cancelled)
        #expect(await queue.taker().next() == 1)
        #expect(queue.depth == 0)
    }
}

/// Runs tasks one after the other.
private final class OneThread: TaskExecutor {
    private let queue = DispatchQueue(label: "one thread", attributes: .initiallyInactive)

    func begin() { queue.activate() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
