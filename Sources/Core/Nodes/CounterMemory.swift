import DriverKit
import Vocabulary

/// Remembers on disk where the registers of a node's meter stand, so that neither a restart nor a power cut
/// costs the turns that they have made, and a meter's first 0 is known for what it is.
///
/// A change that nothing else could show, such as a turn, is written at once; all others, which only make
/// the memory younger, at most every `period`.
struct CounterMemory: Sendable {
    static let period = Duration.seconds(600)
    /// How soon a write that failed is tried again.
    static let retry = Duration.seconds(60)

    private let store: (any CounterStore)?
    private var stands: [DataChannelName: CounterStand] = [:]
    private var saved: [DataChannelName: CounterStand] = [:]
    private var due: MonotonicInstant?
    private var retryAt: MonotonicInstant?
    /// Whether what is on disk is known. Nothing is written over what could not be read.
    private(set) var isLoaded: Bool

    init(_ store: (any CounterStore)?) { (self.store, isLoaded) = (store, store == nil) }

    /// Whether to load it, for the first time or again.
    func mustLoad(at now: MonotonicInstant) -> Bool {
        !isLoaded && retryAt.map { $0 <= now } ?? true
    }

    /// - Throws: `.malformedReply` when it could not be read; to be tried again later.
    mutating func load(at now: MonotonicInstant) throws(DriverError) {
        guard let store else { return }
        retryAt = now.advanced(by: Self.retry)
        saved = try store.load()
        (stands, retryAt, isLoaded) = (saved, nil, true)
    }

    subscript(channel: DataChannelName) -> CounterStand? { stands[channel] }

    mutating func note(_ channel: DataChannelName, _ stand: CounterStand) {
        stands[channel] = stand
    }

    /// Writes what is due.
    ///
    /// - Returns: Whether something was written.
    /// - Throws: `.notConnected` when it could not be; it is tried again later.
    mutating func save(at now: MonotonicInstant, isLast: Bool) throws(DriverError) -> Bool {
        guard let store, isLoaded, stands != saved, isLast || isDue(at: now) else { return false }
        retryAt = now.advanced(by: Self.retry)
        try store.save(stands)
        (saved, retryAt, due) = (stands, nil, now.advanced(by: Self.period))
        return true
    }

    private func isDue(at now: MonotonicInstant) -> Bool {
        if let retryAt, now < retryAt { return false }
        if due.map({ $0 <= now }) ?? true { return true }
        return stands.contains { channel, stand in
            guard let before = saved[channel], before.unit == stand.unit else { return true }
            return before.turns != stand.turns || stand.shown.isLess(than: before.shown)
        }
    }
}

extension DecimalNumber {
    fileprivate func isLess(than other: DecimalNumber) -> Bool {
        // Both come from channels of one unit, whose steps may differ after a reload.
        let exponent = min(exponent, other.exponent)
        guard let own = wholeSteps(exponent: exponent),
            let others = other.wholeSteps(exponent: exponent)
        else { return approximate < other.approximate }
        return own < others
    }
}
