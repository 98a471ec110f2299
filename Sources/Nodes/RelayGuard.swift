import Vocabulary

/// Decides when an actuator is switched: a pure machine between orders, rules and the device.
///
/// It wants one state at a time. An interlock's demand goes before the safe state, the safe state before
/// the maximum on time, that before orders; only orders heed minimum times and the count of switches. The
/// caller feeds in what happens, drives what `step` asks for, says what came of it, and calls `pass` when
/// `deadline` has come.
struct RelayGuard: Sendable {
    /// Tries to reach the safe state after a mismatch before somebody must come.
    static let tries = 5
    /// The pause after the first of them; each one after is twice as long.
    static let firstRetry = Duration.seconds(1)
    /// How long an order waits for others that must go off first.
    static let rippleTime = Duration.seconds(1)
    /// How often the feedback is looked at while it is waited for, and at other times.
    static let looks = (waiting: Duration.milliseconds(100), standing: Duration.seconds(1))
    /// What the feedback's own node is granted to begin its work, at the start.
    static let feedbackStart = Duration.seconds(5)

    /// What to drive next.
    struct Step: Hashable, Sendable {
        let value: Int64
        /// Whether it goes to the safe state, so that others may be made to give way.
        let isSafety: Bool
    }

    /// What became of a command.
    enum Outcome: Hashable, Sendable {
        /// The device confirms this value.
        case confirmed(Int64)
        case refused(String)
        case failed(String)
        case late(String)
    }

    /// A rule that other actuators set.
    struct Block: Hashable, Sendable {
        let why: String
        /// When it ends by itself; nil when others must change first.
        var until: MonotonicInstant?
        /// Whether others are on their way to make room.
        var isPassing = false
    }

    /// An order that has not been confirmed yet.
    struct Attempt: Sendable {
        /// Nil when its asker has had an answer, as with a wish.
        let id: CommandID?
        let target: Int64
        /// What stood before, in case it cannot be.
        let previous: AuthorityBook.Order?
        /// When it ends if others still stand in its way.
        var by: MonotonicInstant
    }

    struct Wish: Sendable {
        let order: AuthorityBook.Order
        var until: MonotonicInstant
        /// The last word over the link that it came over.
        var lastWord: MonotonicInstant
    }

    /// The device did not do what it was told.
    struct Fault: Sendable {
        /// Nil where the device's own trouble has been told.
        let detail: String?
        var tries = 0
        /// Nil once no more tries are made.
        var nextTry: MonotonicInstant?
        var isSafe = false

        /// The safe state is reached; the trouble stands until an order is carried out again.
        mutating func settle() { (isSafe, tries, nextTry) = (true, 0, nil) }

        /// Somebody asks for the safe state: all tries are to be made again.
        mutating func beginAnew(at now: MonotonicInstant) { (tries, nextTry) = (0, now) }
    }

    let name: ShNodeName
    let rules: GuardRules
    let safe: SafeState
    /// A value in the words of the actuator's channel.
    let text: @Sendable (Int64) -> String
    var authority: AuthorityBook
    var record: SwitchRecord
    /// What the device showed last; nil while that is not known.
    var shown: Int64?
    /// Whether it is on, as its feedback confirms; nil while it may be either.
    var confirmed: Bool?
    var attempt: Attempt?
    var wish: Wish?
    var fault: Fault?
    /// The state that the feedback must show, and by when.
    var awaited: (value: Int64, until: MonotonicInstant)?
    /// Since when the feedback contradicts.
    var contradiction: MonotonicInstant?
    var demand: String?
    var block: Block?
    var blockedSince: MonotonicInstant?
    var isAsleep = false
    var mustDrive = false
    var isStopping = false
    var overtime: String?
    var outcomes: [(id: CommandID, outcome: Outcome)] = []

    init(
        name: ShNodeName, rules: GuardRules, safe: SafeState, at now: MonotonicInstant,
        text: @escaping @Sendable (Int64) -> String = { $0 == 0 ? "off" : "on" }
    ) {
        (self.name, self.rules, self.safe, self.text) = (name, rules, safe, text)
        authority = AuthorityBook(name: name, rules: rules, at: now)
        record = SwitchRecord(limits: rules.limits, at: now)
    }

    // MARK: - What it wants

    /// The state that counts now; nil to leave the actuator as it is.
    var goal: Step? {
        if demand != nil { return Step(value: 0, isSafety: false) }
        let safe = safe.value.map { Step(value: $0, isSafety: true) }
        if isStopping { return safe }
        if let order = authority.order { return Step(value: order.value, isSafety: false) }
        return safe
    }

    /// What to drive now; nil when there is nothing to do before something happens.
    mutating func step(at now: MonotonicInstant) -> Step? {
        guard let goal, mustDrive || shown != goal.value, awaited?.value != goal.value || mustDrive
        else {
            unblock()
            return nil
        }
        guard !isAsleep else { return nil }
        if let fault, !fault.isSafe {
            guard let next = fault.nextTry, next <= now else { return nil }
        }
        return goal
    }

    // MARK: - What came of it

    /// The device showed `value` right after it was driven to `step`.
    mutating func drove(_ step: Step, shows value: Int64, at now: MonotonicInstant) {
        unblock()
        mustDrive = false
        (shown, confirmed, awaited, contradiction) = (value, nil, nil, nil)
        record.note(isOn: value != 0, at: now)
        guard value == step.value else {
            mismatch("asked for \(text(step.value)), the device shows \(text(value))", at: now)
            return
        }
        if let rule = rules.feedback {
            awaited = (value, now.advanced(by: rule.within))
        } else {
            confirm(value)
        }
    }

