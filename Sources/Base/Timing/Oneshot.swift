import Vocabulary

/// A question's one answer: the first that is given counts, all others are dropped.
public final class Oneshot<Answer: Sendable>: Sendable {
    private let requester: Guarded<CheckedContinuation<Answer, Never>?>

    public init(_ requester: CheckedContinuation<Answer, Never>) {
        self.requester = Guarded(requester)
    }

    /// Answers, unless that was done before.
    public func give(_ answer: Answer) {
        requester.withLock { $0.take() }?.resume(returning: answer)
    }
}
