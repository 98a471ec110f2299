import Codecs
import Health
import PlainJson
import Vocabulary

/// Listens to what gateways say of themselves and of their links, and reports what changes. It is no one's
/// counterpart: it sends nothing and is not counted.
///
/// A pure machine: what is to be shown comes back as lines.
struct LinkTap {
    /// Gateways and links together.
    private var monitors: LinkMonitors
    /// What was reported of each that is remembered, so that only changes are.
    private var shown: [String: String] = [:]
    /// What each gateway's queues had lost when it spoke last.
    private var losses: [String: [String: Int64]] = [:]
    /// The names of each gateway's monitors, its own among them, and how many they are in all.
    private var names: [String: Set<String>] = [:]
    private var nameCount = 0
    /// Before this time silence alone changes nothing.
    private var silenceDue = MonotonicInstant(nanoseconds: .max)
    /// Monitors that were looked at so far: for a message its gateway's, all only where silence is due.
    private(set) var looks = 0
    private let isJson: Bool
    /// How many queues something is kept of, and of how many at most.
    private var queueCount = 0
    private static let mostQueues = 20_000

    /// - Parameter isJson: One JSON object a line for programs, instead of words for people.
    init(isJson: Bool, capacity: Int = 2_000) {
        self.isJson = isJson
        monitors = LinkMonitors(capacity: capacity)
    }

    /// A gateway said how it stands.
    ///
    /// - Parameter isRetained: Whether it was published to be kept. The first such status of a gateway may
    ///   be older than any, so it is no heartbeat.
    mutating func take(
        _ status: PlainStatus, isRetained: Bool, at stamp: Timestamp
    ) -> [String] {
        let gateway = status.own.who
        let isNews = !isRetained || monitors[gateway] != nil
        let queues = lines(of: status.queues, of: gateway, at: stamp.wall)
        if status.at == nil, status.own.state == .unreachable {
            note(gateway, of: gateway)
            monitors.change(gateway) { $0.failed("connection lost") }
        } else {
            hear(status.own, of: gateway, isNews, at: stamp.monotonic)
            // Who says that it goes offline closes its links with it.
            let isClosed = status.own.state == .closed
            for link in status.links {
                let name = "\(gateway) \(link.who)"
                let own = LinkStatus(
                    who: name, incarnation: link.incarnation, sequence: status.own.sequence,
                    state: isClosed ? .closed : link.state, interval: status.own.interval,
                    counts: link.counts, nodeCounts: link.nodeCounts, cause: link.cause)
                hear(own, of: gateway, isNews, at: stamp.monotonic)
            }
        }
        forgetTheForgotten()
        guard stamp.monotonic < silenceDue else { return look(at: stamp, of: gateway) + queues }
        let speakers = (names[gateway] ?? []).sorted().compactMap { monitors[$0] }
        return news(of: speakers, at: stamp, of: gateway) + queues
    }

    private mutating func hear(
        _ status: LinkStatus, of gateway: String, _ isNews: Bool, at now: MonotonicInstant
    ) {
        note(status.who, of: gateway)
        monitors.change(status.who) { monitor in
            // Gateways judge themselves and their links; what failed there opened before it stood otherwise.
            if isNews {
                monitor.heard(status, isJudged: true, at: now)
            } else {
                monitor.remembered(status, isJudged: true)
            }
        }
    }

    /// How many gateways and links something is kept of.
    var memory: Int {
        max(shown.count, losses.count, nameCount, monitors.count)
    }

    /// Reports what silence has changed.
    mutating func look(at stamp: Timestamp) -> [String] { look(at: stamp, of: nil) }

    private mutating func look(at stamp: Timestamp, of speaker: String?) -> [String] {
        silenceDue = MonotonicInstant(nanoseconds: .max)
        return news(of: monitors.all, at: stamp, of: speaker)
    }

    private mutating func note(_ name: String, of gateway: String) {
        if names[gateway, default: []].insert(name).inserted { nameCount += 1 }
    }

    /// Keeps nothing of monitors that others have evicted.
    private mutating func forgetTheForgotten() {
        guard nameCount > monitors.count else { return }
        names = names.compactMapValues { names in
            let kept = names.filter { monitors[$0] != nil }
            return kept.isEmpty ? nil : kept
        }
        nameCount = names.values.reduce(0) { $0 + $1.count }
        shown = shown.filter { monitors[$0.key] != nil }
        losses = losses.filter { monitors[$0.key] != nil }
        queueCount = losses.values.reduce(0) { $0 + $1.count }
    }

