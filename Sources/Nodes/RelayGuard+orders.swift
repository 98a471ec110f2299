import Vocabulary

extension RelayGuard {
    /// Takes a command in.
    ///
    /// - Parameters:
    ///   - block: What interlocks have against the command's value now.
    ///   - expires: When it must not be carried out any more; nil when it does not expire.
    /// - Returns: Its outcome; nil when the device must be asked first, and `outcomes` tells it later.
    mutating func take(
        _ command: Command, at now: MonotonicInstant, block: Block? = nil,
        expires: MonotonicInstant? = nil
    ) -> Outcome? {
        pass(to: now)
        guard !isStopping else { return .refused("node \(name): it is being stopped") }
        if let why = authority.refusal(command.order, by: command.source, at: now) {
            return .refused(why)
        }
        authority.heard(command.source, at: now)
        switch command.order {
        case .set(let value):
            return order(value, command, hold: nil, block, expires, at: now)
        case .takeOver(let value?, let time):
            return order(
                value, command, hold: now.advanced(by: time), block, expires, at: now)
        case .takeOver(nil, let time):
            overtake()
            authority.takeOver(command.source, until: now.advanced(by: time))
            if let shown, fault?.isSafe != false {
                authority.stand(.init(value: shown, source: command.source), at: now)
            }
            return current()
        case .release:
            overtake()
            authority.endHold()
            guard let target = safe.value else { return current() }
            mustDrive = true
            if fault?.isSafe == false { fault?.beginAnew(at: now) }
            attempt = Attempt(
                id: command.id, target: target, previous: nil, previousWord: now,
                by: now.advanced(by: Self.rippleTime))
            return nil
        }
    }

    private mutating func order(
        _ value: Int64, _ command: Command, hold: MonotonicInstant?, _ block: Block?,
        _ expires: MonotonicInstant?, at now: MonotonicInstant
    ) -> Outcome? {
        if let fault, !fault.isSafe, value != safe.value {
            return .refused(
                fault.detail.map { "\($0); it takes orders again once it is in its safe state" }
                    ?? "node \(name): it is not in its safe state yet")
        }
        guard shown != nil else { return current() }
        let limit = record.refusal(switchingOn: value != 0, at: now).map {
            Block(why: $0.why, until: $0.until)
        }
        let order = AuthorityBook.Order(value: value, source: command.source)
        if let block = limit ?? block {
            let why = refusal(block, at: now)
            guard rules.limits.queuesWish, let until = block.until else { return .refused(why) }
            if let expires, expires < until { return .refused("\(why), and it expires before that") }
            if let hold { authority.takeOver(command.source, until: hold) }
            wish = Wish(order: order, until: until, lastWord: now, expires: expires)
            return .late(Self.postponed(why))
        }
        overtake()
        if let hold { authority.takeOver(command.source, until: hold) }
        attempt(order, as: command.id, at: now, expires: expires)
        return nil
    }

    /// Has an order stand from now on.
    ///
    /// - Parameter lastWord: When whoever gave it was heard last; `now` when nothing is said.
    mutating func attempt(
        _ order: AuthorityBook.Order, as id: CommandID?, at now: MonotonicInstant,
        lastWord: MonotonicInstant? = nil, expires: MonotonicInstant? = nil
    ) {
        attempt = Attempt(
            id: id, target: order.value, previous: authority.order,
            previousWord: authority.lastWord, expires: expires,
            by: now.advanced(by: Self.rippleTime))
        authority.stand(order, at: lastWord ?? now)
        mustDrive = true
        if fault?.isSafe == false { fault?.beginAnew(at: now) }
    }

    /// Whatever was under way or waiting gives way to something newer.
    private mutating func overtake() {
        fail(because: "node \(name): overtaken by another command")
        wish = nil
    }

    /// A sign of life of whoever commands over that link.
    mutating func heard(_ source: CommandSource, at now: MonotonicInstant) {
        authority.heard(source, at: now)
        if let wish, source.isSameLink(as: wish.order.source) {
            self.wish?.lastWord = max(wish.lastWord, now)
        }
    }

    /// What other actuators demand: to go off, and why. Nil when they do not any more.
    mutating func demanded(_ why: String?) {
        if let why, demand == nil {
            fail(because: "node \(name): \(why)")
            wish = nil
            // What an interlock drove off does not come on by itself; one that holds its state stays off.
            authority.order =
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
        fail(because: "node \(name): it is being stopped")
        wish = nil
        mustDrive = safe.value != nil
        fault = nil
    }

    /// Whether a stop has nothing more to wait for.
    var isAtRest: Bool {
        guard let goal else { return true }
        if let fault { return fault.isSafe || fault.isGivenUp }
        return !mustDrive && shown == goal.value && confirmed != nil
    }
}
