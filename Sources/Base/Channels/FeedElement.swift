import DequeModule
import Vocabulary

/// A value, what it is the value of, and when the feed got it.
public struct FeedElement<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    public let key: Key
    public let value: Value
    public let at: MonotonicInstant
}

extension FeedElement: Equatable where Value: Equatable {}

/// Everything that waited for one subscriber at one moment, oldest first.
public struct FeedBatch<Key: Hashable & Sendable, Value: Sendable>: Sendable, RandomAccessCollection
{
    let deliveries: Deque<Arrival<FeedElement<Key, Value>>>

    /// Where the oldest element is.
    public var startIndex: Int { deliveries.startIndex }
    /// One past the newest element.
    public var endIndex: Int { deliveries.endIndex }

    /// An element with what was lost right before it.
    public subscript(index: Int) -> Arrival<FeedElement<Key, Value>> { deliveries[index] }

    /// How many elements are missing in this batch.
    public var lost: Int { deliveries.reduce(0) { $0 + $1.lost } }

    /// The newest value of each key in this batch.
    public var values: [Key: Value] {
        var values: [Key: Value] = [:]
        for delivery in deliveries { values[delivery.element.key] = delivery.element.value }
        return values
    }
}