    /// - Parameter speaker: The gateway that spoke just now, of which programs hear everything.
    private mutating func news(
        of some: [LinkMonitor], at stamp: Timestamp, of speaker: String?
    ) -> [String] {
        looks += some.count
        return some.compactMap { monitor in
            let health = monitor.health(at: stamp.monotonic)
            if let next = monitor.nextChange(after: stamp.monotonic) {
                silenceDue = min(silenceDue, next)
            }
            let counts = monitor.status?.counts
            let dropped = counts?[.dropped] ?? 0
            let stand = "\(monitor.state?.word ?? "-") \(health.rawValue) \(dropped)"
            let isNew = shown.updateValue(stand, forKey: monitor.name) != stand
            let spoke = speaker.map { monitor.name == $0 || monitor.name.hasPrefix("\($0) ") }
            return isNew || isJson && spoke == true
                ? line(monitor, health, counts, stamp.wall) : nil
        }
    }

    /// Programs hear of each queue; people of one that has lost more, with how it stands.
    private mutating func lines(
        of queues: [QueueStatus], of gateway: String, at: WallTime
    ) -> [String] {
        let before = losses[gateway] ?? [:]
        let now = Dictionary(queues.map { ($0.name, $0.counts[.dropped]) }, uniquingKeysWith: max)
        queueCount += now.count - before.count
        if queueCount > Self.mostQueues { (losses, queueCount) = ([:], now.count) }
        losses[gateway] = now
        return queues.compactMap { queue in
            if isJson {
                let json = JsonText.group(
                    [
                        .init(name: "iso", value: .text(at.iso8601)),
                        .init(name: "gateway", value: .text(gateway)),
                        .init(name: "queue", value: .text(queue.name)),
                    ] + QueueCount.allCases.map { QueueCounts.member($0, of: queue.counts) })
                return String(decoding: json.bytes, as: UTF8.self)
            }
            guard queue.counts[.dropped] > before[queue.name] ?? 0 else { return nil }
            return "\(at.iso8601.dropFirst(11).prefix(8))  \(gateway) \(queue.name): "
                + Self.words(for: queue.counts)
        }
    }

    private func line(
        _ monitor: LinkMonitor, _ health: LinkMonitor.Health, _ counts: LinkCounts?, _ at: WallTime
    ) -> String {
        let names = monitor.name.split(separator: " ", maxSplits: 1).map(String.init)
        let state = monitor.state?.word ?? "unknown"
        if isJson {
            let json = JsonText.group(
                [
                    .init(name: "iso", value: .text(at.iso8601)),
                    .init(name: "gateway", value: .text(names[0])),
                    .init(name: "link", value: names.count > 1 ? .text(names[1]) : .null),
                    .init(name: "state", value: .text(state)),
                    .init(name: "health", value: .text(health.rawValue)),
                ] + LinkCount.allCases.map { LinkCounts.member($0, of: counts) }
                    + (monitor.status?.nodeCounts?.members ?? [])
                    + [.init(name: "cause", value: monitor.cause.map { .text($0) } ?? .null)])
            return String(decoding: json.bytes, as: UTF8.self)
        }
        let time = at.iso8601.dropFirst(11).prefix(8)
        var line = "\(time)  \(monitor.name): \(state), \(health.rawValue)"
        if let cause = monitor.cause { line += ", \(cause)" }
        if names.count > 1, let counts { line += "; \(Self.words(for: counts))" }
        if let counts = monitor.status?.nodeCounts { line += "; \(Self.words(for: counts))" }
        return line
    }

    /// Counts for people, in whole units: what all have, and what is more than nothing of the others.
    private static func words<Key>(for counts: Counts<Key>) -> String {
        Key.allCases.compactMap { count in
            let number = counts[ifThere: count] ?? 0
            guard count.about.isAlwaysThere || number > 0 else { return nil }
            let name = count.key.words(separatedBy: " ")
            let isAge = count.about.unit == .second
            return isAge ? "\(name) \(number / 1_000_000_000) s" : "\(name) \(number)"
        }.joined(separator: ", ")
    }
}
