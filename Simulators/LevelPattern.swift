import DriverKit
import Vocabulary

/// What the simulated world does to an input by itself: low and high by turns, in a cycle that repeats.
///
/// The level is a function of the time alone, so that it needs nobody who ticks.
public struct LevelPattern: Sendable {
    /// The moments within a cycle at which the level changes, in nanoseconds, the last one its end.
    private let turns: [Int64]

    /// - Parameter dwells: How long it is low, then high, then low again; an even number of them, none
    ///   shorter than a microsecond.
    public init(dwells: [Duration]) {
        precondition(!dwells.isEmpty && dwells.count.isMultiple(of: 2), "a cycle ends as it began")
        var end: Int64 = 0
        turns = dwells.map { dwell in
            end += max(1000, dwell.wholeNanoseconds)
            return end
        }
    }

    /// Short pulses, between them pauses that differ.
    ///
    /// - Parameter interval: The shortest and longest time from one pulse to the next.
    public static func pulses(
        every interval: ClosedRange<Duration>, lasting width: Duration,
        chance: inout SeededGenerator
    ) -> LevelPattern {
        LevelPattern(
            dwells: (0..<64).flatMap { _ in
                [.any(in: interval, using: &chance) - width, width]
            })
    }

    /// Low and high by turns, each for a while.
    public static func turns(
        every interval: ClosedRange<Duration>, chance: inout SeededGenerator
    ) -> LevelPattern {
        LevelPattern(dwells: (0..<16).map { _ in .any(in: interval, using: &chance) })
    }

    /// The level on the line at `instant`.
    public func isHigh(at instant: MonotonicInstant) -> Bool {
        let (index, _) = turn(after: instant)
        return !index.isMultiple(of: 2)
    }

    /// The first change of level after `instant`.
    public func next(after instant: MonotonicInstant) -> MonotonicInstant {
        let (_, moment) = turn(after: instant)
        return MonotonicInstant(nanoseconds: moment)
    }

    private func turn(after instant: MonotonicInstant) -> (index: Int, moment: Int64) {
        let cycle = turns[turns.count - 1]
        let phase = instant.nanoseconds % cycle
        var low = 0
        var high = turns.count - 1
        while low < high {
            let middle = (low + high) / 2
            if turns[middle] > phase { high = middle } else { low = middle + 1 }
        }
        return (low, instant.nanoseconds - phase + turns[low])
    }
}

extension Duration {
    /// A duration in `range` by chance, in whole milliseconds.
    fileprivate static func any(
        in range: ClosedRange<Duration>, using chance: inout SeededGenerator
    ) -> Duration {
        let lowest = range.lowerBound.wholeNanoseconds / 1_000_000
        let highest = range.upperBound.wholeNanoseconds / 1_000_000
        return .milliseconds(Int64.random(in: lowest...max(lowest, highest), using: &chance))
    }
}
