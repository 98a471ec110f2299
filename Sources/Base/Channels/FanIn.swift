import DequeModule
import Vocabulary

/// Many sources on any threads flow together to one reader. Sources come and go at any time.
///
/// Each source has a bounded place of its own. A full one evicts its oldest element and counts it, so
/// a source that floods loses elements of its own and nobody else's.
public final class FanIn<Element: Sendable>: Sendable {
    /// Everything that lay there at one moment, source by source.
    public struct Batch: Sendable {
        /// The elements of each source are together and in its order.
        public internal(set) var elements: [Element] = []
        /// How many elements each source has lost since the last batch. Sources without loss are absent.
        public internal(set) var losses: [(source: String, count: Int)] = []
    }

    struct Place {
        let name: String
        let capacity: Int
        var elements: Deque<Element> = []
        var lost = 0
        var isListed = false
        /// Its source is gone; the place follows once its elements are taken.
        var isLeft = false
    }

    struct State {
        var places: [Int: Place] = [:]
        var nextPlace = 0
        /// Places that hold something, in the order of their turns.
        var listed: Deque<Int> = []
        var parking = Parking()
        var cause: Cause?

        mutating func put(_ element: Element, _ id: Int) {
            guard var place = places[id].take() else { return }
            if place.elements.count == place.capacity {
                place.elements.removeFirst()
                place.lost += 1
            }
            place.elements.append(element)
            if !place.isListed {
                place.isListed = true
                listed.append(id)
            }
            places[id] = place
        }

        mutating func takeAll() -> Batch? {
            guard !listed.isEmpty else { return nil }
            var batch = Batch()
            for id in listed {
                guard var place = places[id].take() else { continue }
                batch.elements.append(contentsOf: place.elements)
                if place.lost > 0 { batch.losses.append((place.name, place.lost)) }
                place.elements.removeAll(keepingCapacity: true)
                (place.lost, place.isListed) = (0, false)
                if !place.isLeft { places[id] = place }
            }
            listed.removeAll(keepingCapacity: true)
            return batch
        }
    }

    let state = Guarded(State())
    private let capacity: Int

    /// - Parameter capacity: Elements that one source holds when it says nothing else; at least 1.
    public init(capacity: Int) {
        precondition(capacity > 0, "a source must hold at least one element")
        self.capacity = capacity
    }

    /// A new source. It goes when the object goes, after its elements were taken.
    ///
    /// - Parameter capacity: Elements that it holds; the default when nothing is said.
    public func source(named name: String, capacity: Int? = nil) -> Source {
        let capacity = max(1, capacity ?? self.capacity)
        let id = state.withLock { state in
            defer { state.nextPlace += 1 }
            state.places[state.nextPlace] = Place(name: name, capacity: capacity)
            return state.nextPlace
        }
        return Source(fanIn: self, id: id)
    }

    /// How many sources there are, for a check that none leaks.
    package var sourceCount: Int { state.withLock { $0.places.count } }

    /// Why it was closed; nil while it is open.
    public var cause: Cause? { state.withLock(\.cause) }

    /// Waits for elements and takes all. One reader only; a second one at the same time is a bug.
    ///
    /// - Returns: Nil once it is closed and empty, or when the task is cancelled while it waits.
    public nonisolated(nonsending) func nextBatch() async -> Batch? {
        repeat {
            if let batch = state.withLock({ $0.takeAll() }) { return batch }
        } while await wait()
        return nil
    }

    /// Ends it with `cause`: what lies in it may still be taken, nothing more is accepted.
    public func close(_ cause: Cause = .finished) {
        state.withLock { state in
            state.cause = state.cause ?? cause
            return state.parking.wake()
        }?.resume()
    }

    private nonisolated(nonsending) func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustResume = state.withLock { state in
                    state.parking.onArrival.take()?()
                    guard state.listed.isEmpty, state.cause == nil, !Task.isCancelled else {
                        return true
                    }
                    state.parking.park(continuation, in: "a fan-in")
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.parking.wake() }?.resume()
        }
        return state.withLock { state in
            !state.listed.isEmpty || (state.cause == nil && !Task.isCancelled)
        }
    }

    /// The sending end of one source.
    public final class Source: Sendable {
        private let fanIn: FanIn
        private let id: Int

        fileprivate init(fanIn: FanIn, id: Int) {
            self.fanIn = fanIn
            self.id = id
        }

        /// Puts one element in, from any thread. Never waits; after the close it does nothing.
        public func send(_ element: Element) {
            fanIn.state.withLock { state in
                guard state.cause == nil else { return nil as CheckedContinuation<Void, Never>? }
                state.put(element, id)
                return state.parking.wake()
            }?.resume()
        }

        deinit {
            fanIn.state.withLock { state in
                if state.places[id]?.isListed == true {
                    state.places[id]?.isLeft = true
                } else {
                    state.places[id] = nil
                }
            }
        }
    }
}
