import DequeModule
import Vocabulary

/// What waits for one subscriber. Guarded by its feed's lock.
struct Seat<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Element = FeedElement<Key, Value>

    let name: String
    let policy: SubscriptionPolicy
    var parking = Parking()
    private var counts = QueueCounts()
    private var queue: Deque<Arrival<Element>> = []
    /// The only element of each key, under `.newestPerKey`; `order` says which key is next.
    private var slots: [Key: Arrival<Element>] = [:]
    private var order: Deque<Key> = []
    /// Refused since the last element that found a place.
    private var refused = 0

    init(name: String, policy: SubscriptionPolicy) {
        switch policy {
        case .newest(let count), .lossless(let count):
            precondition(count > 0, "a subscription must hold at least one element")
        case .newestPerKey: break
        }
        (self.name, self.policy) = (name, policy)
    }

    var depth: Int { queue.count + order.count }

    func status(at now: MonotonicInstant) -> QueueStatus {
        var counts = counts
        counts[.depth] = Int64(depth)
        let oldest = queue.first?.element.at ?? order.first.flatMap { slots[$0]?.element.at }
        counts[age: .age] = oldest?.duration(to: now) ?? .zero
        return QueueStatus(name: name, counts: counts)
    }

    /// - Returns: Whether it found a place.
    mutating func put(_ element: Element) -> Bool {
        switch policy {
        case .newest(let bound):
            guard queue.count == bound else {
                queue.append(Arrival(element, lost: 0))
                return true
            }
            counts[.dropped] += 1
            let carried = queue.removeFirst().lost + 1
            if let next = queue.popFirst() {
                queue.prepend(Arrival(next.element, lost: next.lost + carried))
                queue.append(Arrival(element, lost: 0))
            } else {
                queue.append(Arrival(element, lost: carried))
            }
            return true
        case .lossless(let bound):
            guard queue.count < bound else {
                counts[.dropped] += 1
                refused += 1
                return false
            }
            queue.append(Arrival(element, lost: refused))
            refused = 0
            return true
        case .newestPerKey:
            if let older = slots[element.key] {
                counts[.dropped] += 1
                slots[element.key] = Arrival(element, lost: older.lost + 1)
            } else {
                order.append(element.key)
                slots[element.key] = Arrival(element, lost: 0)
            }
            return true
        }
    }

    mutating func take() -> Arrival<Element>? {
        if let first = queue.popFirst() { return first }
        return order.popFirst().flatMap { slots.removeValue(forKey: $0) }
    }

    mutating func takeAll() -> FeedBatch<Key, Value>? {
        if !queue.isEmpty {
            let taken = queue
            queue = Deque(minimumCapacity: taken.count)
            return FeedBatch(deliveries: taken)
        }
        guard !order.isEmpty else { return nil }
        let taken = order.compactMap { slots[$0] }
        order.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        return FeedBatch(deliveries: Deque(taken))
    }
}
