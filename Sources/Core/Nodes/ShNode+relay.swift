import DriverKit
import Vocabulary

// What an actuator's node does beyond reading: it asks its guard, and carries out what that wants.
extension ShNode {
    /// How long an actuator that others keep from its safe state is left closed before it is opened as
    /// it stands.
    static let openingGrace = Duration.seconds(1)

    /// Carries out a command between two rounds and reports what the device confirms.
    ///
    /// - Parameter deadline: A command that has waited longer, behind hardware that hung, is refused.
    public func apply(_ command: Command, by deadline: CommandDeadline) async -> CommandOutcome {
        guard !isStopped else { return .refused("node \(name): stopped") }
        if clock.now > deadline.startBy {
            return .refused("node \(name): the command's deadline passed in the queue")
        }
        guard relay != nil else { return setTotal(command) }
        if driver == nil { openDriver(at: clock.now) }
        tend()
        guard driver != nil else { return .failed("node \(name): its device is not connected") }
        let now = clock.now
        let block = command.order.value.flatMap { coordinator.look(name, on: $0 != 0, at: now) }
        // The device, its feedback or another actuator may take its time; a later round answers then.
        return await withCheckedContinuation { requester in
            requesters[command.id] = requester
            let early = relay?.take(
                command, at: now, block: block, expires: deadline.validUntil)
            if let early { relay?.answer(command.id, early) }
            tend()
        }
    }

    /// The heartbeats over the links since the guard was given them last.
    struct ControllerHeartbeats: Sendable {
        /// The newest heartbeat over each link.
        var newest: [CommandSource: MonotonicInstant] = [:]
        /// For how long the machine slept.
        var slept = Duration.zero
        /// Whether a controller has fallen silent. All others are in time when the guard looks by itself.
        var isMissed = false
    }

    /// A heartbeat of the controller over that link, for `failsafeAfter`. Never waits for the
    /// node, and wakes it only for a controller that was missed: with a backlog, each fact's acknowledgement
    /// is such a sign.
    public nonisolated func noteHeartbeat(of source: CommandSource) {
        guard rules.failsafeAfter != nil else { return }
        let now = clock.now
        let isMissed = controllerHeartbeats.withLock { heartbeats in
            heartbeats.newest[source] = now
            return heartbeats.isMissed
        }
        if isMissed { thread.wake() }
    }

    /// The machine slept for so long, which no clock here has counted.
    public nonisolated func slept(_ time: Duration) {
        guard component.safeState != nil else { return }
        controllerHeartbeats.withLock { $0.slept += time }
        thread.wake()
    }

    /// Drives an actuator to its safe state and closes the device. One that was not open is looked
    /// for once more, because it may have come back with the level that it had.
    ///
    /// - Parameters:
    ///   - end: From when on it is driven although others, which were driven off, have not confirmed that.
    ///   - orphans: Whether one that is not known to be safe goes on: it reports no readings and takes no
    ///     commands, but is tried for until it is stopped again; see `untilSafe`.
    /// - Returns: What the device confirmed; nil for what only measures or is to stay as it is.
    @discardableResult
    public func stop(
        insistingFrom end: MonotonicInstant? = nil, orphans: Bool = false
    ) async -> CommandOutcome? {
        guard !isStopped else { return nil }
        let safe = component.safeState?.value
        if relay != nil {
            if safe != nil, driver == nil { openDriver(at: clock.now) }
            relay?.stop(insistingFrom: end)
            tend()
            if safe != nil, driver != nil, relay?.isAtRest == false {
                await withCheckedContinuation { stoppers.append($0) }
            }
        }
        let now = clock.now
        let outcome = safe.map { safe -> CommandOutcome in
            guard driver == nil || !isSafe else { return .confirmed(safe, at: now) }
            return .failed(
                relay?.fault(.command, at: now)
                    ?? relay?.block.map { "node \(name): \($0.why)" }
                    ?? "node \(name): its device is not connected")
        }
        isOrphaned = orphans && !isSafe
        guard !isOrphaned else { return outcome }
        thread.pause()
        isStopped = true
        close()
        return outcome
    }

    /// Has a stop that waits for the actuator to be safe go on as it is: its time is over.
    public func giveUpStop() {
        for stopper in stoppers { stopper.resume() }
        stoppers = []
    }

    /// The feedback channel is no more; what the device shows is enough.
    public func losesFeedback() {
        relay?.losesFeedback()
        thread.wake()
    }

    /// Whether the actuator is where it is safe, as far as its device and feedback confirm that.
    var isSafe: Bool {
        guard let relay, let safe = component.safeState?.value else { return true }
        return relay.confirmed == (safe != 0) && relay.shown == safe
    }

    /// Whether there is no device, unlike one that is only not opened yet.
    var isGone: Bool { driver == nil && openingBlocked == nil }

    /// Returns once the actuator is in its safe state, or stopped.
    ///
    /// - Parameter givesUp: Whether to return also while there is no device.
    public func untilSafe(unlessGone givesUp: Bool) async {
        guard !isStopped, !isSafe, !givesUp || !isGone else { return }
        await withCheckedContinuation { safetyWaiters.append(($0, givesUp)) }
    }

    func resumeSafetyWaiters() {
        let isDone = isSafe || isStopped
        let isGone = isGone
        let ready = safetyWaiters.filter { isDone || $0.givesUp && isGone }
        safetyWaiters.removeAll { isDone || $0.givesUp && isGone }
        for waiter in ready { waiter.requester.resume() }
    }

    // MARK: - Successors

    /// What a node of the same name knows that takes the place of this one.
    struct HandoverState: Sendable {
        var overriddenBy: CommandSource?
        var overrideUntil: MonotonicInstant?
        let record: SwitchRecord
    }

