import DequeModule
import Synchronization
import Timing
import Vocabulary

/// Work for hands: each item goes to exactly one of several takers, the one that has waited longest. For
/// code that has several hands for one kind of work, as uploaders or adapters of which any will do. The
/// gateway itself has one taker for everything so far.
///
/// Any number of senders and takers. It holds `bound` items; a sender that finds no place learns so at
/// once or waits as long as it says.
public final class WorkQueue<Item: Sendable>: Sendable {
    typealias Sender = CheckedContinuation<ChannelError?, Never>
    typealias Hands = CheckedContinuation<Item?, Never>

    struct BlockedSender {
        let id: Int
        let item: Item
        let deadline: MonotonicInstant
        let answer: Sender
    }

    enum Admission {
        case placed
        case handed(Hands)
        case full
        case closed(Cause)
    }

    struct State {
        var items: Deque<Item> = []
        var takers: Deque<(id: Int, seat: Int, hands: Hands)> = []
        var shares = TakerShares()
        var senders: Deque<BlockedSender> = []
        var nextID = 0
        var cause: Cause?
        var alarm = DeadlineAlarm()

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }

        mutating func admit(_ item: Item, bound: Int) -> Admission {
            if let cause { return .closed(cause) }
            if let taker = takers.popFirst() {
                _ = shares.gave(to: taker.seat)
                return .handed(taker.hands)
            }
            // Nobody overtakes a sender that waits.
            guard items.count < bound, senders.isEmpty else { return .full }
            items.append(item)
            return .placed
        }

        /// The first item, and the senders who found a place by it. Those who wait are let in when half
        /// of the places are free, all at once: to wake a sender for each place would cost more than
        /// the items do.
        mutating func pop(bound: Int, admitted: inout [Sender]) -> Item? {
            guard let item = items.popFirst() else { return nil }
            if items.count <= bound / 2 { letIn(bound: bound, admitted: &admitted) }
            return item
        }

