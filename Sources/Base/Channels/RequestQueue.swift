import DequeModule
import Timing
import Vocabulary

/// Questions to one who works on a thread or task of its own. Each gets exactly one answer, failure or
/// time-out.
///
/// Any number of requesters; one taker at a time. It holds `bound` questions, waiting and in work together;
/// one more is answered busy, at once. A question keeps its place until its taker has released
/// it, which for hardware that hangs may be long after its requester was answered.
public final class RequestQueue<Request: Sendable, Answer: Sendable>: Sendable {
    typealias Outcome = Result<Answer, ChannelError>

    struct Place {
        let id: CommandID
        let deadline: MonotonicInstant
        var isInWork = false
        /// Nil once the requester has had an answer.
        var requester: CheckedContinuation<Outcome, Never>?
        /// Nil once it was taken.
        var request: Request?
    }

    struct State {
        var places: [Int: Place] = [:]
        /// Those that wait to be taken. May name some that are gone.
        var waiting: Deque<Int> = []
        var nextSerial = 0
        var parking = Parking()
        var counts = QueueCounts(of: QueueCount.ofActuators)
        var cause: Cause?
        var alarm = DeadlineAlarm()

        mutating func vacate(_ serial: Int) -> Place? {
            guard let place = places.removeValue(forKey: serial) else { return nil }
            if !place.isInWork, waiting.first == serial { waiting.removeFirst() }
            return place
        }

        /// Removes what is not in work, and only the requester of what is.
        mutating func abandon(_ serial: Int) -> CheckedContinuation<Outcome, Never>? {
            guard let requester = places[serial]?.requester.take() else { return nil }
            counts[.abandoned] += 1
            if places[serial]?.isInWork == false {
                _ = vacate(serial)
                waiting.removeAll { $0 == serial }
            }
            return requester
        }
    }

    let name: String
    private let bound: Int
    private let clock: any GatewayClock
    let state = Guarded(State())

    /// - Parameters:
    ///   - name: What errors call it.
    ///   - bound: Questions that wait or are in work; at least 1.
    public init(_ name: String, bound: Int, clock: any GatewayClock) {
        precondition(bound > 0, "a request queue must hold at least one request")
        (self.name, self.bound, self.clock) = (name, bound, clock)
    }

    deinit { state.withLock { $0.alarm.cancel() } }

    /// What it did so far and has now.
    public var counts: QueueCounts {
        state.withLock { state in
            var counts = state.counts
            let inWork = state.places.values.count(where: \.isInWork)
            counts[.inWork] = Int64(inWork)
            counts[.depth] = Int64(state.places.count - inWork)
            return counts
        }
    }

    /// Why it was stopped; nil while it takes questions.
    public var cause: Cause? { state.withLock(\.cause) }

