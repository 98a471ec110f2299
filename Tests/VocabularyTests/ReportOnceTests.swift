import Testing
import Vocabulary

@Suite struct `What is reported once` {
    private let start = MonotonicInstant(nanoseconds: 0)

    @Test func `is reported when it begins and when its reason changes`() {
        var reports = ReportOnce<String>()
        var isReported = [
            reports.begin("tank", "no reply"), reports.begin("tank", "no reply"),
            reports.begin("roof", "no reply"), reports.begin("tank", "garbled"),
        ]
        #expect(isReported == [true, false, true, true])
        let count = reports.end("tank")
        #expect(count == 3)
        isReported = [reports.begin("tank", "garbled"), reports.begin("roof", "no reply")]
        #expect(isReported == [true, false])
        reports.reset()
        #expect(reports.isEmpty)
        isReported = [reports.begin("roof", "no reply")]
        #expect(isReported == [true])
    }

    @Test func `is over after quiet time, and says how often it was`() {
        var reports = ReportOnce<String>(quiet: .seconds(10))
        _ = reports.begin("tank", count: 3, at: start)
        _ = reports.begin("tank", count: 4, at: start.advanced(by: .seconds(5)))
        _ = reports.begin("roof", at: start.advanced(by: .seconds(9)))
        var ended = reports.ended(at: start.advanced(by: .seconds(15)))
        #expect(ended.isEmpty)
        ended = reports.ended(at: start.advanced(by: .seconds(16)))
        #expect(ended.map(\.key) == ["tank"] && ended.map(\.count) == [7])
        #expect(reports.count == 1)
        let counts = [reports.end("roof"), reports.end("roof")]
        #expect(counts == [1, nil])
    }

    @Test func `is left out beyond its capacity, until there is room`() {
        var reports = ReportOnce<Int>(capacity: 2)
        let isReported = [1, 2, 3].map { reports.begin($0) }
        #expect(isReported == [true, true, false])
        reports.end(1)
        let isReportedNow = reports.begin(3)
        #expect(isReportedNow)
    }
}
