import Vocabulary

/// A question's one answer: the first that is given counts, all others are dropped.
final class Oneshot<Answer: Sendable>: Sendable {
    private let asker: Guarded<CheckedContinuation<Answer, Never>?>

    init(_ asker: CheckedContinuation<Answer, Never>) { self.asker = Guarded(asker) }

    func give(_ answer: Answer) {
        asker.withLock { $0.take() }?.resume(returning: answer)
    }
}
