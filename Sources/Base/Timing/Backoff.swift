import Vocabulary

/// Waiting times that double from one failure to the next, up to a cap.
public struct Backoff: Sendable {
    private let first: Duration
    private let cap: Duration
    private var chance: SeededGenerator?
    private var lastDelay = Duration.zero
    /// Failures since the last success.
    public private(set) var failures = 0

    /// - Parameter chance: Shortens each wait by up to a half, so that those who failed together do not
    ///   all come back together. Nil for waits that are always whole.
    public init(first: Duration, cap: Duration, jitter chance: SeededGenerator? = nil) {
        (self.first, self.cap, self.chance) = (first, max(first, cap), chance)
    }

    /// Counts a failure.
    ///
    /// - Parameter isHopeless: Haste cannot mend it: the longest wait comes at once.
    /// - Returns: How long to wait before the next try.
    public mutating func failed(isHopeless: Bool = false) -> Duration {
        defer { failures += 1 }
        var delay = isHopeless ? cap : first
        // Doubled step by step, so that no number of failures overflows.
        for _ in 0..<failures where delay < cap { delay = delay * 2 }
        lastDelay = shortened(min(delay, cap))
        return lastDelay
    }

    /// Counts the end of something that lasted, such as a connection, as a failure.
    ///
    /// What lasted longer than the wait before it was a success: the waits start over. So a broker that
    /// is restarted again and again is found soon each time, and one that hangs up at once is tried more
    /// and more seldom.
    ///
    /// - Returns: How long to wait before the next try.
    public mutating func ended(after lasted: Duration) -> Duration {
        if lasted > lastDelay { succeeded() }
        return failed()
    }

    private mutating func shortened(_ delay: Duration) -> Duration {
        guard chance != nil else { return delay }
        let thousandths = Int64((chance?.next() ?? 0) % 501)
        return delay - .nanoseconds(delay.wholeNanoseconds / 1000 * thousandths)
    }

    /// The next failure counts as the first one again.
    public mutating func succeeded() { (failures, lastDelay) = (0, .zero) }
}
