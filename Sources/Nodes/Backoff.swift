import Vocabulary

/// Waiting times that double from one failure to the next, up to a cap.
public struct Backoff: Hashable, Sendable {
    private let first: Duration
    private let cap: Duration
    /// Failures since the last success.
    public private(set) var failures = 0

    public init(first: Duration, cap: Duration) {
        (self.first, self.cap) = (first, max(first, cap))
    }

    /// Counts a failure.
    /// - Returns: How long to wait before the next try.
    public mutating func failed() -> Duration {
        defer { failures += 1 }
        var delay = first
        // Doubled step by step, so that no number of failures overflows.
        for _ in 0..<failures where delay < cap { delay = delay * 2 }
        return min(delay, cap)
    }

    /// The next failure counts as the first one again.
    public mutating func succeeded() { failures = 0 }
}
