import Glibc
import Vocabulary

/// The wall clock as this machine's time zone has it, for people.
enum LocalTime {
    /// `2026-11-21 05:22:07.250+01:00`: RFC 3339 with a blank, so that it can be read and sorted.
    static func text(_ time: WallTime) -> String {
        let offset = offset(at: time)
        let local = WallTime(
            nanoseconds: time.nanoseconds.addingReportingOverflow(offset * 1_000_000_000)
                .partialValue
        ).iso8601
        let minutes = abs(offset) / 60
        let zone = "\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
        return "\(local.prefix(10)) \(local.dropFirst(11).prefix(12))\(zone)"
    }

    /// The moment at which clocks here show what `shown` shows in UTC. Of two, the one that the system takes.
    static func moment(showing shown: WallTime) -> WallTime? {
        let (second, nanosecond) = shown.nanoseconds.quotientAndRemainder(
            dividingBy: 1_000_000_000)
        var seconds = time_t(second)
        // Sound, here and below: the calls read and fill in what lives on this stack.
        var parts = unsafe tm()
        guard unsafe gmtime_r(&seconds, &parts) != nil else { return nil }
        unsafe parts.tm_isdst = -1
        let moment = unsafe mktime(&parts)
        return moment == -1
            ? nil : WallTime(nanoseconds: Int64(moment) * 1_000_000_000 + nanosecond)
    }

    /// Seconds east of UTC.
    private static func offset(at time: WallTime) -> Int64 {
        var seconds = time_t(time.nanoseconds / 1_000_000_000)
        var parts = unsafe tm()
        return unsafe localtime_r(&seconds, &parts) != nil ? Int64(parts.tm_gmtoff) : 0
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// A time as people type it.
package enum TypedTime {
    package static let form =
        "a time: -1h, -30min, -7d, now, today, yesterday, 2026-11-21, \"2026-11-21 05:22\" or 05:22 by the clock "
        + "here, or with a zone, 2026-11-21T04:22:07Z"

    /// - Returns: Nil for any other form.
    package static func moment(_ text: String, at now: WallTime) -> WallTime? {
        let today = String(LocalTime.text(now).prefix(10))
        switch text {
        case "now": return now
        case "today": return midnight(of: today, daysBack: 0)
        case "yesterday": return midnight(of: today, daysBack: 1)
        default: break
        }
        if text.hasPrefix("-") {
            return Duration(layoutText: String(text.dropFirst())).map {
                now.advanced(by: .zero - $0)
            }
        }
        let (date, rest) = parts(text)
        guard let rest else { return midnight(of: date ?? "", daysBack: 0) }
        let day = date ?? today
        let clock = rest.prefix { $0.isNumber || $0 == ":" || $0 == "." }
        let zone = rest.dropFirst(clock.count)
        let seconds = clock.count { $0 == ":" } == 1 ? "\(clock):00" : String(clock)
        guard zone.isEmpty else { return WallTime(iso8601: "\(day)T\(seconds)\(zone)") }
        return WallTime(iso8601: "\(day)T\(seconds)Z").flatMap(LocalTime.moment)
    }

    /// The date, and what stands behind it: nothing, or a time of the day.
    private static func parts(_ text: String) -> (date: String?, time: Substring?) {
        let isDated = text.count >= 10 && text.prefix(5).hasSuffix("-")
        guard isDated else { return (nil, text[...]) }
        let rest = text.dropFirst(10)
        guard let separator = rest.first else { return (text, nil) }
        return "Tt ".contains(separator)
            ? (String(text.prefix(10)), rest.dropFirst()) : (text, nil)
    }

    private static func midnight(of date: String, daysBack: Int64) -> WallTime? {
        WallTime(iso8601: "\(date)T00:00:00Z").flatMap { midnight in
            LocalTime.moment(showing: midnight.advanced(by: .seconds(-86_400 * daysBack)))
        }
    }
}
