import AsyncAlgorithms
import Vocabulary

/// The same shapes in swift-async-algorithms, each with what it has for them.
struct PeerShapes {
    let messages: Int
    let clock = BenchClock()

    /// One sender that waits when 50 lie there, one reader.
    func channel() async throws -> Double {
        var pair = MultiProducerSingleConsumerAsyncChannel.makeChannel(
            of: Int.self, backpressureStrategy: .watermark(low: 25, high: 50))
        var channel = pair.takeChannel()
        var source = pair.source
        let began = clock.now
        let messages = messages
        let sending = Task {
            for message in 0..<messages { try await source.send(message) }
        }
        var read = 0
        while read < messages, await channel.next() != nil { read += 1 }
        try await sending.value
        return rate(read, since: began)
    }

    /// One source shared by several readers, who all get all of it.
    func share(to readers: Int) async -> Double {
        let shared = (0..<messages).async.share(bufferingPolicy: .bounded(50))
        let began = clock.now
        let tasks = (0..<readers).map { _ in
            Task {
                var read = 0
                for await _ in shared { read += 1 }
                return read
            }
        }
        var read = 0
        for task in tasks { read += await task.value }
        return rate(read, since: began)
    }

    /// Three sources, the most that its merge takes.
    func merge() async -> Double {
        let each = messages / 3
        let began = clock.now
        let all = AsyncAlgorithms.merge((0..<each).async, (0..<each).async, (0..<each).async)
        var read = 0
        for await _ in all { read += 1 }
        return rate(read, since: began)
    }

    /// How much later than due 1,000 ticks come, one a millisecond.
    func drift() async -> [Int64] {
        let clock = ContinuousClock()
        let began = clock.now
        var drifts: [Int64] = []
        for await tick in AsyncTimerSequence(interval: .milliseconds(1), clock: clock) {
            let due = began.advanced(by: .milliseconds(drifts.count + 1))
            drifts.append(max(0, due.duration(to: min(tick, clock.now)).wholeNanoseconds))
            if drifts.count == 1_000 { break }
        }
        return drifts
    }

    private func rate(_ read: Int, since began: MonotonicInstant) -> Double {
        Double(read) / (Double(began.duration(to: clock.now).wholeNanoseconds) / 1e9)
    }
}
