import Vocabulary

/// Which messages are on their way to one upstream, and how far the upstream has acknowledged.
///
/// A pure machine. At most `capacity` messages are on their way. A fact may take several messages; it
/// counts as acknowledged when all of them are, and the cursor moves only over facts without a gap.
public struct DeliveryWindow<MessageID: Hashable & Sendable>: Sendable {
    public let capacity: Int
    /// Everything up to here was acknowledged.
    public private(set) var acknowledged: Sequence64
    /// The last fact that was handed over.
    public private(set) var handedOver: Sequence64
    /// Counts the restarts: what was prepared under another generation must not be handed over.
    public private(set) var generation = 0
    private var facts: [MessageID: Sequence64] = [:]
    private var others: Set<MessageID> = []
    /// Facts on their way, oldest first, each with the messages that are still outstanding.
    private var onTheWay: [(sequence: Sequence64, left: Int)] = []

    /// - Parameter capacity: Messages, at least 1.
    public init(capacity: Int, acknowledged: Sequence64 = 0) {
        precondition(capacity > 0, "a window must let at least one message through")
        (self.capacity, self.acknowledged) = (capacity, acknowledged)
        handedOver = acknowledged
    }

    /// How many more messages may be handed over.
    public var room: Int { max(0, capacity - facts.count - others.count) }

    /// Messages on their way.
    public var inFlight: Int { facts.count + others.count }

    /// The fact `sequence` was handed over as `messages`; none when it has nothing to say upstream.
    ///
    /// Sequences rise; one that is left out no longer exists and counts as acknowledged.
    public mutating func handedOver(_ sequence: Sequence64, as messages: [MessageID]) {
        precondition(sequence > handedOver, "facts are handed over in their order")
        handedOver = sequence
        onTheWay.append((sequence, messages.count))
        for message in messages { facts[message] = sequence }
    }

    /// A message that is no fact, such as a live value, was handed over.
    public mutating func handedOver(other message: MessageID) { others.insert(message) }

    /// The upstream acknowledged `message`, or refused it for good.
    ///
    /// - Returns: How far everything is acknowledged now, when that moved; else nil.
    public mutating func settled(_ message: MessageID) -> Sequence64? {
        if others.remove(message) != nil { return nil }
        guard let sequence = facts.removeValue(forKey: message),
            let index = onTheWay.firstIndex(where: { $0.sequence == sequence })
        else { return nil }
        onTheWay[index].left -= 1
        return advance()
    }

    /// Moves over facts at the front that wait for nothing more.
    /// - Returns: As `settled`.
    public mutating func advance() -> Sequence64? {
        let done = onTheWay.prefix { $0.left == 0 }
        guard let last = done.last else { return nil }
        acknowledged = last.sequence
        onTheWay.removeFirst(done.count)
        return acknowledged
    }

    /// The connection is gone: everything on its way must be handed over again.
    ///
    public mutating func restart() {
        handedOver = acknowledged
        generation += 1
        facts.removeAll()
        others.removeAll()
        onTheWay.removeAll()
    }
}
