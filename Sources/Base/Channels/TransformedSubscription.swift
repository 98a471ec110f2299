/// A subscription seen through a function. It has the cause of the feed, and counts as lost what its
/// subscription lost, never what the function left out.
public struct TransformedSubscription<Key: Hashable & Sendable, Value: Sendable, Output: Sendable>:
    Sendable
{
    let base: Subscription<Key, Value>
    let transform: @Sendable (FeedElement<Key, Value>) -> Output?

    /// The next output; waits until there is one. Nil at the end or when the task is cancelled while it waits.
    public nonisolated(nonsending) func next() async -> Arrival<Output>? {
        var lost = 0
        while let delivery = await base.next() {
            lost += delivery.lost
            if let output = transform(delivery.element) { return Arrival(output, lost: lost) }
        }
        return nil
    }

    /// Why the feed was closed; nil while it is open.
    public var cause: Cause? { base.cause }

    /// What `further` makes of each output; nil leaves it out.
    public func compactMap<Further: Sendable>(
        _ further: @escaping @Sendable (Output) -> Further?
    ) -> TransformedSubscription<Key, Value, Further> {
        let transform = transform
        return TransformedSubscription<Key, Value, Further>(base: base) {
            transform($0).flatMap(further)
        }
    }

    /// What `further` makes of each output.
    public func map<Further: Sendable>(
        _ further: @escaping @Sendable (Output) -> Further
    ) -> TransformedSubscription<Key, Value, Further> {
        compactMap(further)
    }

    /// The outputs that `isWanted` takes.
    public func filter(_ isWanted: @escaping @Sendable (Output) -> Bool) -> Self {
        compactMap { isWanted($0) ? $0 : nil }
    }
}
