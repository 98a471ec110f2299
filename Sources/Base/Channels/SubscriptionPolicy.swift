/// What is evicted when a subscriber is slower than the feed.
public enum SubscriptionPolicy: Hashable, Sendable {
    /// Holds so many elements; the oldest is evicted.
    case newest(Int)
    /// Holds one element a key; a newer one of the same key takes its place.
    case newestPerKey
    /// Holds so many elements; the sender is told that a new one found no place.
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

/// How one subscriber keeps up, for the diagnostics page.
public struct SubscriberStatus: Hashable, Sendable {
    public let name: String
    /// Elements that wait for it.
    public let depth: Int
    /// Elements that it has lost since it subscribed.
    public let drops: Int
    /// How long the oldest element has been waiting; zero when none waits.
    public let age: Duration
}
