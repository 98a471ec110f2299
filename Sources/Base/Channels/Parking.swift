import Vocabulary

/// Where one task waits to be woken. A wake that comes while nobody waits is not remembered: whoever
/// waits looks first, under the same lock that the waker holds.
struct Parking: Sendable {
    private var sleeper: CheckedContinuation<Void, Never>?
    /// Called once, under that lock, when a task comes here because there is nothing left for it to take.
    var onArrival: (@Sendable () -> Void)?

    var isTaken: Bool { sleeper != nil }

    mutating func park(_ task: CheckedContinuation<Void, Never>, in what: StaticString) {
        precondition(sleeper == nil, "\(what) has one reader")
        sleeper = task
    }

    /// - Returns: Whom to resume once the lock is free.
    mutating func wake() -> CheckedContinuation<Void, Never>? { sleeper.take() }
}
