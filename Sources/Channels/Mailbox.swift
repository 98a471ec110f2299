import DequeModule
import Vocabulary

/// Letters from many senders on any threads to one consumer, taken in batches.
///
/// Each sender has a lane of its own that holds `laneCapacity` letters. A full lane gives way its
/// oldest letter and counts it, so a sender that floods loses letters of its own and nobody else's.
public final class Mailbox<Letter: Sendable>: Sendable {
    /// Everything that lay in the mailbox at one moment.
    public struct Batch: Sendable {
        /// In the order of each sender.
        public var letters: [Letter] = []
        /// How many letters each sender has lost since the last batch. Senders without loss are absent.
        public var losses: [(sender: String, count: Int)] = []
    }

    fileprivate struct Lane {
        let name: String
        let capacity: Int
        var letters: Deque<Letter> = []
        var lost = 0
        var isListed = false
        /// Its sender is gone; the lane follows once its letters are taken.
        var isLeft = false

        mutating func put(_ letter: Letter) {
            if letters.count == capacity {
                letters.removeFirst()
                lost += 1
            }
            letters.append(letter)
        }

        mutating func empty(into batch: inout Batch) {
            batch.letters.append(contentsOf: letters)
            if lost > 0 { batch.losses.append((name, lost)) }
            letters.removeAll(keepingCapacity: true)
            (lost, isListed) = (0, false)
        }
    }

    fileprivate struct State {
        var lanes: [Int: Lane] = [:]
        var nextLane = 0
        /// Lanes that hold something, in the order in which they were first written to.
        var listed: [Int] = []
        var consumer: CheckedContinuation<Batch?, Never>?
        var isClosed = false

        mutating func takeAll() -> Batch {
            var batch = Batch()
            for id in listed {
                lanes[id]?.empty(into: &batch)
                if lanes[id]?.isLeft == true { lanes[id] = nil }
            }
            listed.removeAll(keepingCapacity: true)
            return batch
        }
    }

    fileprivate let state = Guarded(State())
    private let laneCapacity: Int

    /// - Parameter laneCapacity: At least 1.
    public init(laneCapacity: Int) {
        precondition(laneCapacity > 0, "a lane must hold at least one letter")
        self.laneCapacity = laneCapacity
    }

    /// A new lane. It goes when its sender goes, after its letters were taken.
    ///
    /// - Parameter capacity: Letters in this lane; `laneCapacity` when nothing is said.
    public func sender(named name: String, capacity: Int? = nil) -> Sender {
        let capacity = max(1, capacity ?? laneCapacity)
        let id = state.withLock { state in
            defer { state.nextLane += 1 }
            state.lanes[state.nextLane] = Lane(name: name, capacity: capacity)
            return state.nextLane
        }
        return Sender(mailbox: self, id: id)
    }

    /// How many lanes there are, for a check that none leaks.
    public var senderCount: Int { state.withLock { $0.lanes.count } }

    /// Waits for letters and takes all. One consumer only; a second one at the same time is a bug.
    ///
    /// - Returns: Nil once the mailbox is closed and empty, or when the task is cancelled.
    public func next() async -> Batch? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready: Batch?? = state.withLock { state in
                    precondition(state.consumer == nil, "a mailbox has one consumer")
                    if !state.listed.isEmpty { return .some(state.takeAll()) }
                    if state.isClosed || Task.isCancelled { return .some(nil) }
                    state.consumer = continuation
                    return .none
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let consumer = state.withLock { $0.consumer.take() }
            consumer?.resume(returning: nil)
        }
    }

    /// Ends the mailbox: what lies in it may still be taken, nothing more is accepted.
    public func close() {
        let consumer = state.withLock { state in
            state.isClosed = true
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }

    /// The sending end of one lane.
    public final class Sender: Sendable {
        private let mailbox: Mailbox
        private let id: Int

        fileprivate init(mailbox: Mailbox, id: Int) {
            self.mailbox = mailbox
            self.id = id
        }

        /// Puts one letter in, from any thread. Never waits.
        public func send(_ letter: Letter) {
            let woken: (CheckedContinuation<Batch?, Never>, Batch)? = mailbox.state.withLock {
                state in
                guard !state.isClosed else { return nil }
                state.lanes[id]?.put(letter)
                if state.lanes[id]?.isListed == false {
                    state.lanes[id]?.isListed = true
                    state.listed.append(id)
                }
                guard let consumer = state.consumer.take() else { return nil }
                return (consumer, state.takeAll())
            }
            if let (consumer, batch) = woken { consumer.resume(returning: batch) }
        }

        deinit {
            mailbox.state.withLock { state in
                if state.lanes[id]?.isListed == true {
                    state.lanes[id]?.isLeft = true
                } else {
                    state.lanes[id] = nil
                }
            }
        }
    }
}
