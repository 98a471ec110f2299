import Health
import Vocabulary

/// A node's heartbeats, written by its thread and read by its watcher.
public final class NodeHeartbeat: Sendable {
    /// How long a node may be busy with its hardware, or late for its next round, before it is hung.
    public static let timeout = Duration.seconds(10)
    /// How long a thread may be ready to run without coming to an end, before that is no load any more.
    public static let longestLoad = Duration.seconds(120)

    /// What a watcher sees.
    public struct Reading: Sendable {
        /// The node works on something since then; nil while it rests.
        public internal(set) var busySince: MonotonicInstant?
        /// When a resting node wants to go on; nil when it waits for a command only.
        public internal(set) var restsUntil: MonotonicInstant?
        /// When each channel was last read well, by the channel's place in the node.
        public internal(set) var lastGood: [MonotonicInstant?]
        /// Whether the channel was reported as stale; only a report ends that.
        fileprivate var isStale: [Bool]
        /// The last good value of each channel.
        public internal(set) var lastValue: [Int64?]
        public internal(set) var counts = NodeCounts()
        /// The longest time from when a poll was due to when it began. The first poll, which waits for
        /// the device to be opened, does not count; one put off by failures counts from its new time.
        public internal(set) var worstLateness = Duration.zero
        /// Whether the device is open.
        public internal(set) var isOpen = false
        /// Whether an actuator is where it is safe, as its device and feedback confirm; true for what only
        /// measures or is to stay as it is.
        public internal(set) var isSafe = false

        /// Whether the hardware has been asked and has answered, well or badly.
        public var hasAnswered: Bool { counts[.polls] > 0 || counts[.failures] > 0 }

        /// How long the node has given no heartbeat; zero while it is not expected to.
        public func silence(at now: MonotonicInstant) -> Duration {
            max(.zero, (busySince ?? restsUntil)?.duration(to: now) ?? .zero)
        }

    }

    private let state: Guarded<Reading>
    /// Whether the node's thread has work and waits for nothing but the processor.
    private let isRunnable: @Sendable () -> Bool

    init(channels: Int, isRunnable: @escaping @Sendable () -> Bool = { false }) {
        self.isRunnable = isRunnable
        state = Guarded(
            Reading(
                lastGood: Array(repeating: nil, count: channels),
                isStale: Array(repeating: false, count: channels),
                lastValue: Array(repeating: nil, count: channels)))
    }

    /// The heartbeats of a node that goes on in the place of another: what was read last is known, and
    /// what was reported of it, but the hardware has not answered the new one yet.
    init(after earlier: NodeHeartbeat, isRunnable: @escaping @Sendable () -> Bool = { false }) {
        self.isRunnable = isRunnable
        var reading = earlier.reading
        (reading.busySince, reading.restsUntil, reading.isOpen) = (nil, nil, false)
        (reading.counts, reading.worstLateness) = (NodeCounts(), .zero)
        state = Guarded(reading)
    }

    /// How it is right now, readable from any thread.
    public var reading: Reading { state.withLock { $0 } }

    /// Whether the node's thread has not come back from its hardware. One that waits for its turn on
    /// something shared has not begun; one that only gets no processor is given `longestLoad`.
    public func isHung(at now: MonotonicInstant) -> Bool {
        let silence = reading.silence(at: now)
        guard silence > Self.timeout else { return false }
        return silence > Self.longestLoad || !isRunnable()
    }

    /// The node begins to wait for its turn on something that it shares with others, or has done so.
    func waits(_ begins: Bool, at now: MonotonicInstant) {
        note { ($0.busySince, $0.restsUntil) = (begins ? nil : now, nil) }
    }

    /// Starts the measure of lateness again.
    package func forgetLateness() { state.withLock { $0.worstLateness = .zero } }

    /// The channels that have just become stale, by their place in the node, each with its last good
    /// value. Of one that was never read well there is nothing to say: a default is no last value.
    public func newlyStale(
        _ channels: [DataChannel], at now: MonotonicInstant
    ) -> [(index: Int, lastValue: Int64)] {
        state.withLock { state in
            var stale: [(index: Int, lastValue: Int64)] = []
            for (index, channel) in channels.enumerated() where !state.isStale[index] {
                guard let lastGood = state.lastGood[index], let value = state.lastValue[index],
                    lastGood.duration(to: now) > channel.staleAfter
                else { continue }
                state.isStale[index] = true
                stale.append((index, value))
            }
            return stale
        }
    }

    /// The last good value of a channel by its place in the node, and when it was read; nil when it is
    /// older than `limit`.
    func value(
        _ index: Int, notOlderThan limit: Duration, at now: MonotonicInstant
    ) -> (value: Int64, at: MonotonicInstant)? {
        state.withLock { state in
            guard let lastGood = state.lastGood[index], lastGood.duration(to: now) <= limit else {
                return nil
            }
            return state.lastValue[index].map { ($0, lastGood) }
        }
    }

    /// Notes a good value of a channel.
    /// - Returns: Whether the channel had been reported as stale.
    func noteGood(_ index: Int, _ value: Int64, at now: MonotonicInstant) -> Bool {
        state.withLock { state in
            defer { state.isStale[index] = false }
            (state.lastGood[index], state.lastValue[index]) = (now, value)
            return state.isStale[index]
        }
    }

    func note(_ change: (inout Reading) -> Void) { state.withLock { change(&$0) } }
}

extension DataChannel {
    /// How long a channel may go without a good reading before its last value is stale: three polls,
    /// at least five seconds.
    public var staleAfter: Duration { max(pollPeriod * 3, .seconds(5)) }
}
