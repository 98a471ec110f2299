import Testing
import Vocabulary

@testable import Nodes

private func instant(_ seconds: Double) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: Int64(seconds * 1e9))
}

@Suite struct `A capture state` {
    private func captured(
        _ polls: [(value: Int64, second: Double)], delta: Int64?
    ) -> [Bool] {
        var capture = CaptureState(rule: CaptureRule(period: .seconds(60), delta: delta))
        return polls.map { capture.capture($0.value, due: instant($0.second)) == $0.value }
    }

    @Test(
        arguments: [(.last, 60), (.average, 35), (.minimum, 10), (.maximum, 60)]
            as [(CaptureSummary, Int64)])
    func `sums up what came since the last report, the first value by itself`(
        summary: CaptureSummary, expected: Int64
    ) {
        let rule = CaptureRule(period: .seconds(60), delta: nil, summary: summary)
        var capture = CaptureState(rule: rule)
        var reported: [Int64?] = [capture.capture(500, due: instant(0))]
        for step in 1...6 {
            reported.append(capture.capture(Int64(step) * 10, due: instant(Double(step) * 10)))
        }
        #expect(reported == [500, nil, nil, nil, nil, nil, expected])
        #expect(capture.capture(-3, due: instant(120)) == -3)
    }

    @Test func `loses no extreme to a report that is due at once`() {
        let rule = CaptureRule(period: .seconds(60), delta: nil, summary: .maximum)
        var capture = CaptureState(rule: rule)
        _ = capture.capture(0, due: instant(0))
        #expect(capture.capture(99, due: instant(1)) == nil)
        capture.reset()
        #expect(capture.capture(5, due: instant(2)) == 99)
    }

    @Test func `takes the first value, then one each period, then what changed enough`() {
        let polls: [(Int64, Double)] = [
            (100, 0), (109, 1), (110, 2), (101, 61), (101, 62), (91, 63),
        ]
        #expect(captured(polls, delta: 10) == [true, false, true, false, true, true])
    }

    @Test func `without a delta a change waits for the period`() {
        #expect(captured([(0, 0), (1_000_000, 59), (0, 60)], delta: nil) == [true, false, true])
    }

    @Test func `the farthest apart of all values differ enough`() {
        #expect(captured([(.min, 0), (.max, 1)], delta: .max) == [true, true])
    }
}

@Suite struct `A plausibility check` {
    /// Which of `values`, polled one after the other, are believed.
    private func believed(_ values: [Int64], _ rule: Plausibility) -> [Bool] {
        var check = PlausibilityCheck(channel: Bench().channel(plausibility: rule))
        return values.enumerated().map { second, value in
            check.judge(value, at: MonotonicInstant(nanoseconds: Int64(second) * 1_000_000_000))
                .isBelieved
        }
    }

    @Test func `never believes a value out of range`() {
        let rule = Plausibility(range: -55...125)
        #expect(believed([125, -55, -56], rule) == [true, true, false])
        #expect(!believed(Array(repeating: 126, count: 100), rule).contains(true))
    }

    @Test func `takes a power-on value only when it is near the last good one`() {
        let rule = Plausibility(largestStep: 5, powerOnValues: [85])
        #expect(believed([85, 82, 85], rule) == [false, true, true])
    }

    @Test func `believes a large step once three polls agree`() {
        let rule = Plausibility(largestStep: 5)
        #expect(
            believed([20, 60, 21, 60, 61, 62], rule) == [true, false, true, false, false, true])
    }

    @Test func `a counter that falls for less than a minute is not believed`() {
        let values = [5_000_000, 5_000_000] + Array(1...60) + [5_000_001]
        let verdicts = believed(values.map(Int64.init), Plausibility(isCounter: true))
        #expect(verdicts.prefix(2) == [true, true] && verdicts.last == true)
        #expect(verdicts.count { $0 } == 3)
    }

    private static let allOnes = Int64(UInt32.max)

    @Test(arguments: [
        // One glitch, two in a row, and one that comes again while the counter is being confirmed.
        ([500, 501, allOnes, 502, 502, 503, 504], [true, true, true, false, false, true, true]),
        (
            [500, 500, allOnes, allOnes, 502, 503, 503, 501],
            [true, true, true, true, false, false, true, false]
        ),
        (
            [500, 500, allOnes, 502, allOnes, 502, 503, 503, 504],
            [true, true, true, false, true, false, false, true, true]
        ),
        // The first value of all.
        ([allOnes, 500, 501, 502, 502], [true, false, false, true, true]),
    ])
    func `a counter outlives a glitch that was far too high`(
        _ values: [Int64], expected: [Bool]
    ) {
        #expect(believed(values, Plausibility(isCounter: true)) == expected)
    }

    @Test(arguments: [
        // Below what was confirmed before the glitch; not rising; nearer to the top than to the past.
        [500, 500, allOnes, 499, 499, 499, 499], [500, 500, allOnes, 504, 503, 502, 501],
        [500, 500, 1000, 900, 900, 900, 900],
        // A meter that answers 0 right after its first value.
        [5_000_000, 0, 0, 0, 0],
    ])
    func `a counter is not believed again for less`(_ values: [Int64]) {
        #expect(!believed(values, Plausibility(isCounter: true)).suffix(4).contains(true))
    }
}

extension PlausibilityCheck.Verdict {
    var isBelieved: Bool {
        switch self {
        case .plausible, .news: true
        case .pending, .implausible: false
        }
    }
}
