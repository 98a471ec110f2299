import Vocabulary

extension RelayGuard {
    /// Does what is due by now. To be called whenever `deadline` has come, and before anything else.
    mutating func pass(to now: MonotonicInstant) {
        if let end = control.overrideUntil, end <= now {
            fail(because: "node \(name): the override has expired")
            control.endOverride()
            deferred = nil
        }
        if let end = control.failsafe, end <= now {
            fail(because: "node \(name): no heartbeat from its controller (failsafeAfter)")
            control.fallSilent()
            deferred = nil
        }
        if let end = record.overtime, end <= now, goal?.value != 0, !isStopping {
            let most = rules.limits.maximumOnTime ?? .zero
            let detail =
                "node \(name): was on for \(most.layoutText), its maximumOnTime; driven off"
            fail(because: detail)
            control.order = .init(value: 0, source: CommandSource(.gateway))
            (overtime, deferred) = (detail, nil)
        }
        if let awaited, awaited.until <= now { missed(awaited.value, at: now) }
        if let rule = rules.feedback, let since = contradiction, let shown,
            since.advanced(by: rule.within) <= now
        {
            missed(shown, at: now)
        }
        if let attempt, attempt.by <= now, awaited == nil {
            let why = block?.why ?? demand ?? "not confirmed before the timeout"
            undo(attempt)
            answer(attempt.id, .failed("node \(name): \(why)"))
        }
        if let end = deferredEnd, end <= now { deferred = nil }
        if let deferred, deferred.until <= now { carryOut(deferred, at: now) }
    }

    /// When the queued command is over, because its controller is silent or it has expired.
    private var deferredEnd: MonotonicInstant? {
        guard let deferred else { return nil }
        let silence = control.failsafe(of: deferred.order, lastHeartbeat: deferred.lastHeartbeat)
        return [silence, deferred.expires].compactMap(\.self).min()
    }

    private mutating func missed(_ value: Int64, at now: MonotonicInstant) {
        guard let rule = rules.feedback else { return }
        mismatch(
            "is \(text(value)), and channel \(rule.channel) does not confirm it within "
                + rule.within.layoutText, at: now)
    }

    private mutating func carryOut(_ deferred: DeferredCommand, at now: MonotonicInstant) {
        // A switch for safety's sake may have begun the wait again.
        if let limit = record.refusal(switchingOn: deferred.order.value != 0, at: now) {
            self.deferred?.until = limit.until
            return
        }
        self.deferred = nil
        attempt(
            deferred.order, as: nil, at: now, lastHeartbeat: deferred.lastHeartbeat,
            expires: deferred.expires
        )
    }

    /// When `pass` is owed a call, or `step` may have something to do.
    ///
    /// - Parameter isOpen: Whether there is a device that could be driven.
    func deadline(after now: MonotonicInstant, isOpen: Bool) -> MonotonicInstant? {
        var times = [control.overrideUntil, control.failsafe, deferred?.until, deferredEnd]
        if goal?.value != 0, !isStopping { times.append(record.overtime) }
        if isOpen {
            times += [awaited?.until, staleness]
            // Neither counts while something else is waited for.
            if let failedSwitch, !failedSwitch.isSafe, awaited == nil, !isAsleep {
                times.append(failedSwitch.nextTry)
            }
            if let attempt, awaited == nil { times.append(attempt.by) }
            if isAsleep { times.append(block?.until) }
            if let insistsFrom, insistsFrom > now { times.append(insistsFrom) }
            if let blockedSince, blockedSince.advanced(by: Self.rippleTime) > now {
                times.append(blockedSince.advanced(by: Self.rippleTime))
            }
            if let rule = rules.feedback, shown != nil {
                times.append(contradiction?.advanced(by: rule.within))
                let isWaiting = awaited != nil || contradiction != nil
                let pause = isWaiting ? Self.looks.waiting : Self.looks.idle
                times.append(now.advanced(by: pause))
            }
        }
        return times.compactMap { $0 }.min()
    }

    /// The machine slept while this clock stood still: what may not last so long is over.
    mutating func slept(_ time: Duration) {
        record.slept(time)
        control.slept(time)
        if let deferred {
            self.deferred?.lastHeartbeat = deferred.lastHeartbeat.advanced(by: .zero - time)
        }
    }

    // MARK: - What is reported

    /// The kinds of fault that a guard reports.
    static let faultKinds: [Fault.Kind] = [.command, .failsafe, .overtime, .interlock]

    /// What is wrong now.
    func fault(_ kind: Fault.Kind, at now: MonotonicInstant) -> String? {
        switch kind {
        case .command: return failedSwitch?.detail
        case .failsafe:
            guard let silent = control.silent, let after = rules.failsafeAfter else { return nil }
            return
                "node \(name): no command or heartbeat from \(silent) for \(after.layoutText) (failsafeAfter); "
                + (safe == .hold ? "it holds its state" : "it is in its safe state")
        case .overtime: return overtime
        case .interlock:
            // Orders that an interlock stands against are refused; this is one that should be obeyed.
            guard let block, let blockedSince, attempt == nil,
                blockedSince.advanced(by: Self.rippleTime) <= now
            else { return nil }
            return "node \(name): its required state is blocked: \(block.why)"
        default: return nil
        }
    }

    /// Who may command it now.
    var currentControl: Control {
        let order = control.order.flatMap { $0.source.kind == .gateway ? nil : $0.source }
        return Control(
            overriddenBy: control.overriddenBy, until: control.overrideUntil, controller: order,
            queued: deferred?.order.value)
    }
}
