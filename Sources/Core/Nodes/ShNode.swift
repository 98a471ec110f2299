import Channels
import DriverKit
import Threads
import Timing
import Vocabulary

/// One node of the hardware layout: a driver, the thread that it blocks, and the rhythm it is read at.
///
/// The node's isolation is its thread, so a device that is slow, hangs or floods costs this node and
/// no other. Facts go to `outbox`; nothing that the hardware does is thrown at the caller.
public actor ShNode {
    /// Makes the driver, on the node's thread. Called again after the device had vanished.
    public typealias Opener = @Sendable (Component) throws(DriverError) -> sending any Driver

    /// The waiting time before a device that is not there is looked for again: at first, and at most.
    public static let reopening = (first: Duration.milliseconds(500), cap: Duration.seconds(30))
    /// The longest pause between two tries of a device that is there but does not answer.
    public static let longestRetry = Duration.seconds(60)
    /// A vanished chip does not wake a sleeping poll(2), so event drivers are asked at least so often.
    public static let eventCheck = Duration.seconds(1)

    public nonisolated let name: ShNodeName
    public nonisolated let component: Component
    public nonisolated let heartbeat: NodeHeartbeat
    /// What guards an actuator.
    public nonisolated let rules: GuardRules

    let thread: SyncThread
    /// Learns from shared wires when this node waits for its turn.
    private let turnReport: @Sendable (Bool) -> Void
    let open: Opener
    let phase: Double
    private let outbox: FanIn<Fact>.Source
    let clock: any GatewayClock
    var driver: (any Driver)?
    var channels: [ChannelState]
    var counters: CounterMemory
    nonisolated let counterStore: (any CounterStore)?
    nonisolated let heedsLoad: Bool
    var faults = FaultLatch()
    private var reopening = Backoff(first: ShNode.reopening.first, cap: ShNode.reopening.cap)
    private var retrying: Backoff
    var retryAt: MonotonicInstant?
    var isStopped = false
    /// Whether another one has taken this one's place; see ShNode+succession.swift.
    nonisolated let isAbandoned = Guarded(false)

    // What an actuator has beyond that; see ShNode+relay.swift.
    let coordinator: InterlockCoordinator
    let snapshot: ChannelSnapshot
    /// Heartbeats that the guard has not been given yet.
    nonisolated let controllerHeartbeats = Guarded(ControllerHeartbeats())
    /// Decides when the actuator is switched; nil for what only measures.
    var relay: RelayGuard?
    /// Who may command the actuator now.
    public nonisolated let control = ControlSnapshot()
    /// Since when interlocks have kept the device from being opened.
    var openingBlocked: MonotonicInstant?
    /// Those who wait for the outcome of a command.
    var requesters: [CommandID: CheckedContinuation<CommandOutcome, Never>] = [:]
    /// Those who wait for the safe state at a stop.
    var stoppers: [CheckedContinuation<Void, Never>] = []
    /// Those who wait for the safe state otherwise, and whether for one whose device is not there, too.
    var safetyWaiters: [(requester: CheckedContinuation<Void, Never>, givesUp: Bool)] = []
    /// It has left the layout, and is not known to be safe.
    var isOrphaned = false
    /// Readable also while the node hangs.
    nonisolated let handoverState = Guarded<HandoverState?>(nil)

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the node keeps its thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// - Parameters:
    ///   - component: What to open; its channels are what the node reads.
    ///   - phase: Where in its poll period the node's grid lies, 0 to 1, so that nodes do not all ask
    ///     at once.
    ///   - rules: What guards an actuator; of no meaning without a safe state.
    ///   - coordinator: The one that all actuators of the gateway share.
    ///   - snapshot: The one that all nodes of the gateway share.
    ///   - counters: Where the registers of its meter stood; nil where nothing is remembered.
    ///   - heedsLoad: Whether a thread that only gets no processor does not hang. Of no use on a clock
    ///     that no processor moves.
    ///   - earlier: The heartbeats of the node whose place this one takes.
    public init(
        name: ShNodeName, component: Component, phase: Double = 0,
        rules: GuardRules = GuardRules(),
        coordinator: InterlockCoordinator = InterlockCoordinator(),
        snapshot: ChannelSnapshot = ChannelSnapshot(),
        after earlier: NodeHeartbeat? = nil, counters: (any CounterStore)? = nil,
        heedsLoad: Bool = false,
        outbox: FanIn<Fact>.Source, clock: any GatewayClock, open: @escaping Opener
    ) {
        (self.name, self.component, self.outbox, self.clock) = (name, component, outbox, clock)
        (self.open, self.rules, self.coordinator, self.snapshot) = (
            open, rules, coordinator, snapshot
        )
        self.phase = phase
        let fastest = component.channels.map(\.pollPeriod).min() ?? .seconds(1)
        let now = clock.now
        let origin = now.advanced(by: fastest * phase)
        channels = component.channels.map { ChannelState($0, first: now, origin: origin) }
        (self.counters, counterStore) = (CounterMemory(counters), counters)
        retrying = Backoff(first: fastest, cap: ShNode.longestRetry)
        // A relay gets the last thread; what only measures leaves the rest of the process some.
        let leaves = component.safeState == nil ? ThreadPlan.largeReserve : 0
        let thread = SyncThread(name: name.text, clock: clock, leaves: leaves)
        self.thread = thread
        self.heedsLoad = heedsLoad
        let isRunnable: @Sendable () -> Bool = { [weak thread] in
            heedsLoad && thread?.isRunnable ?? false
        }
        let heartbeat =
            earlier.map { NodeHeartbeat(after: $0, isRunnable: isRunnable) }
            ?? NodeHeartbeat(channels: component.channels.count, isRunnable: isRunnable)
        self.heartbeat = heartbeat
        turnReport = { heartbeat.waits($0, at: clock.now) }
        snapshot.register(component.channels, heartbeat)
        guard let safe = component.safeState else { return }
        let channel = component.channels.first
        relay = RelayGuard(
            name: name, rules: rules, safe: safe, at: now, staleAfter: channel?.staleAfter
        ) { value in
            channel?.text(value) ?? "\(value)"
        }
        coordinator.register(name) { [weak thread] in thread?.wake() }
    }

    deinit { thread.end() }

    /// Why the node has no thread yet; nil when it has one.
    public nonisolated var lacks: ThreadError? { thread.lacks }

    /// Opens the device and begins to read it. Returns once the device is open or has failed to open;
    /// an actuator that could be opened is in its safe state then.
    public func start() {
        TurnWait.reporting(to: turnReport) {
            heartbeat.note { $0.busySince = clock.now }
            recallCounters()
            openDriver(at: clock.now)
            tend()
            heartbeat.note { $0.busySince = nil }
        }
        guard !retires() else { return }
        thread.begin { [weak self] in
            self?.assumeIsolated { node in
                TurnWait.reporting(to: node.turnReport) { node.round() }
            } ?? SyncThread.Rest(until: nil)
        }
    }

    // MARK: - Rounds

    /// One look at everything that is due. Runs on the node's thread only.
    private func round() -> SyncThread.Rest {
        let now = clock.now
        heartbeat.note { $0.busySince = now }
        passTime()
        if driver == nil, now >= retryAt ?? now { openDriver(at: now) }
        if driver != nil, now >= retryAt ?? now { takeEvents(at: now) }
        if driver != nil, now >= retryAt ?? now { poll(at: now) }
        // Here, because whatever held the thread up has not kept the device from being read now.
        if driver != nil { relay?.checkReading(at: clock.now) }
        tend()
        guard !retires() else { return SyncThread.Rest(until: nil) }
        let rest = nextRest()
        heartbeat.note {
            ($0.busySince, $0.restsUntil, $0.isOpen) = (nil, rest.until, driver != nil)
        }
        return rest
    }

    private func nextRest() -> SyncThread.Rest {
        let rest = restOfReading()
        let guarding = relay?.deadline(after: clock.now, isOpen: driver != nil)
        return SyncThread.Rest(
            until: [rest.until, guarding].compactMap { $0 }.min(), watching: rest.watching)
    }

    private func restOfReading() -> SyncThread.Rest {
        let due = channels.map(\.schedule.due).min()
        guard let driver else { return SyncThread.Rest(until: retryAt) }
        // A device that fails is left alone until its time, also when it speaks up.
        if let retryAt, retryAt > clock.now { return SyncThread.Rest(until: retryAt) }
        var until = due.map { max($0, retryAt ?? $0) }
        guard let source = driver as? any EventDriver else { return SyncThread.Rest(until: until) }
        let check = clock.now.advanced(by: Self.eventCheck)
        until = [until, source.eventDeadline, check].compactMap { $0 }.min()
        return SyncThread.Rest(until: until, watching: source.eventDescriptor)
    }

    private func takeEvents(at now: MonotonicInstant) {
        guard var source = driver as? any EventDriver else { return }
        defer { if driver != nil { driver = source } }
        do throws(DriverError) {
            let events = try source.takeEvents(at: now)
            let stamp = clock.timestamp
            for event in events {
                let age = event.at.duration(to: stamp.monotonic)
                let at = stamp.earlier(by: age, monotonic: event.at)
                report([event.reading], at: at, moment: event.at)
            }
        } catch {
            fail(error, at: now)
        }
    }

    private func poll(at now: MonotonicInstant) {
        let due = channels.indices.filter { channels[$0].schedule.due <= now }
        guard !due.isEmpty, var asked = driver else { return }
        let stamp = clock.timestamp
        let lateness =
            due.map { self.lateness(of: channels[$0].schedule.due, at: now) }.max() ?? .zero
        do throws(DriverError) {
            let wanted = due.map { channels[$0].channel }
            let answers = try asked.read(wanted, at: stamp.monotonic)
            driver = asked
            let readings = readings(in: answers, of: wanted)
            if let listener = asked as? any ListeningDriver {
                report(readings, of: wanted, from: listener)
            } else {
                report(readings, at: stamp, moment: nil)
            }
            noteState(readings, at: clock.now)
        } catch {
            driver = asked
            fail(error, at: clock.now)
        }
        let after = clock.now
        var skipped = 0
        for index in due { skipped += channels[index].schedule.advance(past: after) }
        heartbeat.note {
            $0.counts[.polls] += 1
            $0.counts[.skipped] += Int64(skipped)
            $0.worstLateness = max($0.worstLateness, lateness)
        }
    }

    /// How late a poll is through no fault of its device: the first one, which waits for the device to
    /// be opened, does not count, and one that was put off counts from then on.
    private func lateness(of due: MonotonicInstant, at now: MonotonicInstant) -> Duration {
        guard heartbeat.reading.counts[.polls] > 0 else { return .zero }
        return max(due, retryAt ?? due).duration(to: now)
    }

    // MARK: - Opening and failing

    func openDriver(at now: MonotonicInstant) {
        guard !isStopped, let component = openable(at: now) else { return }
        do throws(DriverError) {
            driver = try open(component)
            (retryAt, openingBlocked) = (nil, nil)
            // An actuator's safe state is a fact of its own; what measures speaks at its first poll.
            guard driver is any Actuator else { return }
            relay?.opened(at: clock.now)
            poll(at: now)
        } catch {
            fail(error, at: now)
        }
    }

    func succeed() {
        retrying.succeeded()
        reopening.succeeded()
        retryAt = nil
        report(
            faults.end(
                [.notConnected, .timeout, .malformedReply, .invalidComponent],
                "node \(name): answers again"))
    }

    /// Reports the fault if it is new and says when to try again.
    func fail(_ error: DriverError, at now: MonotonicInstant) {
        heartbeat.note { $0.counts[.failures] += 1 }
        let fault = faults.begin(
            error.faultKind, after: error.kind == .busy ? Self.passingPolls : 1,
            "node \(name): \(error.detail)")
        if let fault { report([fault]) }
        switch error.kind {
        case .notConnected, .invalidComponent: driver = nil
        case .timeout, .malformedReply, .busy, .noValue, .unsupported: break
        }
        guard driver != nil else {
            relay?.lost(error.detail, at: now)
            retryAt = now.advanced(by: reopening.failed())
            return
        }
        let pause = retrying.failed()
        // The first failure costs nothing but its poll; only a device that stays silent is spared.
        retryAt = retrying.failures > 1 ? now.advanced(by: pause) : nil
    }

    func close() {
        driver = nil
        keepCounters(isLast: true)
        heartbeat.note { ($0.isOpen, $0.busySince, $0.restsUntil) = (false, nil, nil) }
        resumeSafetyWaiters()
    }

    // MARK: - Reporting

    /// - Parameters:
    ///   - moment: What they stand for in the capture period; nil for the channel's own poll.
    ///   - age: How long before `stamp` the device took them, which is what their label says; nil when the
    ///     device has not dated them.
    func report(
        _ readings: [Reading], at stamp: Timestamp, moment: MonotonicInstant?,
        age: Duration? = nil
    ) {
        var captured: [Reading] = []
        // A driver that has nothing to measure yet says so by the quality; such values go nowhere.
        for reading in readings where reading.quality == .good {
            guard let index = channels.firstIndex(where: { $0.channel.name == reading.channel })
            else {
                continue
            }
            let verdict = channels[index].check.judge(reading.value, at: stamp.monotonic)
            switch verdict {
            case .pending: continue
            case .plausible(let value), .news(let value, _, _):
                if case .news(_, let kind, let words) = verdict {
                    let words = "channel \(reading.channel): \(words)"
                    send(.event(GatewayEvent(kind, number: value, detail: words)), at: stamp)
                    channels[index].capture.reset()
                }
                let due = moment ?? channels[index].schedule.moment(at: stamp.monotonic)
                captured += take(value, index, at: stamp.monotonic, due: due, isDated: age != nil)
                report(
                    faults.end(
                        [.implausible], on: reading.channel,
                        "channel \(reading.channel): plausible again"))
            case .implausible(let reason):
                guard
                    let fault = faults.begin(
                        .implausible, on: reading.channel, "channel \(reading.channel): \(reason)")
                else { continue }
                report([fault])
                channels[index].capture.reset()
                captured.append(
                    Reading(channel: reading.channel, value: reading.value, quality: .bad))
            }
        }
        keepCounters()
        if !captured.isEmpty, !isOrphaned {
            let age = age ?? .zero
            let taken = stamp.monotonic.advanced(by: .zero - age)
            send(.readings(captured.map(marked)), at: stamp.earlier(by: age, monotonic: taken))
        }
    }

    /// Notes a good value; answers what is to be reported of it and of those before it.
    private func take(
        _ value: Int64, _ index: Int, at now: MonotonicInstant, due: MonotonicInstant, isDated: Bool
    ) -> [Reading] {
        // The watcher has called the channel stale in the meantime; only a report ends that.
        if heartbeat.noteGood(index, value, at: now) { channels[index].capture.reset() }
        let captured = channels[index].capture.capture(value, due: due, isDated: isDated)
        return captured.map { [Reading(channel: channels[index].channel.name, value: $0)] } ?? []
    }

    /// What comes from simulated hardware is reported as such.
    func marked(_ reading: Reading) -> Reading {
        component.isSimulated ? reading.simulated : reading
    }

    /// The actuator was switched and is in `state` now, which is worth a report when it is another one.
    func switched(to state: Int64) {
        for index in channels.indices { channels[index].capture.switched(to: state) }
    }

    /// After a fault of a channel its next value is worth a report.
    func resetCapture(of name: DataChannelName) {
        for index in channels.indices where channels[index].channel.name == name {
            channels[index].capture.reset()
        }
    }

    private func noteState(_ readings: [Reading], at now: MonotonicInstant) {
        guard let state = readings.first(where: { $0.channel == component.channels.first?.name }),
            state.quality == .good
        else { return }
        relay?.shows(state.value, at: now)
    }

    func report(_ faults: [Fault]) {
        guard !faults.isEmpty else { return }
        let stamp = clock.timestamp
        for fault in faults {
            send(.fault(fault), at: stamp)
        }
    }

    func send(_ matter: Fact.Matter, at stamp: Timestamp) {
        // What comes from hardware that was given up is too late.
        guard !isAbandoned.withLock({ $0 }) else { return }
        outbox.send(Fact(node: name, at: stamp, matter: matter))
    }
}
