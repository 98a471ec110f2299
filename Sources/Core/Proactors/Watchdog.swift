import Nodes
import Threads
import Vocabulary

/// Watches over all parts of a gateway from a thread of its own: nodes by their heartbeats, all others by
/// asking them.
///
/// It needs nothing that a part could have brought to a halt: no task, no actor, no pool of threads. A
/// question that is not answered is not asked again, so that no part has more than one waiting.
public final class Watchdog: Sendable {
    /// How often all heartbeats are looked at.
    public static let period = Duration.seconds(1)
    /// How long each kind of part may be silent. A node's own timeout has passed before it counts as
    /// silent here.
    public static let timeout = (
        node: Duration.seconds(20), journal: Duration.seconds(30), proactor: Duration.seconds(20),
        link: Duration.seconds(120), broker: Duration.seconds(60)
    )
    /// How long the process goes on without its journal, once that is missed.
    public static let journalGrace = Duration.seconds(270)

    /// What the owner does about what was seen, on the thread of the watchdog.
    public struct Hands: Sendable {
        /// Everything that matters was seen alive. Called at each look but those in which the proactor is
        /// missing or the process is to end: a node that hangs has been named and harms nobody else.
        public let heartbeat: @Sendable () -> Void
        public let act: @Sendable (HeartbeatMonitor.Action) -> Void

        public init(
            heartbeat: @escaping @Sendable () -> Void,
            act: @escaping @Sendable (HeartbeatMonitor.Action) -> Void
        ) {
            (self.heartbeat, self.act) = (heartbeat, act)
        }
    }

    private struct State {
        var monitor = HeartbeatMonitor(longestPause: Watchdog.period * 3)
        var heartbeats: [ShNodeName: NodeHeartbeat] = [:]
        /// Nodes that were started again and whose hardware has not answered since.
        var unproven: Set<ShNodeName> = []
        /// When parts that say so by themselves lived last.
        var lastHeartbeats: [GatewayPart: @Sendable () -> MonotonicInstant?] = [:]
        var questions: [GatewayPart: @Sendable () async -> Void] = [:]
        /// Questions that are not answered yet.
        var open: Set<GatewayPart> = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let thread: SyncThread
    private let clock: any GatewayClock
    private let period: Duration
    private let state = Guarded(State())

    /// - Parameter period: How often all are looked at, when a service manager wants heartbeats more often.
    public init(clock: any GatewayClock, period: Duration = Watchdog.period) {
        (self.clock, self.period) = (clock, min(period, Self.period))
        thread = SyncThread(name: "watchdog", clock: clock)
    }

    deinit { thread.end() }

    /// Begins to look.
    public func start(_ hands: Hands) {
        thread.begin { [weak self] in
            self?.round(hands) ?? SyncThread.Rest(until: nil)
        }
    }

    /// Looks no more, and asks nobody any more.
    public func stop() { thread.pause() }

    /// Watches over a node, or over the one that took the name over.
    public func watch(_ node: ShNodeName, _ heartbeat: NodeHeartbeat, else remedy: Remedy) {
        let now = clock.now
        state.withLock { state in
            state.heartbeats[node] = heartbeat
            state.unproven.remove(node)
            state.monitor.expect(.node(node), within: Self.timeout.node, else: remedy, at: now)
        }
    }

    /// Watches over the node that was started in the place of another. It counts as missing as before until
    /// its hardware has answered, and its restarts are counted on.
    public func follow(_ node: ShNodeName, from earlier: NodeHeartbeat, to heartbeat: NodeHeartbeat)
    {
        state.withLock { state in
            guard state.heartbeats[node] === earlier else { return }
            state.heartbeats[node] = heartbeat
            state.unproven.insert(node)
        }
    }

    /// Looks each second when the part lived last; a time to come is as good as now until then, and a part
    /// without any is not missed.
    public func watch(
        _ part: GatewayPart, within timeout: Duration, else remedy: Remedy,
        lastSeen: @escaping @Sendable () -> MonotonicInstant?
    ) {
        let now = clock.now
        state.withLock { state in
            state.lastHeartbeats[part] = lastSeen
            state.monitor.expect(part, within: timeout, else: remedy, at: now)
        }
    }

    /// Whether it watches over that very node.
    public func watches(_ node: ShNodeName, _ heartbeat: NodeHeartbeat) -> Bool {
        state.withLock { $0.heartbeats[node] === heartbeat }
    }

    /// Asks a part each second for a heartbeat: `question` returns once it has given one.
    public func watch(
        _ part: GatewayPart, within timeout: Duration, else remedy: Remedy,
        asking question: @escaping @Sendable () async -> Void
    ) {
        let now = clock.now
        state.withLock { state in
            state.questions[part] = question
            state.open.remove(part)
            state.monitor.expect(part, within: timeout, else: remedy, at: now)
        }
    }

    /// Watches over a part no more.
    public func forget(_ part: GatewayPart) {
        state.withLock { state in
            state.monitor.forget(part)
            state.questions[part] = nil
            state.open.remove(part)
            state.lastHeartbeats[part] = nil
            guard case .node(let name) = part else { return }
            state.heartbeats[name] = nil
            state.unproven.remove(name)
        }
    }

    /// The parts that are missing now.
    public var missing: [GatewayPart] { state.withLock { $0.monitor.missing } }

    // MARK: - On the thread

    private func round(_ hands: Hands) -> SyncThread.Rest {
        let now = clock.now
        let (actions, isWell, asked) = state.withLock { state in
            for (name, heartbeat) in state.heartbeats {
                let reading = heartbeat.reading
                if reading.hasAnswered { state.unproven.remove(name) }
                guard !heartbeat.isHung(at: now), !state.unproven.contains(name) else { continue }
                state.monitor.seen(.node(name), at: now)
            }
            for (part, lastHeartbeat) in state.lastHeartbeats {
                state.monitor.seen(part, at: lastHeartbeat() ?? now)
            }
            let actions = state.monitor.look(at: now)
            let isWell = !state.monitor.isHopeless && !state.monitor.missing.contains(.proactor)
            let asked = state.questions.filter { !state.open.contains($0.key) }
            state.open.formUnion(asked.keys)
            return (actions, isWell, asked)
        }
        for (part, question) in asked {
            Task { [weak self] in
                await question()
                self?.answered(part)
            }
        }
        if isWell { hands.heartbeat() }
        for action in actions { hands.act(action) }
        return SyncThread.Rest(until: now.advanced(by: period))
    }

    private func answered(_ part: GatewayPart) {
        let now = clock.now
        let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
            // An answer to a question of before a restart is not the new part's.
            if state.open.remove(part) != nil { state.monitor.seen(part, at: now) }
            guard state.open.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns once no question is open.
    func answers() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.open.isEmpty { state.waiters.append(continuation) }
                return !state.open.isEmpty
            }
            if !isOpen { continuation.resume() }
        }
    }
}