    /// Asks, and waits for the answer.
    ///
    /// - Parameters:
    ///   - id: The question's identity, for errors and logs.
    ///   - limit: How long to wait. A question that nobody has taken by then never will be.
    /// - Throws: `.busy` at once, `.timedOut`, `.cancelled`, `.failed` with what the other
    ///   side threw, `.stopped`.
    public nonisolated(nonsending) func ask(
        _ request: Request, as id: CommandID, within limit: Duration
    ) async throws(ChannelError) -> Answer {
        let deadline = clock.now.advanced(by: limit)
        let serial = state.withLock { state in
            state.nextSerial += 1
            return state.nextSerial
        }
        let outcome: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { requester in
                admit(
                    serial,
                    Place(id: id, deadline: deadline, requester: requester, request: request))
            }
        } onCancel: {
            let error = ChannelError(kind: .cancelled, detail: "\(name): \(id) was cancelled")
            state.withLock { $0.abandon(serial) }?.resume(returning: .failure(error))
        }
        return try outcome.get()
    }

    /// The oldest question that waits; waits until there is one.
    ///
    /// - Returns: Nil once the request queue is stopped, or when the task is cancelled while it waits.
    public nonisolated(nonsending) func next() async -> Question<Request, Answer>? {
        repeat { if let question = take() { return question } } while await wait()
        return nil
    }

    /// The oldest question that waits, if one does. For threads that must not wait.
    public func take() -> Question<Request, Answer>? {
        state.withLock { state in
            while let serial = state.waiting.popFirst() {
                guard let place = state.places[serial], let request = place.request else {
                    continue
                }
                state.places[serial]?.request = nil
                state.places[serial]?.isInWork = true
                return Question(
                    request, id: place.id, deadline: place.deadline, requestQueue: self,
                    serial: serial)
            }
            return nil
        }
    }

    /// Has each question answered by a task of its own as soon as it is asked, for one whose isolation
    /// puts them in order: each handler runs up to where it first waits before the next one begins. A
    /// handler that hangs is left behind; its question keeps its place.
    public func answerEach(
        _ handler: @escaping @Sendable (Question<Request, Answer>) async throws -> Answer
    ) async {
        while let question = await next() {
            Task.immediate {
                do {
                    question.answer(try await handler(question))
                } catch {
                    question.fail(error)
                }
            }
        }
    }

    /// Takes no more questions, and answers all that are pending with `cause`. The first cause counts.
    public func stop(_ cause: Cause = .finished) {
        let (taker, places) = state.withLock { state in
            state.cause = state.cause ?? cause
            let asked = state.places.filter { $0.value.requester != nil }
            state.counts[.answered] += Int64(asked.count)
            for serial in asked.keys { state.places[serial]?.requester = nil }
            for (serial, place) in state.places where !place.isInWork { _ = state.vacate(serial) }
            state.waiting.removeAll()
            state.alarm.cancel()
            return (state.parking.wake(), asked.values)
        }
        taker?.resume()
        for place in places {
            place.requester?.resume(returning: .failure(stopped(cause, place.id)))
        }
    }

    /// - Returns: Whether the requester got it.
    @discardableResult
    func settle(_ serial: Int, _ outcome: Outcome) -> Bool {
        let requester: CheckedContinuation<Outcome, Never>? = state.withLock { state in
            guard let place = state.vacate(serial) else { return nil }
            state.counts[place.requester == nil ? .late : .answered] += 1
            return place.requester
        }
        requester?.resume(returning: outcome)
        return requester != nil
    }

    private func admit(_ serial: Int, _ place: Place) {
        let (error, taker): (ChannelError?, CheckedContinuation<Void, Never>?) = state.withLock {
            state in
            if let cause = state.cause { return (stopped(cause, place.id), nil) }
            if Task.isCancelled {
                return (
                    ChannelError(kind: .cancelled, detail: "\(name): \(place.id) was cancelled"),
                    nil
                )
            }
            guard state.places.count < bound else {
                state.counts[.dropped] += 1
                let detail = "\(name): busy with \(bound) requests, try again"
                return (ChannelError(kind: .busy, detail: detail), nil)
            }
            state.places[serial] = place
            state.waiting.append(serial)
            keepTime(&state, until: place.deadline)
            return (nil, state.parking.wake())
        }
        if let error { place.requester?.resume(returning: .failure(error)) }
        taker?.resume()
    }

    private func keepTime(_ state: inout State, until deadline: MonotonicInstant) {
        state.alarm.set(for: deadline, on: clock) { [weak self] in self?.expire(alarm: $0) }
    }

    private func expire(alarm: MonotonicInstant) {
        let now = clock.now
        let late = state.withLock { state in
            guard state.alarm.rings(for: alarm) else {
                return [(CheckedContinuation<Outcome, Never>?, CommandID)]()
            }
            let due = state.places.filter { $0.value.requester != nil && $0.value.deadline <= now }
            let answered = due.map { (state.abandon($0.key), $0.value.id) }
            let next = state.places.values.filter { $0.requester != nil }.map(\.deadline).min()
            if let next { keepTime(&state, until: next) }
            return answered
        }
        for (requester, id) in late {
            let error = ChannelError(
                kind: .timedOut, detail: "\(name): no answer to \(id) before its deadline")
            requester?.resume(returning: .failure(error))
        }
    }

    private func stopped(_ cause: Cause, _ id: CommandID) -> ChannelError {
        ChannelError(kind: .stopped(cause), detail: "\(name): \(id): stopped, \(cause)")
    }

    private nonisolated(nonsending) func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustResume = state.withLock { state in
                    state.parking.onArrival.take()?()
                    guard state.waiting.isEmpty, state.cause == nil, !Task.isCancelled else {
                        return true
                    }
                    state.parking.park(continuation, in: "a request queue")
                    return false
                }
                if mustResume { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.parking.wake() }?.resume()
        }
        return state.withLock { $0.cause == nil && !Task.isCancelled || !$0.waiting.isEmpty }
    }
}
