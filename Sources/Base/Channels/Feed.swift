import Vocabulary

/// Values fan out: each goes to every subscriber, and the latest of each key is there for all to read.
///
/// Any number of senders, on any threads; none ever waits. Any number of subscribers, each with a
/// bounded place of its own and a policy that says what is evicted when it is full, so that a subscriber
/// that is stuck costs nobody but itself.
public final class Feed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A value with its key and its time.
    public typealias Element = FeedElement<Key, Value>

    /// Whether what was sent found a place with every subscriber.
    public enum Outcome: Hashable, Sendable {
        case sent
        /// These subscribers asked to lose nothing, and were full. They count what they missed.
        case full([String])
        /// Nothing is accepted any more.
        case closed(Cause)
    }

    struct State {
        var latest: Element?
        var latestOfEach: [Key: (order: Int, element: Element)] = [:]
        var sent = 0
        var seats: [Seat<Key, Value>?] = []
        var freeSeats: [Int] = []
        var cause: Cause?

        /// - Parameters:
        ///   - full: The names of those who found no place are added to it.
        ///   - woken: Who is to be woken once the lock is free is added to it.
        mutating func put(
            _ elements: some Collection<Element>, full: inout [String],
            woken: inout [CheckedContinuation<Void, Never>]
        ) {
            for element in elements {
                sent += 1
                latestOfEach[element.key] = (sent, element)
                latest = element
            }
            for index in seats.indices {
                var isFull = false
                for element in elements where seats[index]?.put(element) == false { isFull = true }
                if let sleeper = seats[index]?.parking.wake() { woken.append(sleeper) }
                if isFull, let name = seats[index]?.name { full.append(name) }
            }
        }
    }

    let state = Guarded(State())
    private let clock: any GatewayClock

    /// - Parameter clock: Stamps what is sent.
    public init(clock: any GatewayClock) { self.clock = clock }

    /// Makes `value` the latest of `key` and gives it to all subscribers, before it returns.
    @discardableResult
    public func send(_ value: Value, for key: Key) -> Outcome {
        put(CollectionOfOne(Element(key: key, value: value, at: clock.now)))
    }

    /// The same for several values, which become visible in one step.
    @discardableResult
    public func send(_ values: some Sequence<(key: Key, value: Value)>) -> Outcome {
        let now = clock.now
        return put(values.map { Element(key: $0.key, value: $0.value, at: now) })
    }

    private func put(_ elements: some Collection<Element> & Sendable) -> Outcome {
        var woken: [CheckedContinuation<Void, Never>] = []
        let outcome: Outcome = state.withLock { state in
            if let cause = state.cause { return .closed(cause) }
            var full: [String] = []
            state.put(elements, full: &full, woken: &woken)
            return full.isEmpty ? .sent : .full(full)
        }
        for sleeper in woken { sleeper.resume() }
        return outcome
    }

    /// The last element that was sent; nil before the first. Stays after the feed is closed.
    public var latest: Element? { state.withLock(\.latest) }

    /// The latest value of `key`, and when it came; nil before the first.
    public func latest(_ key: Key) -> Element? {
        state.withLock { $0.latestOfEach[key]?.element }
    }

    /// The latest value of every key.
    public var latestOfEach: [Key: Value] {
        state.withLock { $0.latestOfEach.mapValues(\.element.value) }
    }

    /// All subscribers of now, in no special order.
    public var subscribers: [QueueStatus] {
        let now = clock.now
        return state.withLock { $0.seats.compactMap { $0?.status(at: now) } }
    }

    /// Forgets the latest values of keys that are no more. Subscribers do not learn of it.
    public func forget(_ keys: some Sequence<Key>) {
        state.withLock { state in
            for key in keys { state.latestOfEach[key] = nil }
        }
    }

    /// A new subscription. It ends when it is released.
    public func subscribe(
        _ name: String, _ policy: SubscriptionPolicy, replay: Replay = .none
    ) -> Subscription<Key, Value> {
        let seat = state.withLock { state in
            var seat = Seat<Key, Value>(name: name, policy: policy)
            let replayed: [Element] =
                switch replay {
                case .none: []
                case .latest: state.latest.map { [$0] } ?? []
                case .latestPerKey:
                    state.latestOfEach.values.sorted { $0.order < $1.order }.map(\.element)
                }
            for element in replayed { _ = seat.put(element) }
            if let free = state.freeSeats.popLast() {
                state.seats[free] = seat
                return free
            }
            state.seats.append(seat)
            return state.seats.count - 1
        }
        return Subscription(feed: self, seat: seat)
    }

    /// Ends the feed: subscribers take what they have not seen, then end with `cause`. The first counts.
    public func close(_ cause: Cause = .finished) {
        let woken = state.withLock { state in
            state.cause = state.cause ?? cause
            return state.seats.indices.compactMap { state.seats[$0]?.parking.wake() }
        }
        for sleeper in woken { sleeper.resume() }
    }
}