        /// Senders that wait take the places that are free.
        mutating func letIn(bound: Int, admitted: inout [Sender]) {
            while items.count < bound, let sender = senders.popFirst() {
                items.append(sender.item)
                admitted.append(sender.answer)
            }
        }
    }

    let name: String
    let state = Guarded(State())
    private let bound: Int
    private let clock: any GatewayClock

    /// - Parameters:
    ///   - name: What errors call it.
    ///   - bound: Items that wait for a taker; at least 1.
    public init(_ name: String, bound: Int, clock: any GatewayClock) {
        precondition(bound > 0, "a work queue must hold at least one item")
        (self.name, self.bound, self.clock) = (name, bound, clock)
    }

    deinit { state.withLock { $0.alarm.cancel() } }

    /// Items that wait for a taker.
    public var depth: Int { state.withLock(\.items.count) }

    /// Senders that wait for a place.
    public var blocked: Int { state.withLock(\.senders.count) }

    /// Why it was closed; nil while it is open.
    public var cause: Cause? { state.withLock(\.cause) }

    /// Gives an item away if there is a place for it now.
    ///
    /// - Throws: `.busy` when there is none or others wait for one, `.stopped` after the close.
    public func trySend(_ item: Item) throws(ChannelError) {
        guard try place(item) else {
            throw ChannelError(kind: .busy, detail: "\(name): full, try again")
        }
    }

    private func place(_ item: Item) throws(ChannelError) -> Bool {
        switch state.withLock({ $0.admit(item, bound: bound) }) {
        case .placed: return true
        case .handed(let hands):
            hands.resume(returning: item)
            return true
        case .full: return false
        case .closed(let cause): throw stopped(cause)
        }
    }

    /// Gives an item away; waits for a place in the order of asking, for `limit` at most.
    ///
    /// - Throws: `.late`, `.cancelled` or `.stopped`; the item is then not accepted.
    public nonisolated(nonsending) func send(
        _ item: Item, within limit: Duration
    ) async throws(ChannelError) {
        if try place(item) { return }
        let deadline = clock.now.advanced(by: limit)
        let id = state.withLock { $0.makeID() }
        let refusal = await withTaskCancellationHandler {
            await withCheckedContinuation { (answer: Sender) in
                let known: Admission? = state.withLock { state in
                    if Task.isCancelled { return nil }
                    let admission = state.admit(item, bound: bound)
                    if case .full = admission {
                        keepTime(&state, until: deadline)
                        state.senders.append(
                            BlockedSender(id: id, item: item, deadline: deadline, answer: answer))
                    }
                    return admission
                }
                switch known {
                case nil: answer.resume(returning: cancelled)
                case .closed(let cause): answer.resume(returning: stopped(cause))
                case .placed: answer.resume(returning: nil)
                case .handed(let hands):
                    hands.resume(returning: item)
                    answer.resume(returning: nil)
                case .full: break
                }
            }
        } onCancel: {
            let sender: BlockedSender? = state.withLock { state in
                guard let place = state.senders.firstIndex(where: { $0.id == id }) else {
                    return nil
                }
                return state.senders.remove(at: place)
            }
            sender?.answer.resume(returning: cancelled)
        }
        if let refusal { throw refusal }
    }

    /// A new taker.
    public func taker() -> Taker { Taker(queue: self) }

    /// Ends it with `cause`: senders that wait are refused, takers take what is there and then end.
    public func close(_ cause: Cause = .finished) {
        let (senders, takers) = state.withLock { state in
            state.cause = state.cause ?? cause
            state.alarm.cancel()
            defer { (state.senders, state.takers) = ([], []) }
            return (state.senders, state.takers)
        }
        for sender in senders { sender.answer.resume(returning: stopped(cause)) }
        for (_, _, hands) in takers { hands.resume(returning: nil) }
    }

    private var cancelled: ChannelError {
        ChannelError(kind: .cancelled, detail: "\(name): the sender was cancelled")
    }

    private func stopped(_ cause: Cause) -> ChannelError {
        ChannelError(kind: .stopped(cause), detail: "\(name): closed, \(cause)")
    }

    private func keepTime(_ state: inout State, until deadline: MonotonicInstant) {
        state.alarm.set(for: deadline, on: clock) { [weak self] in self?.expire(alarm: $0) }
    }

    /// Some sender's time is up. One that finds a place now is not refused.
    private func expire(alarm: MonotonicInstant) {
        let now = clock.now
        var admitted: [Sender] = []
        let late: [BlockedSender] = state.withLock { state in
            guard state.alarm.rings(for: alarm) else { return [] }
            state.letIn(bound: bound, admitted: &admitted)
            let late = state.senders.filter { $0.deadline <= now }
            state.senders.removeAll { $0.deadline <= now }
            if let next = state.senders.lazy.map(\.deadline).min() { keepTime(&state, until: next) }
            return Array(late)
        }
        for sender in admitted { sender.resume(returning: nil) }
        for sender in late {
            let error = ChannelError(kind: .timedOut, detail: "\(name): full until the deadline")
            sender.answer.resume(returning: error)
        }
    }

    /// - Returns: The next item, and whether these hands are to let others have their turns.
    fileprivate func take(for seat: Int) -> (item: Item, givesWay: Bool)? {
        var admitted: [Sender] = []
        let taken: (item: Item, givesWay: Bool)? = state.withLock { state in
            state.pop(bound: bound, admitted: &admitted).map { ($0, state.shares.gave(to: seat)) }
        }
        for sender in admitted { sender.resume(returning: nil) }
        return taken
    }

    fileprivate nonisolated(nonsending) func wait(for seat: Int) async -> Item? {
        let id = state.withLock { $0.makeID() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (hands: Hands) in
                var admitted: [Sender] = []
                let known: Item?? = state.withLock { state in
                    if let item = state.pop(bound: bound, admitted: &admitted) {
                        _ = state.shares.gave(to: seat)
                        return item
                    }
                    if state.cause != nil || Task.isCancelled { return .some(nil) }
                    state.takers.append((id, seat, hands))
                    return nil
                }
                for sender in admitted { sender.resume(returning: nil) }
                if let known { hands.resume(returning: known) }
            }
        } onCancel: {
            let hands: Hands? = state.withLock { state in
                guard let place = state.takers.firstIndex(where: { $0.id == id }) else {
                    return nil
                }
                return state.takers.remove(at: place).hands
            }
            hands?.resume(returning: nil)
        }
    }

    /// One pair of hands. One task at a time.
    public final class Taker: Sendable {
        private let queue: WorkQueue
        private let seat: Int
        private let givesWay = Atomic(false)

        fileprivate init(queue: WorkQueue) {
            self.queue = queue
            seat = queue.state.withLock { $0.shares.enter() }
        }

        deinit { queue.state.withLock { $0.shares.leave(seat) } }

        /// The next item for these hands; waits until there is one. A taker that has had its
        /// share lets the others have their turns.
        ///
        /// - Returns: Nil once it is closed and empty, or when the task is cancelled while it waits.
        public nonisolated(nonsending) func next() async -> Item? {
            if givesWay.exchange(false, ordering: .relaxed) { await Task.yield() }
            guard let (item, givesWay) = queue.take(for: seat) else {
                return await queue.wait(for: seat)
            }
            if givesWay { self.givesWay.store(true, ordering: .relaxed) }
            return item
        }
    }
}
