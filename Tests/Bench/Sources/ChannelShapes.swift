import Channels
import Synchronization
import Timing
import Vocabulary

/// What the gateway's own channels do, in elements a second. Nothing may be lost on the way.
struct ChannelShapes {
    let messages: Int
    let clock = BenchClock()

    /// One sender and `readers` readers, each a task of its own; the sender waits only when a reader is
    /// half of what it may hold behind. A message is one call to send and one to take it.
    func fanOut(to readers: Int) async throws -> Double {
        try await fanOut(to: readers, inARow: 1) { subscription, progress in
            var read = 0
            while let delivery = await subscription.next(), delivery.lost == 0 {
                read += 1
                if read & 255 == 0 { progress.store(read, ordering: .relaxed) }
            }
            return read
        }
    }

    /// The same with `inARow` messages a call, and as many as there are to take.
    func fanOutInBatches(to readers: Int, inARow: Int) async throws -> Double {
        try await fanOut(to: readers, inARow: inARow) { subscription, progress in
            var read = 0
            while let batch = await subscription.nextBatch() {
                for delivery in batch where delivery.lost == 0 { read += 1 }
                progress.store(read, ordering: .relaxed)
            }
            return read
        }
    }

    private func fanOut(
        to readers: Int, inARow: Int,
        read: @escaping @Sendable (Subscription<Int, Int>, borrowing Atomic<Int>) async -> Int
    ) async throws -> Double {
        let feed = Feed<Int, Int>(clock: clock)
        let bound = 8_192
        let readings = (0..<readers).map { reader in
            let (subscription, progress) = (
                feed.subscribe("\(reader)", .lossless(bound)), Progress()
            )
            return (
                progress: progress,
                task: Task { await read(subscription, progress.read) }
            )
        }
        let began = clock.now
        for start in stride(from: 0, to: messages, by: inARow) {
            if inARow == 1 {
                feed.send(start, for: 0)
            } else {
                let row = start..<min(start + inARow, messages)
                feed.send(row.lazy.map { (key: 0, value: $0) })
            }
            while start % 1_000 < inARow,
                readings.contains(where: {
                    start - $0.progress.read.load(ordering: .relaxed) > bound / 2
                })
            {
                await Task.yield()
            }
        }
        feed.close()
        var taken = 0
        for reading in readings { taken += await reading.task.value }
        return try rate(taken, of: readers * messages, since: began)
    }

    /// Several senders, each a task of its own, and one reader that takes all that lies there.
    func merge(of sources: Int) async throws -> Double {
        let each = messages / sources
        let merge = FanIn<Int>(capacity: each)
        let began = clock.now
        for number in 0..<sources {
            let source = merge.source(named: "\(number)")
            Task { for message in 0..<each { source.send(message) } }
        }
        var read = 0
        while read < each * sources, let batch = await merge.nextBatch() {
            read += batch.elements.count + batch.losses.reduce(0) { $0 + $1.count }
        }
        return try rate(read, of: each * sources, since: began)
    }

    /// One sender, several takers; it waits for a place whenever 50 items lie there.
    func workQueue(takers: Int) async throws -> Double {
        let queue = WorkQueue<Int>("bench", bound: 50, clock: clock)
        let tasks = (0..<takers).map { _ in
            Task {
                let taker = queue.taker()
                var taken = 0
                while await taker.next() != nil { taken += 1 }
                return taken
            }
        }
        let began = clock.now
        for message in 0..<messages { try await queue.send(message, within: .seconds(60)) }
        queue.close()
        var taken = 0
        for task in tasks { taken += await task.value }
        return try rate(taken, of: messages, since: began)
    }

    /// Eight requesters, one who answers.
    func ask() async throws -> Double {
        let requestQueue = RequestQueue<Int, Int>("bench", bound: 8, clock: clock)
        let serving = Task { await requestQueue.answerEach { $0.request } }
        let each = messages / 8
        let began = clock.now
        let answered = try await withThrowingTaskGroup(of: Int.self) { group in
            for requester in 0..<8 {
                group.addTask {
                    var answered = 0
                    for number in 0..<each {
                        guard let id = CommandID("\(requester)-\(number)") else { continue }
                        let answer = try await requestQueue.ask(
                            number, as: id, within: .seconds(60))
                        if answer == number { answered += 1 }
                    }
                    return answered
                }
            }
            return try await group.reduce(0, +)
        }
        let result = try rate(answered, of: each * 8, since: began)
        requestQueue.stop()
        await serving.value
        return result
    }

    /// How much later than due 1,000 ticks come, one a millisecond.
    func drift() async -> [Int64] {
        let ticker = Ticker(every: .milliseconds(1), .catchUp, clock: clock)
        var drifts: [Int64] = []
        while drifts.count < 1_000, let tick = await ticker.next() {
            drifts.append(tick.due.duration(to: tick.at).wholeNanoseconds)
        }
        return drifts
    }

    func rate(_ read: Int, of sent: Int, since began: MonotonicInstant) throws -> Double {
        guard read == sent else { throw BenchError("only \(read) of \(sent) came") }
        return Double(read) / (Double(began.duration(to: clock.now).wholeNanoseconds) / 1e9)
    }
}

/// How many messages a reader has read.
private final class Progress: Sendable {
    let read = Atomic(0)
}
