import Vocabulary

/// One subscriber's place at a feed, for as long as this object lives. One task reads at a time.
public final class Subscription<Key: Hashable & Sendable, Value: Sendable>: Sendable, AsyncSequence
{
    /// An element of the feed, with what was lost right before it.
    public typealias Element = Arrival<FeedElement<Key, Value>>
    /// A feed that is closed ends; `cause` says why.
    public typealias Failure = Never

    private let feed: Feed<Key, Value>
    private let seat: Int

    init(feed: Feed<Key, Value>, seat: Int) {
        self.feed = feed
        self.seat = seat
    }

    /// The next element; waits until there is one.
    ///
    /// - Returns: Nil once the feed is closed and all is taken, or when the task is cancelled while it waits.
    public nonisolated(nonsending) func next() async -> Element? {
        repeat { if let delivery = take() { return delivery } } while await wait()
        return nil
    }

    /// All that waits; waits until there is something.
    ///
    /// - Returns: Nil once the feed is closed and all is taken, or when the task is cancelled while it waits.
    public nonisolated(nonsending) func nextBatch() async -> FeedBatch<Key, Value>? {
        repeat { if let batch = takeBatch() { return batch } } while await wait()
        return nil
    }

    /// The next element, if one is there.
    func take() -> Element? { feed.state.withLock { $0.seats[seat]?.take() } }

    /// All that is there now; nil when nothing is.
    public func takeBatch() -> FeedBatch<Key, Value>? {
        feed.state.withLock { $0.seats[seat]?.takeAll() }
    }

    /// Why the feed was closed; nil while it is open.
    public var cause: Cause? { feed.state.withLock(\.cause) }

    /// A view of what `transform` makes of each element; nil leaves it out.
    public func compactMap<Output: Sendable>(
        _ transform: @escaping @Sendable (FeedElement<Key, Value>) -> Output?
    ) -> TransformedSubscription<Key, Value, Output> {
        TransformedSubscription(base: self, transform: transform)
    }

    /// A view of what `transform` makes of each element.
    public func map<Output: Sendable>(
        _ transform: @escaping @Sendable (FeedElement<Key, Value>) -> Output
    ) -> TransformedSubscription<Key, Value, Output> {
        compactMap(transform)
    }

    /// A view of the elements that `isWanted` takes.
    public func filter(
        _ isWanted: @escaping @Sendable (FeedElement<Key, Value>) -> Bool
    ) -> TransformedSubscription<Key, Value, FeedElement<Key, Value>> {
        compactMap { isWanted($0) ? $0 : nil }
    }

    /// - Returns: False when there is nothing to wait for any more.
    private nonisolated(nonsending) func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustResume = feed.state.withLock { state in
                    guard state.seats[seat]?.depth == 0, state.cause == nil, !Task.isCancelled
                    else { return true }
                    state.seats[seat]?.parking.park(continuation, in: "a subscription")
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            feed.state.withLock { $0.seats[seat]?.parking.wake() }?.resume()
        }
        return feed.state.withLock { state in
            state.seats[seat]?.depth != 0 || (state.cause == nil && !Task.isCancelled)
        }
    }

    /// For `for await`.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }

    /// Reads the subscription and keeps it.
    public struct Iterator: AsyncIteratorProtocol {
        let subscription: Subscription

        public func next() async -> Element? { await subscription.next() }
        public func next(isolation: isolated (any Actor)?) async -> Element? {
            await subscription.next()
        }
    }

    deinit {
        // Let go outside of the lock, since values may have ends of their own.
        let gone = feed.state.withLock { state in
            state.freeSeats.append(seat)
            return state.seats[seat].take()
        }
        withExtendedLifetime(gone) {}
    }
}
