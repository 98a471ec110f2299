import DriverKit
import Foundation
import Synchronization
import TestMachine
import Testing
import Vocabulary

@testable import Wires

/// Runs `body` on a thread of its own, which it may block.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: body()) }
    }
}

/// What threads leave behind.
private final class Tally: Sendable {
    let order = Mutex<[Int]>([])
    let speakers = Atomic<Int>(0)
    let mostSpeakers = Mutex(0)
}

@Suite("Turns on a bus", .ownThread) struct BusTurnsTests {
    @Test func `who waits for a turn says so until it comes`() async {
        let turns = BusTurns(bus: "bus rs485")
        let (first, second) = (turns.join(for: "the first"), turns.join(for: "the second"))
        let told = Mutex([Bool]())
        await withTaskGroup(of: Void.self) { group in
            let (waits, wait) = AsyncStream<Void>.makeStream()
            let report: @Sendable (Bool) -> Void = { isWaiting in
                told.withLock { $0.append(isWaiting) }
                wait.yield()
            }
            group.addTask {
                await onThread {
                    TurnWait.reporting(to: report) {
                        do throws(DriverError) {
                            try turns.wait(second, within: .seconds(60))
                        } catch {
                            Issue.record("\(error)")
                        }
                    }
                }
            }
            var news = waits.makeAsyncIterator()
            await news.next()
            #expect(told.withLock { $0 } == [true])
            turns.leave(first)
            await news.next()
        }
        #expect(told.withLock { $0 } == [true, false])
    }

    @Test func `turns come in the order in which they were asked for`() async throws {
        let turns = BusTurns(bus: "bus rs485")
        let first = turns.join(for: "the first")
        let tally = Tally()
        let places = (0..<8).map { turns.join(for: "place \($0)") }
        await withTaskGroup(of: Void.self) { group in
            // The last in the queue begins to wait first.
            for index in places.indices.reversed() {
                let place = places[index]
                group.addTask {
                    await onThread {
                        do throws(DriverError) {
                            try turns.wait(place, within: .seconds(60))
                        } catch {
                            Issue.record("\(error)")
                            return
                        }
                        tally.order.withLock { $0.append(index) }
                        turns.leave(place)
                    }
                }
            }
            turns.leave(first)
        }
        #expect(tally.order.withLock { $0 } == Array(0..<8))
    }

    @Test func `a bus that stays busy is reported with what keeps it busy`() throws {
        let turns = BusTurns(bus: "bus rs485")
        let first = turns.join(for: "01 04 00 0c 00 02")
        let second = turns.join(for: "02 04 00 00 00 02")
        let third = turns.join(for: "03 04 00 00 00 02")
        let error = #expect(throws: DriverError.self) {
            try turns.wait(second, within: .milliseconds(5))
        }
        #expect(
            error
                == DriverError(
                    .timeout,
                    "bus rs485 is busy for 5 ms, serving 01 04 00 0c 00 02; "
                        + "1 others are queued"))
        // The place that was given up is not waited for.
        turns.leave(first)
        try turns.wait(third, within: .zero)
        turns.leave(third)
        #expect(try turns.take(for: "the last", within: .zero) { 7 } == 7)
    }

    @Test func `a turn ends although what it was for has failed`() throws {
        let turns = BusTurns(bus: "bus rs485")
        #expect(throws: DriverError.self) {
            try turns.take(for: "a failure", within: .zero) { () throws(DriverError) in
                throw DriverError(.malformedReply, "on purpose")
            }
        }
        try turns.take(for: "the next", within: .zero) {}
    }

    @Test func `two users never transmit at the same time`() async {
        let turns = BusTurns(bus: "bus rs485")
        let tally = Tally()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<6 {
                group.addTask {
                    await onThread {
                        for _ in 0..<200 {
                            do throws(DriverError) {
                                try turns.take(for: "\(index)", within: .seconds(60)) {
                                    let now = tally.speakers.add(1, ordering: .relaxed).newValue
                                    tally.mostSpeakers.withLock { $0 = max($0, now) }
                                    tally.speakers.subtract(1, ordering: .relaxed)
                                }
                            } catch {
                                Issue.record("\(error)")
                            }
                        }
                    }
                }
            }
        }
        #expect(tally.mostSpeakers.withLock { $0 } == 1)
    }
}
