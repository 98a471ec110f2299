import CLinux
import DriverKit
import Glibc
import Vocabulary

/// Who may speak on a bus: one at a time, first come first served, from any thread.
///
/// Every waiter blocks on a semaphore of its own, so that a turn is handed to the one that has
/// waited longest and nobody else wakes up. The queue holds at most one place for each thread.
final class BusTurns: Sendable {
    /// A place in the queue.
    final class Place: Sendable {
        fileprivate let purpose: String
        fileprivate let wakeup = ThreadWakeup()

        fileprivate init(_ purpose: String) { self.purpose = purpose }
    }

    private struct State {
        var speaker: Place?
        var queue: [Place] = []
    }

    private let bus: String
    private let state = Guarded(State())

    /// - Parameter bus: What messages call the bus.
    init(bus: String) { self.bus = bus }

    /// Joins the queue. Never blocks.
    ///
    /// - Parameter purpose: What the turn is for, for the error of those who waited in vain.
    /// - Returns: A place that must be given to `wait`, and to `leave` if that did not throw.
    func join(for purpose: String) -> Place {
        let place = Place(purpose)
        state.withLock { state in
            if state.speaker == nil { state.speaker = place } else { state.queue.append(place) }
        }
        return place
    }

    /// Blocks until it is the turn of `place`.
    ///
    /// - Throws: `.timeout` after `limit`; the place is given up then.
    func wait(_ place: Place, within limit: Duration) throws(DriverError) {
        if state.withLock({ $0.speaker === place }) { return }
        TurnWait.report?(true)
        defer { TurnWait.report?(false) }
        if place.wakeup.wait(limit) { return }
        let busy = state.withLock { state -> (purpose: String, others: Int)? in
            // The turn may have come in the very last moment.
            guard let speaker = state.speaker, speaker !== place else { return nil }
            state.queue.removeAll { $0 === place }
            return (speaker.purpose, state.queue.count)
        }
        guard let busy else { return }
        let milliseconds = limit.wholeNanoseconds / 1_000_000
        throw DriverError(
            .timeout,
            "\(bus) is busy for \(milliseconds) ms, serving \(busy.purpose); "
                + "\(busy.others) others are queued")
    }

    /// Ends the turn of `place` and hands it to the next one.
    func leave(_ place: Place) {
        let next = state.withLock { state in
            precondition(state.speaker === place, "only the speaker ends its turn")
            state.speaker = state.queue.isEmpty ? nil : state.queue.removeFirst()
            return state.speaker
        }
        next?.wakeup.wake()
    }

    /// Runs `body` when its turn has come.
    ///
    /// - Throws: `.timeout` when it does not come within `limit`; what `body` throws.
    func take<Result>(
        for purpose: String, within limit: Duration, _ body: () throws(DriverError) -> Result
    ) throws(DriverError) -> Result {
        let place = join(for: purpose)
        try wait(place, within: limit)
        defer { leave(place) }
        return try body()
    }
}

/// Wakes one thread that blocks.
///
/// Sound as Sendable: a POSIX semaphore may be waited for and posted from any thread, and the pointer
/// to it never changes.
@safe private final class ThreadWakeup: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        // Sound: the memory is large enough for one semaphore and freed in `deinit` alone.
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        // Sound: who waits or rings holds a reference, so none does now.
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// - Returns: False when it did not ring within `limit`.
    func wait(_ limit: Duration) -> Bool {
        // Sound: the semaphore lives as long as `self`.
        unsafe tidegate_semaphore_wait(semaphore, max(0, limit.wholeNanoseconds)) == 0
    }

    func wake() {
        // Sound: as above.
        _ = unsafe sem_post(semaphore)
    }
}
