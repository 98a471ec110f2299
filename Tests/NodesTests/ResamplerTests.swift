import Testing
import Vocabulary

@testable import Nodes

@Suite struct `A resampler` {
    @Test(
        arguments: [
            (CaptureSummary.last, [3, 9, 1], 1), (.minimum, [3, 9, 1], 1),
            (.maximum, [3, 9, 1], 9),
            (.average, [3, 9, 1], 4), (.average, [1, 2], 2), (.average, [-1, -2], -2),
            (.average, [0, 0, 1], 0), (.average, [.max, .max], .max),
            (.average, [.min, .min], .min),
            (.average, [.min, .max], -1),
        ] as [(CaptureSummary, [Int64], Int64)])
    func `reports an interval as one value, exactly`(
        summary: CaptureSummary, values: [Int64], expected: Int64
    ) {
        var resampler = Resampler(summary)
        for value in values { resampler.add(value) }
        #expect(resampler.take() == expected)
    }

    @Test(arguments: CaptureSummary.allCases)
    func `begins each interval again and reports nothing of an empty one`(summary: CaptureSummary) {
        var resampler = Resampler(summary)
        #expect(resampler.take() == nil)
        resampler.add(100)
        _ = resampler.take()
        #expect(resampler.take() == nil)
        resampler.add(-5)
        #expect(resampler.take() == -5)
    }
}
