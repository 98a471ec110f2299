import DequeModule
import Vocabulary

/// Work for hands: each item goes to exactly one of several takers, the one that has waited longest.
///
/// For code that has several hands for one kind of work, as uploaders or adapters of which any will do. The
/// gateway itself has one taker for everything, and needs none.
///
/// Any number of senders and takers. It holds `bound` items; a sender that finds no place is told so at
/// once or waits as long as it says.
public final class WorkQueue<Item: Sendable>: Sendable {
    struct BlockedSender {
        let id: Int
        let item: Item
        let answer: CheckedContinuation<ChannelError?, Never>
        let alarm: Task<Void, Never>
    }

    struct State {
        var items: Deque<Item> = []
        var takers: Deque<(id: Int, taker: CheckedContinuation<Item?, Never>)> = []
        var senders: Deque<BlockedSender> = []
        var nextID = 0
        var cause: Cause?

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }

        /// The first item, and the senders who found a place by it. Those who wait are let in when half
        /// of the places are free, all at once: to wake a sender for each place would cost more than
        /// the items do.
        mutating func pop(bound: Int) -> (item: Item?, admitted: [BlockedSender]) {
            guard let item = items.popFirst() else { return (nil, []) }
            guard !senders.isEmpty, items.count <= bound / 2 else { return (item, []) }
            let admitted = Array(senders.prefix(bound - items.count))
            senders.removeFirst(admitted.count)
            items.append(contentsOf: admitted.lazy.map(\.item))
            return (item, admitted)
        }
    }

    /// Items that a taker may have in a row before it gives way to other tasks.
    static var turn: Int { 8 }

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

    /// Items that wait for a taker.
    public var depth: Int { state.withLock(\.items.count) }

    /// Why it was closed; nil while it is open.
    public var cause: Cause? { state.withLock(\.cause) }

    /// Gives an item away if there is a place for it now.
    ///
    /// - Throws: `.busy` when there is none, `.stopped` after the close.
    public func trySend(_ item: Item) throws(ChannelError) {
        let refusal: ChannelError? = state.withLock { state in
            if let cause = state.cause { return stopped(cause) }
            if let (_, taker) = state.takers.popFirst() {
                taker.resume(returning: item)
                return nil
            }
            // Nobody overtakes a sender that waits.
            guard state.items.count < bound, state.senders.isEmpty else {
                return ChannelError(kind: .busy, detail: "\(name): \(bound) items wait already")
            }
            state.items.append(item)
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Gives an item away; waits for a place in the order of asking, for `limit` at most.
    ///
    /// - Throws: `.late`, `.cancelled` or `.stopped`; the item is then not accepted.
    public nonisolated(nonsending) func send(
        _ item: Item, within limit: Duration
    ) async throws(ChannelError) {
        do throws(ChannelError) {
            return try trySend(item)
        } catch {
            guard error.kind == .busy else { throw error }
        }
        let deadline = clock.now.advanced(by: limit)
        let clock = clock
        let id = state.withLock { $0.makeID() }
        let refusal = await withTaskCancellationHandler {
            await withCheckedContinuation { (answer: CheckedContinuation<ChannelError?, Never>) in
                let known: ChannelError?? = state.withLock { state in
                    if let cause = state.cause { return .some(stopped(cause)) }
                    if Task.isCancelled { return .some(cancelled) }
                    if let (_, taker) = state.takers.popFirst() {
                        taker.resume(returning: item)
                        return .some(nil)
                    }
                    if state.items.count < bound, state.senders.isEmpty {
                        state.items.append(item)
                        return .some(nil)
                    }
                    let alarm = Task { [weak self] in
                        guard (try? await clock.sleep(until: deadline)) != nil else { return }
                        self?.giveUp(
                            id,
                            ChannelError(kind: .late, detail: "no place within \(limit.layoutText)")
                        )
                    }
                    state.senders.append(
                        BlockedSender(id: id, item: item, answer: answer, alarm: alarm))
                    return nil
                }
                if let known { answer.resume(returning: known) }
            }
        } onCancel: {
            giveUp(id, cancelled)
        }
        if let refusal { throw refusal }
    }

    /// A new taker.
    public func taker() -> Taker { Taker(queue: self) }

    /// Ends it with `cause`: senders that wait are refused, takers take what is there and then end.
    public func close(_ cause: Cause = .finished) {
        let (senders, takers) = state.withLock { state in
            state.cause = state.cause ?? cause
            defer { (state.senders, state.takers) = ([], []) }
            return (state.senders, state.takers)
        }
        for sender in senders {
            sender.alarm.cancel()
            sender.answer.resume(returning: stopped(cause))
        }
        for (_, taker) in takers { taker.resume(returning: nil) }
    }

    private var cancelled: ChannelError {
        ChannelError(kind: .cancelled, detail: "\(name): the sender was cancelled")
    }

    private func stopped(_ cause: Cause) -> ChannelError {
        ChannelError(kind: .stopped(cause), detail: "\(name): closed, \(cause)")
    }

    private func giveUp(_ id: Int, _ error: ChannelError) {
        let sender: BlockedSender? = state.withLock { state in
            guard let place = state.senders.firstIndex(where: { $0.id == id }) else { return nil }
            return state.senders.remove(at: place)
        }
        sender?.alarm.cancel()
        sender?.answer.resume(returning: error)
    }

    fileprivate func take() -> Item? {
        let (item, admitted) = state.withLock { $0.pop(bound: bound) }
        tell(admitted)
        return item
    }

    private func tell(_ admitted: [BlockedSender]) {
        for sender in admitted {
            sender.alarm.cancel()
            sender.answer.resume(returning: nil)
        }
    }

    fileprivate nonisolated(nonsending) func wait() async -> Item? {
        let id = state.withLock { $0.makeID() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (taker: CheckedContinuation<Item?, Never>) in
                let (known, admitted): (Item??, [BlockedSender]) = state.withLock { state in
                    let (item, admitted) = state.pop(bound: bound)
                    if let item { return (.some(item), admitted) }
                    if state.cause != nil || Task.isCancelled { return (.some(nil), []) }
                    state.takers.append((id, taker))
                    return (nil, [])
                }
                tell(admitted)
                if let known { taker.resume(returning: known) }
            }
        } onCancel: {
            let taker: CheckedContinuation<Item?, Never>? = state.withLock { state in
                guard let place = state.takers.firstIndex(where: { $0.id == id }) else {
                    return nil
                }
                return state.takers.remove(at: place).taker
            }
            taker?.resume(returning: nil)
        }
    }

    /// One pair of hands. One task at a time.
    public final class Taker: Sendable {
        private let queue: WorkQueue
        private let inARow = Guarded(0)

        fileprivate init(queue: WorkQueue) { self.queue = queue }

        /// The next item for these hands; waits until there is one. A taker that finds work all the time
        /// lets the others have their turns.
        ///
        /// - Returns: Nil once it is closed and empty, or when the task is cancelled.
        public nonisolated(nonsending) func next() async -> Item? {
            let isTurnOver = inARow.withLock { inARow in
                inARow = (inARow + 1) % WorkQueue.turn
                return inARow == 0
            }
            if isTurnOver { await Task.yield() }
            if let item = queue.take() { return item }
            inARow.withLock { $0 = 0 }
            return await queue.wait()
        }
    }
}
