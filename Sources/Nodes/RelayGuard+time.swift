import Vocabulary

extension RelayGuard {
    /// Does what is due by now. To be called whenever `deadline` has come, and before anything else.
    mutating func pass(to now: MonotonicInstant) {
        if let end = authority.heldUntil, end <= now {
            fail(because: "node \(name): the time it was taken over for is over")
            authority.endHold()
            wish = nil
        }
        if let end = authority.failsafe, end <= now {
            fail(because: "node \(name): nobody who commands it was heard in time")
            authority.fallSilent()
            wish = nil
        }
        if let end = record.overtime, end <= now, goal?.value != 0, !isStopping {
            let most = rules.limits.maximumOnTime ?? .zero
            let detail =
                "node \(name): was on for \(most.layoutText), its maximumOnTime; driven off"
            fail(because: detail)
            authority.order = .init(value: 0, source: CommandSource(.gateway))
            (overtime, wish) = (detail, nil)
        }
        if let awaited, awaited.until <= now { missed(awaited.value, at: now) }
        if let rule = rules.feedback, let since = contradiction, let shown,
            since.advanced(by: rule.within) <= now
        {
            missed(shown, at: now)
        }
        if let attempt, attempt.by <= now, awaited == nil {
            let why = block?.why ?? demand ?? "it was not confirmed in time"
            undo(attempt)
            answer(attempt.id, .failed("node \(name): \(why)"))
        }
        if let end = wishEnd, end <= now { wish = nil }
        if let wish, wish.until <= now { carryOut(wish, at: now) }
    }

    /// When a wish is over because whoever has it is silent, or does not want it any more.
    private var wishEnd: MonotonicInstant? {
        guard let wish else { return nil }
        let silence = authority.failsafe(of: wish.order, lastWord: wish.lastWord)
        return [silence, wish.expires].compactMap(\.self).min()
    }

    private mutating func missed(_ value: Int64, at now: MonotonicInstant) {
        guard let rule = rules.feedback else { return }
        mismatch(
            "is \(text(value)), and channel \(rule.channel) has not shown that within "
                + rule.within.layoutText, at: now)
    }

    private mutating func carryOut(_ wish: Wish, at now: MonotonicInstant) {
        // A switch for safety's sake may have begun the wait anew.
        if let limit = record.refusal(switchingOn: wish.order.value != 0, at: now) {
            self.wish?.until = limit.until
            return
        }
        self.wish = nil
        attempt(
            wish.order, as: nil, at: now, lastWord: wish.lastWord, expires: wish.expires)
    }

    /// When `pass` is owed a call, or `step` may have something to do.
    ///
    /// - Parameter isOpen: Whether there is a device that could be driven.
    func deadline(after now: MonotonicInstant, isOpen: Bool) -> MonotonicInstant? {
        var times = [authority.heldUntil, authority.failsafe, wish?.until, wishEnd]
        if goal?.value != 0, !isStopping { times.append(record.overtime) }
        if isOpen {
            times += [awaited?.until, staleness]
            // Neither counts while something else is waited for.
            if let fault, !fault.isSafe, awaited == nil, !isAsleep { times.append(fault.nextTry) }
            if let attempt, awaited == nil { times.append(attempt.by) }
            if isAsleep { times.append(block?.until) }
            if let insistsFrom, insistsFrom > now { times.append(insistsFrom) }
            if let blockedSince, blockedSince.advanced(by: Self.rippleTime) > now {
                times.append(blockedSince.advanced(by: Self.rippleTime))
            }
            if let rule = rules.feedback, shown != nil {
                times.append(contradiction?.advanced(by: rule.within))
                let isWaiting = awaited != nil || contradiction != nil
                let pause = isWaiting ? Self.looks.waiting : Self.looks.standing
                times.append(now.advanced(by: pause))
            }
        }
        return times.compactMap { $0 }.min()
    }

    /// The machine slept while this clock stood still: what may not last so long is over.
    mutating func slept(_ time: Duration) {
        record.slept(time)
        authority.slept(time)
        if let wish { self.wish?.lastWord = wish.lastWord.advanced(by: .zero - time) }
    }

    // MARK: - What everyone is told

    /// The kinds of trouble that a guard tells of.
    static let troubleKinds: [Trouble.Kind] = [.command, .failsafe, .overtime, .interlock]

    /// What is wrong now.
    func trouble(_ kind: Trouble.Kind, at now: MonotonicInstant) -> String? {
        switch kind {
        case .command: return fault?.detail
        case .failsafe:
            guard let silent = authority.silent, let after = rules.failsafeAfter else { return nil }
            return "node \(name): no word from \(silent) for \(after.layoutText); "
                + (safe == .hold ? "it stays as it is" : "it is in its safe state")
        case .overtime: return overtime
        case .interlock:
            // Orders that an interlock stands against are refused; this is one that should be obeyed.
            guard let block, let blockedSince, attempt == nil,
                blockedSince.advanced(by: Self.rippleTime) <= now
            else { return nil }
            return "node \(name): cannot go where it must: \(block.why)"
        default: return nil
        }
    }

    /// Who may command it now.
    var standing: Authority {
        let order = authority.order.flatMap { $0.source.kind == .gateway ? nil : $0.source }
        return Authority(
            holder: authority.holder, until: authority.heldUntil, commander: order,
            queued: wish?.order.value)
    }
}
