/// What is evicted when a subscriber is slower than the feed.
public enum SubscriptionPolicy: Hashable, Sendable {
    /// Holds so many elements; the oldest is evicted.
    case newest(Int)
    /// Holds one element a key; a newer one of the same key takes its place.
    case newestPerKey
    /// Holds so many elements; the sender learns that a new one found no place.
    case lossless(Int)
}

/// What a new subscriber gets before anything that is sent later.
public enum Replay: Hashable, Sendable {
    case none
    /// The last element that was sent.
    case latest
    /// The last element of each key, in the order in which they were sent.
    case latestPerKey
}
