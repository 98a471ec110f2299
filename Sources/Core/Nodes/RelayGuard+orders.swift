import Vocabulary

extension RelayGuard {
    /// Takes a command in.
    ///
    /// - Parameters:
    ///   - block: What interlocks have against the command's value now.
    ///   - expires: When it must not be carried out any more; nil when it does not expire.
    /// - Returns: Its outcome; nil when the device must be asked first, and `outcomes` has it later.
    mutating func take(
        _ command: Command, at now: MonotonicInstant, block: Block? = nil,
        expires: MonotonicInstant? = nil
    ) -> CommandOutcome? {
        pass(to: now)
        guard !isStopping else { return .refused("node \(name): stopping") }
        if let why = control.refusal(command.order, by: command.source, at: now) {
            return .refused(why)
        }
        control.heartbeat(of: command.source, at: now)
        switch command.order {
        case .set(let value):
            return order(value, command, overrideUntil: nil, block, expires, at: now)
        case .override(let value?, let time):
            return order(
                value, command, overrideUntil: now.advanced(by: time), block, expires, at: now)
        case .override(nil, let time):
            overtake()
            control.override(command.source, until: now.advanced(by: time))
            if let shown, failedSwitch?.isSafe != false {
                control.stand(.init(value: shown, source: command.source), at: now)
            }
            return current(at: now)
        case .release:
            overtake()
            control.endOverride()
            guard let target = safe.value else { return current(at: now) }
            mustDrive = true
            if failedSwitch?.isSafe == false { failedSwitch?.beginAgain(at: now) }
            attempt = Attempt(
                id: command.id, target: target, previous: nil, previousHeartbeat: now,
                by: now.advanced(by: Self.rippleTime))
            return nil
        }
    }

    private mutating func order(
        _ value: Int64, _ command: Command, overrideUntil: MonotonicInstant?, _ block: Block?,
        _ expires: MonotonicInstant?, at now: MonotonicInstant
    ) -> CommandOutcome? {
        if let failedSwitch, !failedSwitch.isSafe, value != safe.value {
            return .refused(
                failedSwitch.detail.map {
                    "\($0); commands are accepted again once it is in its safe state"
                }
                    ?? "node \(name): it is not in its safe state yet")
        }
        guard shown != nil else { return current(at: now) }
        let limit = record.refusal(switchingOn: value != 0, at: now).map {
            Block(why: $0.why, until: $0.until)
        }
        let order = ControlState.Order(value: value, source: command.source)
        if let block = limit ?? block {
            let why = refusal(block, at: now)
            guard rules.limits.queuesEarlyCommands, let until = block.until else {
                return .refused(why)
            }
            if let expires, expires < until {
                return .refused("\(why), and the command expires before that")
            }
            if let overrideUntil { control.override(command.source, until: overrideUntil) }
            deferred = DeferredCommand(
                order: order, until: until, lastHeartbeat: now, expires: expires)
            return .timedOut(Self.postponed(why))
        }
        overtake()
        if let overrideUntil { control.override(command.source, until: overrideUntil) }
        attempt(order, as: command.id, at: now, expires: expires)
        return nil
    }

    /// Has an order stand from now on.
    ///
    /// - Parameter lastHeartbeat: The last heartbeat of its controller; `now` when nothing is given.
    mutating func attempt(
        _ order: ControlState.Order, as id: CommandID?, at now: MonotonicInstant,
        lastHeartbeat: MonotonicInstant? = nil, expires: MonotonicInstant? = nil
    ) {
        attempt = Attempt(
            id: id, target: order.value, previous: control.order,
            previousHeartbeat: control.lastHeartbeat, expires: expires,
            by: now.advanced(by: Self.rippleTime))
        control.stand(order, at: lastHeartbeat ?? now)
        mustDrive = true
        if failedSwitch?.isSafe == false { failedSwitch?.beginAgain(at: now) }
    }

    /// Something newer supersedes what was in work or queued.
    private mutating func overtake() {
        fail(because: "node \(name): superseded by another command")
        deferred = nil
    }

    /// A heartbeat of the controller over that link.
    mutating func heartbeat(of source: CommandSource, at now: MonotonicInstant) {
        control.heartbeat(of: source, at: now)
        if let deferred, source.isSameLink(as: deferred.order.source) {
            self.deferred?.lastHeartbeat = max(deferred.lastHeartbeat, now)
        }
    }

    /// What other actuators demand: to go off, and why. Nil when they do not any more.
    mutating func demanded(_ why: String?) {
        if let why, demand == nil {
            fail(because: "node \(name): \(why)")
            deferred = nil
            // What an interlock drove off does not come on by itself; one that holds its state stays off.
            control.order =
                safe == .hold ? .init(value: 0, source: CommandSource(.gateway)) : nil
            isAsleep = false
        }
        demand = why
    }

    /// From now on nothing counts but interlocks and the safe state.
    ///
    /// - Parameter end: From when on others that were driven off, and whose confirmation is all that is
    ///   missing, keep it from there no more.
    mutating func stop(insistingFrom end: MonotonicInstant? = nil) {
        (isStopping, insistsFrom) = (true, end)
        fail(because: "node \(name): stopping")
        deferred = nil
        mustDrive = safe.value != nil
        failedSwitch = nil
    }

    /// Whether a stop has nothing more to wait for.
    var isAtRest: Bool {
        guard let goal else { return true }
        if let failedSwitch { return failedSwitch.isSafe || failedSwitch.isGivenUp }
        return !mustDrive && shown == goal.value && confirmed != nil
    }
}
