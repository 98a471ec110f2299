import Vocabulary

/// The latest value of each key, for any number of subscribers who want to know what is true now.
///
/// Any thread may send; nobody ever waits for a subscriber. A subscriber that is slow finds only the
/// newest value of each key: it holds at most one value a key, and what it missed is counted.
public final class Feed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    fileprivate struct Seat {
        let name: String
        var changed: Set<Key>
        var missed = 0
        var waiter: CheckedContinuation<[Key: Value]?, Never>?
    }

    fileprivate struct State {
        var latest: [Key: Value] = [:]
        var seats: [Int: Seat] = [:]
        var nextSeat = 0
        var isClosed = false

        /// What the seat has not seen yet.
        mutating func news(for seat: Int) -> [Key: Value] {
            let changed = seats[seat]?.changed ?? []
            seats[seat]?.changed.removeAll(keepingCapacity: true)
            return latest.filter { changed.contains($0.key) }
        }
    }

    fileprivate let state = Guarded(State())

    public init() {}

    /// Makes `value` the latest of `key`, for readers at once and for subscribers when they look.
    public func send(_ value: Value, for key: Key) { send([key: value]) }

    /// Makes each value the latest of its key, in one step.
    public func send(_ values: [Key: Value]) {
        let woken = state.withLock { state in
            guard !state.isClosed else {
                return [(CheckedContinuation<[Key: Value]?, Never>, [Key: Value])]()
            }
            state.latest.merge(values) { $1 }
            var woken: [(CheckedContinuation<[Key: Value]?, Never>, [Key: Value])] = []
            for id in state.seats.keys {
                for key in values.keys where state.seats[id]?.changed.insert(key).inserted == false
                {
                    state.seats[id]?.missed += 1
                }
                if let waiter = state.seats[id]?.waiter.take() {
                    woken.append((waiter, state.news(for: id)))
                }
            }
            return woken
        }
        for (waiter, news) in woken { waiter.resume(returning: news) }
    }

    /// The latest value of `key`; nil before the first.
    public func latest(_ key: Key) -> Value? { state.withLock { $0.latest[key] } }

    /// The latest value of every key.
    public var latest: [Key: Value] { state.withLock { $0.latest } }

    /// Who subscribes, and how many values each has missed because a newer one came first.
    public var subscribers: [(name: String, missed: Int)] {
        state.withLock { state in state.seats.values.map { ($0.name, $0.missed) } }
    }

    /// A new subscription that starts with the latest value of every key. It ends when it is let go.
    public func subscribe(_ name: String) -> Subscription {
        let id = state.withLock { state in
            defer { state.nextSeat += 1 }
            state.seats[state.nextSeat] = Seat(name: name, changed: Set(state.latest.keys))
            return state.nextSeat
        }
        return Subscription(feed: self, id: id)
    }

    /// Ends the feed: subscribers take what they have not seen, then end.
    public func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            return state.seats.keys.compactMap { state.seats[$0]?.waiter.take() }
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }

    /// One subscriber's place. One task may wait on it at a time.
    public final class Subscription: Sendable {
        private let feed: Feed
        private let id: Int

        fileprivate init(feed: Feed, id: Int) {
            self.feed = feed
            self.id = id
        }

        /// The latest value of each key that changed since the last call; waits until there is one.
        ///
        /// - Returns: Nil once the feed is closed, or when the task is cancelled.
        public func next() async -> [Key: Value]? {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let ready: [Key: Value]?? = feed.state.withLock { state in
                        let news = state.news(for: id)
                        if !news.isEmpty { return .some(news) }
                        if state.isClosed || Task.isCancelled { return .some(nil) }
                        precondition(
                            state.seats[id]?.waiter == nil, "a subscription has one reader")
                        state.seats[id]?.waiter = continuation
                        return .none
                    }
                    if let ready { continuation.resume(returning: ready) }
                }
            } onCancel: {
                let waiter = feed.state.withLock { $0.seats[id]?.waiter.take() }
                waiter?.resume(returning: nil)
            }
        }

        deinit { feed.state.withLock { $0.seats[id] = nil } }
    }
}
