import Testing
import Vocabulary

@Suite struct WallTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_795_235_327_250_000_000, "2026-11-21T04:28:47.250000000Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
        (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999999999Z"),
        (1_709_251_200_000_000_000, "2024-03-01T00:00:00.000000000Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
        (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (-2_203_891_200_000_000_000, "1900-03-01T00:00:00.000000000Z"),
        (-2_203_891_200_000_000_001, "1900-02-28T23:59:59.999999999Z"),
        (Int64.max, "2262-04-11T23:47:16.854775807Z"),
        (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func `it is written as ISO 8601 in UTC`(_ nanoseconds: Int64, text: String) {
        #expect(WallTime(nanoseconds: nanoseconds).iso8601 == text)
    }

    @Test func `every day from 1700 to 2249 follows the one before`() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var (year, month, day) = (1700, 1, 1)
        // 1700-01-01 lies 98,615 days before 1970-01-01.
        for number in -98_615..<102_000 {
            let text = WallTime(nanoseconds: Int64(number) * 86_400_000_000_000).iso8601
            func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
            let expected = "\(year)-\(two(month))-\(two(day))"
            guard text.hasPrefix(expected) else {
                Issue.record("\(text) should be \(expected)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) {
                (day, month) = (1, month + 1)
            }
            if month > 12 { (month, year) = (1, year + 1) }
        }
        #expect(year == 2249)
    }

    @Test func `times move by durations and stop at their ends`() {
        let start = WallTime(nanoseconds: 1_000)
        #expect(start.advanced(by: .microseconds(2)).nanoseconds == 3_000)
        #expect(start.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        let early = WallTime(nanoseconds: -1_000)
        #expect(early.advanced(by: .seconds(Int64.min)).nanoseconds == .min)
        let instant = MonotonicInstant(nanoseconds: 5)
        #expect(instant.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        #expect(instant.duration(to: instant.advanced(by: .seconds(1))) == .seconds(1))
    }
}

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("0s", Duration.zero), ("500ms", .milliseconds(500)), ("10s", .seconds(10)),
        ("1.5s", .milliseconds(1_500)), ("5min", .seconds(300)), ("2h", .seconds(7_200)),
        ("1d", .seconds(86_400)), ("10 s", .seconds(10)), ("0.25ms", .microseconds(250)),
        ("1e3ms", .seconds(1)), ("106751d", .seconds(106_751 * 86_400)),
    ])
    func `a number with a unit is a duration`(_ text: String, duration: Duration) {
        #expect(Duration(layoutText: text) == duration)
    }

    @Test(arguments: [
        "", "s", "10", "-1s", "10 sec", "10S", "1h30min", "abc", "1,5s", " 10s", "10s ", "010s",
        "1.s", "106752d", "1e30d", "99999999999999999999s",
    ])
    func `any other text is none`(_ text: String) {
        #expect(Duration(layoutText: text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0ms"), (.milliseconds(250), "250ms"), (.seconds(1), "1s"),
        (.seconds(90), "90s"), (.seconds(300), "5min"), (.seconds(7_200), "2h"),
        (.seconds(86_400), "1d"), (.milliseconds(1_500), "1500ms"),
        (.microseconds(250), "0.250ms"),
    ])
    func `it is written in the largest unit that is whole`(_ duration: Duration, text: String) {
        #expect(duration.layoutText == text)
        #expect(Duration(layoutText: text) == duration)
    }

    @Test func `nanoseconds are cut off at 292 years`() {
        #expect(Duration.seconds(1).wholeNanoseconds == 1_000_000_000)
        #expect(Duration.nanoseconds(-7).wholeNanoseconds == -7)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
    }
}
