import Health
import Vocabulary

// How the parent and its links stand, published again and again as gateways do.
extension ParentMachine {
    /// How often it is said, as gateways do; three times this without a word, and the parent is lost.
    public static let statusPeriod = Duration.seconds(10)
    /// Changes that follow one another are reported together, the more seldom the more children there are: each
    /// status names all links.
    var statusGap: Duration { .milliseconds(max(100, 2 * names.count)) }

    /// How the link to each child stands, in the order in which they were named.
    func linkStatuses(at now: MonotonicInstant) -> [LinkStatus] {
        let orders = Dictionary(grouping: pending.lazy.filter { !$0.wasTaken }, by: \.child)
        return names.compactMap { children[$0] }.map { child in
            let unacknowledged = orders[child.child.alias] ?? []
            // Those that went out, and those that wait for the child's layout.
            let since = [child.waiting.first?.since, unacknowledged.first?.since]
            var counts = child.counts
            counts[.unacknowledged] = Int64(unacknowledged.count)
            counts[age: .oldestUnsent] = since.compactMap(\.self).min().map { $0.duration(to: now) }
            return LinkStatus(
                who: "child \(child.child.alias)", incarnation: incarnation,
                sequence: statusSequence, state: child.life.state, interval: Self.statusPeriod,
                counts: counts, cause: child.life.cause)
        }
    }

    /// A message to a child was handed over.
    public mutating func sent(to child: GatewayName) { children[child]?.counts[.sent] += 1 }

    /// A message to a child was evicted, because there was no room or no connection.
    public mutating func gaveWay(to child: GatewayName) { children[child]?.counts[.dropped] += 1 }

    /// Something has changed that observers want to see soon.
    mutating func hurryStatus(at now: MonotonicInstant) {
        guard let due = statusDue else { return }
        statusDue = min(due, max(now, statusPublished.advanced(by: statusGap)))
    }

    mutating func statusIfDue(at now: MonotonicInstant) -> [Action] {
        guard !isStopping, let due = statusDue, due <= now else { return [] }
        statusDue = now.advanced(by: Self.statusPeriod)
        return [publishStatus(.connected, at: now)]
    }

    mutating func publishStatus(_ state: LinkStatus.State, at now: MonotonicInstant) -> Action {
        statusSequence += 1
        statusPublished = now
        let own = LinkStatus(
            who: alias.text, incarnation: incarnation, sequence: statusSequence, state: state,
            interval: Self.statusPeriod)
        return .publishStatus(own: own, links: linkStatuses(at: now))
    }
}
