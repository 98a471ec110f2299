import Vocabulary

/// Keeps one source from filling the journal: a device that fails and heals ten times a second, or a
/// requester that sets the same total again and again. Readings are never held back. Pure.
///
/// Each fault of a node or channel, and each kind of its events, may be recorded `burst` times in a row and
/// then once in `period`. What comes in between is held; the latest of it is recorded when its turn comes,
/// with how many it stands for, so that the history ends with how things are. A crash loses what is held, at
/// most `period` of it.
struct RecordPace: Sendable {
    static let burst = 20
    static let period = Duration.seconds(10)

    private struct Source: Hashable {
        let node: ShNodeName
        let channel: DataChannelName?
        let kind: String

        var text: String { "\(node) \(channel?.text ?? "") \(kind)" }
    }

    private struct Stand {
        /// The time at which all of the burst is free again.
        var free: MonotonicInstant
        var held: Fact?
        /// How many more were held beside the latest.
        var others = 0
    }

    private var stands: [Source: Stand] = [:]

    /// - Returns: What is to be recorded now, in the order in which it came.
    mutating func admit(_ facts: [Fact], at now: MonotonicInstant) -> [Fact] {
        // Nearly always there are readings only.
        guard facts.contains(where: { Self.source(of: $0) != nil }) else { return facts }
        return facts.filter { fact in
            guard let source = Self.source(of: fact) else { return true }
            var stand = stands[source] ?? Stand(free: now)
            defer { stands[source] = stand }
            guard stand.held == nil, let free = Self.next(stand.free, at: now) else {
                stand.others += stand.held == nil ? 0 : 1
                stand.held = fact
                return false
            }
            stand.free = free
            return true
        }
    }

    /// - Parameter isLast: Whether nothing comes any more: everything that is held has its turn.
    /// - Returns: What was held and has its turn now.
    mutating func due(at now: MonotonicInstant, isLast: Bool = false) -> [Fact] {
        var due: [Fact] = []
        for (source, stand) in stands {
            if let held = stand.held, let free = isLast ? now : Self.next(stand.free, at: now) {
                due.append(held.after(stand.others))
                stands[source] = Stand(free: free)
            } else if stand.held == nil, stand.free <= now {
                stands[source] = nil
            }
        }
        return due.map { (fact: $0, place: Self.source(of: $0)?.text ?? "") }
            .sorted { ($0.fact.at.monotonic, $0.place) < ($1.fact.at.monotonic, $1.place) }
            .map(\.fact)
    }

    /// - Returns: When all of the burst is free again after one more; nil when none is left of it.
    private static func next(
        _ free: MonotonicInstant, at now: MonotonicInstant
    ) -> MonotonicInstant? {
        let next = max(free, now).advanced(by: period)
        return next <= now.advanced(by: period * burst) ? next : nil
    }

    private static func source(of fact: Fact) -> Source? {
        guard fact.node != .gateway else { return nil }
        switch fact.matter {
        case .readings: return nil
        case .fault(let fault):
            return Source(node: fact.node, channel: fault.channel, kind: fault.kind.rawValue)
        case .event(let event):
            // The detail of a node's event begins with the channel that it is about.
            let place = event.detail.prefix { $0 != ":" }
            return Source(
                node: fact.node, channel: nil, kind: "\(event.kind.rawValue) \(place)")
        }
    }
}

extension Fact {
    /// The same, saying that so many like it were not recorded.
    fileprivate func after(_ others: Int) -> Fact {
        guard others > 0 else { return self }
        let words = ", after \(others) more changes that were not recorded"
        switch matter {
        case .readings: return self
        case .fault(let fault):
            let detail = fault.detail + words
            return Fact(
                node: node, at: at,
                matter: .fault(
                    Fault(
                        channel: fault.channel, kind: fault.kind, isOn: fault.isOn, detail: detail)
                ))
        case .event(let event):
            return Fact(
                node: node, at: at,
                matter: .event(
                    GatewayEvent(
                        event.kind, link: event.link, number: event.number,
                        detail: event.detail + words)))
        }
    }
}