    /// The device could not be told.
    mutating func failed(_ detail: String, at now: MonotonicInstant) {
        unblock()
        (shown, confirmed, awaited, contradiction) = (nil, nil, nil, nil)
        record.note(isOn: nil, at: now)
        fall(into: nil, because: detail, at: now)
    }

    /// An interlock stood against the step.
    mutating func blocked(_ block: Block, at now: MonotonicInstant) {
        if let attempt, demand == nil, !isStopping, authority.order != nil {
            if !block.isPassing {
                undo(attempt)
                if rules.limits.queuesWish, let until = block.until, let order = authority.order {
                    wish = Wish(
                        order: .init(value: attempt.target, source: order.source), until: until,
                        lastWord: now)
                }
                answer(attempt.id, .refused(refusal(block, at: now)))
                return
            }
        }
        if self.block == nil { attempt?.by = now.advanced(by: Self.rippleTime) }
        self.block = block
        blockedSince = blockedSince ?? now
        isAsleep = true
    }

    /// Something changed elsewhere: what was blocked is tried again.
    mutating func wake() { isAsleep = false }

    private mutating func unblock() { (block, blockedSince, isAsleep) = (nil, nil, false) }

    func refusal(_ block: Block, at now: MonotonicInstant) -> String {
        guard let until = block.until else { return "node \(name): \(block.why)" }
        return "node \(name): \(block.why), allowed in \(until.wait(from: now))"
    }

    // MARK: - What the device shows

    /// The device is open and in its safe state, as far as it took that on.
    mutating func opened(at now: MonotonicInstant) {
        lost("its device was opened anew", at: now)
        if fault?.isSafe == false { fault?.beginAnew(at: now) }
    }

    /// The device is gone, and whatever it was told with it.
    mutating func lost(_ why: String, at now: MonotonicInstant) {
        unblock()
        (shown, confirmed, awaited, contradiction, wish) = (nil, nil, nil, nil, nil)
        record.note(isOn: nil, at: now)
        authority.order = nil
        fail(because: "node \(name): \(why)")
    }

    /// A poll read `value`.
    mutating func shows(_ value: Int64, at now: MonotonicInstant) {
        let before = shown
        shown = value
        record.note(isOn: value != 0, at: now)
        if let before, before != value {
            (confirmed, awaited) = (nil, nil)
            if let goal, goal.value != value {
                mismatch(
                    "shows \(text(value)) although nobody switched it from \(text(before))", at: now
                )
                return
            }
        }
        guard confirmed == nil, awaited == nil, goal == nil || goal?.value == value else { return }
        guard let rule = rules.feedback else { return confirm(value) }
        // A device that was given up is confirmed by its feedback when that shows it, and not before.
        guard fault == nil || fault?.isSafe == true else { return }
        let grace = before == nil ? Self.feedbackStart : .zero
        awaited = (value, now.advanced(by: rule.within + grace))
    }

    /// What the feedback channel shows now; nil when nothing is known of it.
    mutating func feedback(_ value: Int64?, at now: MonotonicInstant) {
        guard let rule = rules.feedback, let shown else { return }
        let agrees = value.map { rule.whenOn.contains($0) == (shown != 0) } ?? false
        if let awaited {
            if agrees {
                self.awaited = nil
                confirm(awaited.value)
            }
        } else if confirmed == nil {
            if agrees, goal == nil || goal?.value == shown { confirm(shown) }
        } else if agrees {
            contradiction = nil
        } else {
            contradiction = contradiction ?? now
        }
    }

    private mutating func confirm(_ value: Int64) {
        (confirmed, contradiction) = (value != 0, nil)
        if let attempt, attempt.target == value, goal == nil || goal?.value == value {
            self.attempt = nil
            answer(attempt.id, .confirmed(value))
            if demand == nil, !isStopping, authority.order != nil {
                (fault, overtime) = (nil, nil)
                return
            }
        }
        fault?.settle()
    }

    // MARK: - Faults

    mutating func mismatch(_ what: String, at now: MonotonicInstant) {
        let detail = "node \(name): \(what)"
        fall(into: detail, because: detail, at: now)
    }

    /// The device does not follow: the safe state is tried, a bounded number of times.
    private mutating func fall(
        into detail: String?, because why: String, at now: MonotonicInstant
    ) {
        (confirmed, awaited, contradiction, wish) = (nil, nil, nil, nil)
        authority.order = nil
        fail(because: why)
        mustDrive = true
        var next = Fault(detail: fault?.detail ?? detail, nextTry: now)
        if let fault, !fault.isSafe {
            next.tries = fault.tries + 1
            let pause = Self.firstRetry * (1 << min(fault.tries, Self.tries))
            next.nextTry = next.tries < Self.tries ? now.advanced(by: pause) : nil
        }
        if safe.value == nil, demand == nil {
            (next.isSafe, next.nextTry, mustDrive) = (true, nil, false)
        }
        fault = next
    }

    // MARK: - Answers

    func current() -> Outcome {
        shown.map { .confirmed($0) } ?? .failed("node \(name): its state is not known")
    }

    mutating func answer(_ id: CommandID?, _ outcome: Outcome) {
        if let id { outcomes.append((id, outcome)) }
    }

    /// The order under way comes to nothing.
    mutating func fail(because why: String) {
        guard let attempt else { return }
        self.attempt = nil
        answer(attempt.id, .failed(why))
    }

    /// What stood before the attempt stands again.
    mutating func undo(_ attempt: Attempt) {
        authority.order = attempt.previous
        self.attempt = nil
        // The safe state is sought on, order or not.
        mustDrive = fault?.isSafe == false
        unblock()
    }
}
