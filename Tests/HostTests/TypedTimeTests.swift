import Testing
import Vocabulary

@testable import Host

@Suite struct `A time on the command line` {
    private let now = WallTime(iso8601: "2026-11-21T04:22:07Z")!

    @Test(arguments: [("-1h", 3_600), ("-30min", 1_800), ("-7d", 604_800), ("now", 0)])
    func `may count back from now`(text: String, seconds: Int64) {
        #expect(TypedTime.moment(text, at: now) == now.advanced(by: .seconds(-seconds)))
    }

    @Test(arguments: [
        "2026-11-20T22:00:00Z", "2026-11-20 22:00Z", "2026-11-20T23:00+01:00",
        "2026-11-20 22:00:00.0Z",
    ]) func `may have a zone`(text: String) {
        #expect(TypedTime.moment(text, at: now) == WallTime(iso8601: "2026-11-20T22:00:00Z"))
    }

    @Test func `is the clock's here without one`() throws {
        let shown = LocalTime.text(now)
        let local = String(shown.prefix(19))
        #expect(TypedTime.moment(local, at: now) == now)
        #expect(TypedTime.moment(String(local.dropFirst(11)), at: now) == now)
        let midnight = try #require(TypedTime.moment("today", at: now))
        #expect(LocalTime.text(midnight).dropFirst(11).hasPrefix("00:00:00.000"))
        #expect(TypedTime.moment(String(local.prefix(10)), at: now) == midnight)
        let yesterday = try #require(TypedTime.moment("yesterday", at: now))
        #expect(LocalTime.text(yesterday).dropFirst(11).hasPrefix("00:00:00.000"))
        #expect(yesterday < midnight)
        // What is shown is the same moment for everybody.
        #expect(WallTime(iso8601: shown.replacing(" ", with: "T")) == now)
    }

    @Test(arguments: [
        "", "-", "1h", "-1y", "2026-11-31", "2026-11-21T25:00Z", "24:00", "tomorrow", "2026", "12",
        "2026-11-21X05:22", "2026-11-21T", "-5m", "ä", "2026-11-21T05:22 CET",
    ]) func `is refused in any other form`(text: String) {
        #expect(TypedTime.moment(text, at: now) == nil)
    }
}
