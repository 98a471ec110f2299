import Vocabulary

/// Has what subscribers lose logged: one line for each subscription and minute in which it lost something.
/// Pure.
struct SlowConsumerReporter: Sendable {
    static let period = Duration.seconds(60)

    private var reported: [String: (drops: Int64, at: MonotonicInstant)] = [:]

    /// - Returns: The lines to log now. Subscriptions of one name are one.
    mutating func look(at subscribers: [QueueStatus], now: MonotonicInstant) -> [String] {
        let losses = Dictionary(
            subscribers.map { ($0.name, $0.counts[.dropped]) }, uniquingKeysWith: +)
        // One that began again counts from nothing.
        reported = reported.filter { name, line in (losses[name] ?? -1) >= line.drops }
        var lines: [String] = []
        for (name, drops) in losses.sorted(by: { $0.key < $1.key }) {
            let before = reported[name]
            guard drops > before?.drops ?? 0,
                before.map({ $0.at.advanced(by: Self.period) <= now }) ?? true
            else { continue }
            lines.append(
                "subscriber \(name): slow consumer, \(drops - (before?.drops ?? 0)) values "
                    + "dropped")
            reported[name] = (drops, now)
        }
        return lines
    }
}