    /// Takes the place of another node, before it starts: who holds the actuator goes on holding it, and
    /// what was switched counts.
    public func succeed(_ predecessor: ShNode) {
        guard relay != nil, let handoverState = predecessor.handoverState.withLock({ $0 }) else {
            return
        }
        relay?.record.inherit(from: handoverState.record)
        if let source = handoverState.overriddenBy, let end = handoverState.overrideUntil,
            end > clock.now
        {
            relay?.control.override(source, until: end)
        }
        if let currentControl = relay?.currentControl { control.show(currentControl) }
    }

    // MARK: - Guarding

    /// Does all that the guard wants now. Called after everything that it may want to know of.
    func tend() {
        guard relay != nil else { return }
        passTime()
        relay?.demanded(coordinator.demand(on: name))
        lookAtFeedback()
        relay?.wake()
        while driver != nil, let step = relay?.step(at: clock.now) {
            carryOut(step)
            lookAtFeedback()
        }
        settle()
    }

    /// Heartbeats count before what has run out since.
    func passTime() {
        let (newest, slept) = controllerHeartbeats.withLock { heartbeats in
            defer { heartbeats.slept = .zero }
            return (heartbeats.newest.take(), heartbeats.slept)
        }
        for (source, at) in newest { relay?.heartbeat(of: source, at: at) }
        if slept > .zero { relay?.slept(slept) }
        relay?.pass(to: clock.now)
    }

    private func lookAtFeedback() {
        guard let rule = relay?.rules.feedback else { return }
        let now = clock.now
        let shown = snapshot.value(of: rule.channel, at: now)
        relay?.feedback(shown?.value, readAt: shown?.at ?? now, at: now)
    }

    private func carryOut(_ step: RelayGuard.Step) {
        let now = clock.now
        let verdict = coordinator.ask(
            name, on: step.value != 0, insists: step.isSafety,
            isLast: relay?.insistsFrom.map { $0 <= now } ?? false, at: now)
        if case .blocked(let block) = verdict {
            relay?.blocked(block, at: now)
            return
        }
        guard var actuator = driver as? any Actuator else {
            relay?.failed(step, "node \(name): not an actuator", at: now)
            return
        }
        let stamp = clock.timestamp
        do throws(DriverError) {
            let state = try actuator.apply(step.value)
            driver = actuator
            succeed()
            switched(to: state.value)
            report([state], at: stamp, moment: stamp.monotonic)
            relay?.drove(step, shows: state.value, at: clock.now)
        } catch {
            // What it noted of the failure counts as well.
            driver = actuator
            relay?.failed(step, "node \(name): \(error.detail)", at: clock.now)
            fail(error, at: clock.now)
        }
    }

    /// Reports what has become of it.
    private func settle() {
        guard let relay else { return }
        let stamp = clock.timestamp
        coordinator.note(
            name, isOn: relay.confirmed,
            isSettling: relay.shown == 0 && relay.awaited?.value == 0,
            waits: relay.block?.isPassing == true || openingBlocked != nil, at: stamp.monotonic)
        for kind in RelayGuard.faultKinds {
            if let detail = relay.fault(kind, at: stamp.monotonic) {
                if let fault = faults.begin(kind, detail) { report([fault]) }
            } else {
                report(faults.end([kind], "node \(name): \(kind.clearedDetail)"))
            }
        }
        for (id, outcome) in relay.outcomes {
            requesters.removeValue(forKey: id)?.resume(returning: outcome)
        }
        self.relay?.outcomes = []
        if relay.isAtRest || driver == nil {
            for stopper in stoppers { stopper.resume() }
            stoppers = []
        }
        let isSafe = isSafe
        heartbeat.note { $0.isSafe = isSafe }
        resumeSafetyWaiters()
        handoverState.withLock {
            $0 = HandoverState(
                overriddenBy: relay.control.overriddenBy,
                overrideUntil: relay.control.overrideUntil, record: relay.record)
        }
        control.show(relay.currentControl)
        let isMissed = relay.control.silent != nil
        let isThere = controllerHeartbeats.withLock { heartbeats in
            heartbeats.isMissed = isMissed
            return isMissed && !heartbeats.newest.isEmpty
        }
        // Its heartbeat came between the look and the note that it is missed.
        if isThere { thread.wake() }
    }

    /// Whether interlocks let an actuator be opened, which drives it to its safe state, and how.
    ///
    /// - Returns: The component to open; nil when it must wait.
    func openable(at now: MonotonicInstant) -> Component? {
        guard relay != nil, let safe = component.safeState?.value else { return component }
        guard
            case .blocked(let block) = coordinator.ask(name, on: safe != 0, insists: true, at: now)
        else {
            openingBlocked = nil
            return component
        }
        let since = openingBlocked ?? now
        openingBlocked = since
        let end = since.advanced(by: Self.openingGrace)
        guard now < end else { return component.left(as: .hold) }
        retryAt = min(end, block.until ?? end, now.advanced(by: .milliseconds(50)))
        return nil
    }
}

extension Dictionary {
    fileprivate mutating func take() -> Self {
        defer { self = [:] }
        return self
    }
}

extension Component {
    /// The same, opened in another way.
    fileprivate func left(as state: SafeState) -> Component {
        Component(
            name: name, model: model, settings: settings, channels: channels, safeState: state,
            isSimulated: isSimulated)
    }
}

extension Fault.Kind {
    /// What is reported when a guard's fault is over.
    fileprivate var clearedDetail: String {
        switch self {
        case .failsafe: "the controller's heartbeat is back"
        case .overtime: "switched again after its maximumOnTime"
        case .interlock: "is in its required state"
        default: "follows commands again"
        }
    }
}
