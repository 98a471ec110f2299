/// Has each of several things reported once: when it begins, or begins to have another reason, and not again
/// with each occurrence. Counts the occurrences until it is over. Pure.
///
/// It remembers `capacity` keys; while there are as many, further ones are not reported.
public struct ReportOnce<Key: Hashable & Sendable>: Sendable {
    private struct Occurrences: Sendable {
        var reason: String
        var count = 0
        var last: MonotonicInstant
    }

    private let quiet: Duration?
    private let capacity: Int
    private var open: [Key: Occurrences] = [:]

    /// - Parameters:
    ///   - quiet: How long without an occurrence until it is over; nil when only `end` ends it.
    ///   - capacity: How many keys it remembers.
    public init(quiet: Duration? = nil, capacity: Int = .max) {
        (self.quiet, self.capacity) = (quiet, capacity)
    }

    /// Whether nothing is going on.
    public var isEmpty: Bool { open.isEmpty }

    /// How many keys have something going on.
    public var count: Int { open.count }

    /// It has occurred.
    ///
    /// - Parameter count: How often.
    /// - Returns: Whether to report it.
    public mutating func begin(
        _ key: Key, _ reason: String = "", count: Int = 1,
        at now: MonotonicInstant = MonotonicInstant(nanoseconds: 0)
    ) -> Bool {
        let before = open[key]
        guard before != nil || open.count < capacity else { return false }
        var occurrences = before ?? Occurrences(reason: reason, last: now)
        occurrences.count += count
        (occurrences.reason, occurrences.last) = (reason, now)
        open[key] = occurrences
        return before?.reason != reason
    }

    /// It is over.
    ///
    /// - Returns: How often it has occurred; nil when it had not begun.
    @discardableResult
    public mutating func end(_ key: Key) -> Int? { open.removeValue(forKey: key)?.count }

    /// Ends what has been quiet for long enough.
    ///
    /// - Returns: What has ended, and how often it has occurred.
    public mutating func ended(at now: MonotonicInstant) -> [(key: Key, count: Int)] {
        guard let quiet else { return [] }
        let ended = open.filter { $0.value.last.duration(to: now) > quiet }
        for key in ended.keys { open[key] = nil }
        return ended.map { ($0.key, $0.value.count) }
    }

    /// Begins from the start, and everything is reported again.
    public mutating func reset() { open = [:] }
}
