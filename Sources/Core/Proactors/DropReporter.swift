import Vocabulary

/// Counts what one upstream will never receive, or not soon, so that it is reported without adding much to it.
///
/// Each event is a fact itself and may push another one out, so drops are reported when they begin, and then
/// only with the number that has gathered when the link is back, or a minute later while it is there.
/// Facts dead-lettered are reported at most once a minute.
struct DropReporter: Sendable {
    static let period = Duration.seconds(60)

    private var dropped = 0
    private var dropsReportedAt: MonotonicInstant?
    private var deadLettered: (count: Int, first: JournalOffset, reason: String)?
    private var deadLettersReportedAt: MonotonicInstant?

    /// - Returns: What to report now.
    mutating func drop(
        _ count: Int, of upstream: UpstreamName, at now: MonotonicInstant
    ) -> GatewayEvent? {
        dropped += count
        guard dropsReportedAt == nil else { return nil }
        return dropEvent(upstream, at: now)
    }

    /// The link is active again: what was dropped meanwhile is reported.
    mutating func isBack(_ upstream: UpstreamName, at now: MonotonicInstant) -> GatewayEvent? {
        defer { dropsReportedAt = nil }
        return dropped > 0 ? dropEvent(upstream, at: now) : nil
    }

    /// - Returns: What was dropped since it was reported last, once a minute while the link is there.
    mutating func dropsDue(_ upstream: UpstreamName, at now: MonotonicInstant) -> GatewayEvent? {
        guard dropped > 0, let dropsReportedAt, dropsReportedAt.advanced(by: Self.period) <= now
        else { return nil }
        return dropEvent(upstream, at: now)
    }

    private mutating func dropEvent(
        _ upstream: UpstreamName, at now: MonotonicInstant
    ) -> GatewayEvent {
        defer { (dropped, dropsReportedAt) = (0, now) }
        return GatewayEvent(
            .dropped, link: upstream, number: Int64(dropped),
            detail: "\(dropped) records dropped before delivery to \(upstream)")
    }

    mutating func deadLetter(_ facts: ClosedRange<JournalOffset>, because reason: String) {
        let before = deadLettered?.count ?? 0
        deadLettered = (before + facts.count, deadLettered?.first ?? facts.lowerBound, reason)
    }

    /// - Returns: What to report now of facts dead-lettered.
    mutating func due(_ upstream: UpstreamName, at now: MonotonicInstant) -> GatewayEvent? {
        guard let gathered = deadLettered, deadline.map({ $0 <= now }) ?? true else { return nil }
        (deadLettered, deadLettersReportedAt) = (nil, now)
        let what =
            gathered.count == 1
            ? "record \(gathered.first)" : "\(gathered.count) records from \(gathered.first) on"
        return GatewayEvent(
            .deadLettered, link: upstream, number: Int64(clamping: gathered.first),
            detail: "\(what) dead-lettered: \(gathered.reason)")
    }

    /// When facts dead-lettered may be reported.
    var deadline: MonotonicInstant? {
        guard deadLettered != nil else { return nil }
        return deadLettersReportedAt?.advanced(by: Self.period)
    }
}
