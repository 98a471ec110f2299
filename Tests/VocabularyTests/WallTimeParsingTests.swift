import Testing
import Vocabulary

struct WallTimeParsingTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-21T04:22:07.25Z", 1_795_234_927_250_000_000),
        ("2026-11-21T05:22:07.25+01:00", 1_795_234_927_250_000_000),
        ("2026-11-20T23:52:07.250000000-04:30", 1_795_234_927_250_000_000),
        ("1969-12-31T23:59:59.999999999Z", -1), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
    ])
    func `a time in ISO 8601 is read`(text: String, nanoseconds: Int64) {
        #expect(WallTime(iso8601: text)?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "2026-11-21", "2026-11-21T04:22:07", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T04:22:07.Z", "2026-11-21T04:22:07.0123456789Z",
        "2026-11-21T04:22:07Z ", "9999-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
        "2026-11-21 04:22:07Z",
    ])
    func `what is no time, or out of reach, is not read`(text: String) {
        #expect(WallTime(iso8601: text) == nil)
    }

    @Test func `what is written is read back`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<10_000 {
            let time = WallTime(nanoseconds: Int64.random(in: .min + 1...(.max), using: &generator))
            #expect(WallTime(iso8601: time.iso8601) == time)
        }
    }
}
