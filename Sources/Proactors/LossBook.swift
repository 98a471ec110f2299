import Vocabulary

/// Counts what one upstream will never hear, or not soon, so that it is told without adding much to it.
///
/// Each event is a fact itself and may push another one out, so drops are told when they begin, and then
/// only with the number that has gathered when the link is back, or a minute later while it is there.
/// Facts set aside are told at most once a minute.
struct LossBook: Sendable {
    static let period = Duration.seconds(60)

    private var dropped = 0
    private var dropsToldAt: MonotonicInstant?
    private var setAside: (count: Int, first: Sequence64, reason: String)?
    private var setAsideToldAt: MonotonicInstant?

    /// - Returns: What to tell now.
    mutating func drop(
        _ count: Int, of upstream: UpstreamName, at now: MonotonicInstant
    ) -> GatewayEvent? {
        dropped += count
        guard dropsToldAt == nil else { return nil }
        return dropEvent(upstream, at: now)
    }

    /// The link is active again: what was dropped meanwhile is told.
    mutating func isBack(_ upstream: UpstreamName, at now: MonotonicInstant) -> GatewayEvent? {
        defer { dropsToldAt = nil }
        return dropped > 0 ? dropEvent(upstream, at: now) : nil
    }

    /// - Returns: What was dropped since it was told last, once a minute while the link is there.
    mutating func dropsDue(_ upstream: UpstreamName, at now: MonotonicInstant) -> GatewayEvent? {
        guard dropped > 0, let dropsToldAt, dropsToldAt.advanced(by: Self.period) <= now
        else { return nil }
        return dropEvent(upstream, at: now)
    }

    private mutating func dropEvent(
        _ upstream: UpstreamName, at now: MonotonicInstant
    ) -> GatewayEvent {
        defer { (dropped, dropsToldAt) = (0, now) }
        return GatewayEvent(
            .dropped, link: upstream, number: Int64(dropped),
            detail: "\(dropped) facts gave way before upstream \(upstream) had them")
    }

    mutating func setAside(_ facts: ClosedRange<Sequence64>, because reason: String) {
        let before = setAside?.count ?? 0
        setAside = (before + facts.count, setAside?.first ?? facts.lowerBound, reason)
    }

    /// - Returns: What to tell now of facts set aside.
    mutating func due(_ upstream: UpstreamName, at now: MonotonicInstant) -> GatewayEvent? {
        guard let gathered = setAside, deadline.map({ $0 <= now }) ?? true else { return nil }
        (setAside, setAsideToldAt) = (nil, now)
        let what =
            gathered.count == 1
            ? "fact \(gathered.first)" : "\(gathered.count) facts from \(gathered.first) on"
        return GatewayEvent(
            .setAside, link: upstream, number: Int64(clamping: gathered.first),
            detail: "\(what) set aside: \(gathered.reason)")
    }

    /// When facts set aside may be told.
    var deadline: MonotonicInstant? {
        guard setAside != nil else { return nil }
        return setAsideToldAt?.advanced(by: Self.period)
    }
}
