import Glibc
import Vocabulary

/// The machine's clocks.
struct BenchClock: GatewayClock {
    var now: MonotonicInstant { MonotonicInstant(nanoseconds: Self.read(CLOCK_MONOTONIC)) }
    var wallTime: WallTime { WallTime(nanoseconds: Self.read(CLOCK_REALTIME)) }

    func sleep(until deadline: MonotonicInstant) async throws {
        let remaining = now.duration(to: deadline)
        if remaining > .zero { try await Task.sleep(for: remaining) }
    }

    func allowance(until deadline: MonotonicInstant?, alarm: any Alarm) -> Duration? {
        deadline.map { max(.zero, now.duration(to: $0)) }
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // Sound: the call fills in `time`, which lives on this stack.
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A measurement could not be made, and why.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
