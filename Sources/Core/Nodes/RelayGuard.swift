import Vocabulary

/// Decides when an actuator is switched: a pure machine between orders, rules and the device.
///
/// It wants one state at a time. An interlock's demand goes before the safe state, the safe state before
/// the maximum on time, that before orders; only orders heed minimum times and the count of switches. The
/// caller feeds in what happens, drives what `step` asks for, says what came of it, and calls `pass` when
/// `deadline` has come.
struct RelayGuard: Sendable {
    /// Quick tries to reach the safe state after a mismatch before a person must come.
    static let tries = 5
    /// The pause after the first of them; each one after is twice as long.
    static let firstRetry = Duration.seconds(1)
    /// The pause between the tries after that; there is no last one.
    static let slowRetry = Duration.seconds(60)
    /// The shortest pause between tries of a device that was given up and answers now and then.
    static let revival = Duration.seconds(15)
    /// How long an order waits for others that must go off first.
    static let rippleTime = Duration.seconds(1)
    /// How often the feedback is looked at while it is waited for, and at other times.
    static let looks = (waiting: Duration.milliseconds(100), idle: Duration.seconds(1))
    /// What the feedback's own node is granted to begin its work, at the start.
    static let feedbackStart = Duration.seconds(5)

    /// What to drive next.
    struct Step: Hashable, Sendable {
        let value: Int64
        /// Whether it goes to the safe state, so that others may be made to yield.
        let isSafety: Bool
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
        /// Nil when its requester has had an answer, as with a queued command.
        let id: CommandID?
        let target: Int64
        /// What stood before, in case it cannot be, and the last heartbeat of its controller.
        let previous: ControlState.Order?
        let previousHeartbeat: MonotonicInstant
        /// When it expires.
        var expires: MonotonicInstant?
        /// When it ends if others still stand in its way.
        var by: MonotonicInstant
    }

    struct DeferredCommand: Sendable {
        let order: ControlState.Order
        var until: MonotonicInstant
        /// The last heartbeat over the link that it came over.
        var lastHeartbeat: MonotonicInstant
        /// When it expires.
        var expires: MonotonicInstant?
    }

    /// The device did not do what it was commanded.
    struct FailedSwitch: Sendable {
        /// Nil where the device's own fault has been reported.
        let detail: String?
        var tries = 0
        /// Nil while none is needed.
        var nextTry: MonotonicInstant?
        var isSafe = false

        /// Whether the quick tries are used up; nobody waits for the slow ones.
        var isGivenUp: Bool { tries >= RelayGuard.tries }

        /// The safe state is reached; the fault stands until an order is carried out again.
        mutating func settle() { (isSafe, tries, nextTry) = (true, 0, nil) }

        /// The safe state is asked for: all tries are to be made again.
        mutating func beginAgain(at now: MonotonicInstant) { (tries, nextTry) = (0, now) }

        /// The device answers again: it need not wait for its slow try.
        mutating func hurry(at now: MonotonicInstant) {
            guard isGivenUp, let next = nextTry else { return }
            nextTry = max(now, next.advanced(by: RelayGuard.revival - RelayGuard.slowRetry))
        }
    }

    let name: ShNodeName
    private(set) var rules: GuardRules
    let safe: SafeState
    /// How long it may go without being read before its state is not known; nil for no such limit.
    let staleAfter: Duration?
    /// A value in the words of the actuator's channel.
    let text: @Sendable (Int64) -> String
    var control: ControlState
    var record: SwitchRecord
    /// What the device showed last; nil while that is not known.
    var shown: Int64?
    /// Whether it is on, as its feedback confirms; nil while it may be either.
    var confirmed: Bool?
    var attempt: Attempt?
    var deferred: DeferredCommand?
    var failedSwitch: FailedSwitch?
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
    var insistsFrom: MonotonicInstant?
    /// When the device was read last.
    var readAt: MonotonicInstant
    /// When it was driven last, or seen driven by another hand. Feedback of before says nothing.
    var drivenAt: MonotonicInstant
    var overtime: String?
    /// The outcomes of commands that waited for the device, until the node has taken them.
    var outcomes: [(id: CommandID, outcome: CommandOutcome)] = []

    init(
        name: ShNodeName, rules: GuardRules, safe: SafeState, at now: MonotonicInstant,
        staleAfter: Duration? = nil,
        text: @escaping @Sendable (Int64) -> String = { $0 == 0 ? "off" : "on" }
    ) {
        (self.name, self.rules, self.safe, self.text) = (name, rules, safe, text)
        (self.staleAfter, readAt, drivenAt) = (staleAfter, now, now)
        control = ControlState(name: name, rules: rules, at: now)
        record = SwitchRecord(limits: rules.limits, at: now)
    }

    // MARK: - What it wants

    /// The state that counts now; nil to leave the actuator as it is.
    var goal: Step? {
        if demand != nil { return Step(value: 0, isSafety: false) }
        let safe = safe.value.map { Step(value: $0, isSafety: true) }
        if isStopping { return safe }
        if let order = control.order { return Step(value: order.value, isSafety: false) }
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
        if let failedSwitch, !failedSwitch.isSafe {
            guard let next = failedSwitch.nextTry, next <= now else { return nil }
        }
        return goal
    }

    // MARK: - What came of it

    /// The device showed `value` right after it was driven to `step`.
    mutating func drove(_ step: Step, shows value: Int64, at now: MonotonicInstant) {
        unblock()
        // What did not change has changed nothing that its feedback showed.
        if shown != value { drivenAt = now }
        // A command that is repeated gives the feedback no more time.
        let owed = rules.feedback.flatMap { rule in
            shown == value ? awaited?.until ?? contradiction?.advanced(by: rule.within) : nil
        }
        mustDrive = false
        (shown, confirmed, awaited, contradiction) = (value, nil, nil, nil)
        readAt = now
        record.note(isOn: value != 0, at: now)
        guard value == step.value else {
            mismatch("commanded \(text(step.value)), the device shows \(text(value))", at: now)
            return
        }
        if let rule = rules.feedback {
            let until = now.advanced(by: rule.within)
            awaited = (value, min(owed ?? until, until))
        } else {
            confirm(value, at: now)
        }
    }

    /// The device could not be reached, and may have switched all the same.
    mutating func failed(_ step: Step, _ detail: String, at now: MonotonicInstant) {
        forget()
        drivenAt = now
        record.noteAttempt(switchingOn: step.value != 0, at: now)
        fall(into: nil, because: detail, at: now)
    }

    /// To be called when it should have been read by now: what was not read for too long is not known
    /// any more, and belongs in its safe state.
    mutating func checkReading(at now: MonotonicInstant) {
        guard let staleAfter, let end = staleness, end <= now else { return }
        forget()
        record.note(isOn: nil, at: now)
        let detail = "node \(name): its state could not be read for \(staleAfter.layoutText)"
        fall(into: detail, because: detail, at: now)
    }

    /// When its state is not known any more unless it is read; nil while there is nothing to forget.
    var staleness: MonotonicInstant? {
        guard let staleAfter, shown != nil else { return nil }
        return readAt.advanced(by: staleAfter)
    }

    /// Nothing is known of the device.
    private mutating func forget() {
        unblock()
        (shown, confirmed, awaited, contradiction) = (nil, nil, nil, nil)
    }

    /// An interlock stood against the step.
    mutating func blocked(_ block: Block, at now: MonotonicInstant) {
        if let attempt, demand == nil, !isStopping, let order = control.order, !block.isPassing {
            let lastHeartbeat = control.lastHeartbeat
            undo(attempt)
            let why = refusal(block, at: now)
            // A queued command that is due waits on: its requester has the answer that it will be carried out.
            let until =
                block.until ?? (attempt.id == nil ? now.advanced(by: Self.looks.idle) : nil)
            if rules.limits.queuesEarlyCommands, let until {
                deferred = DeferredCommand(
                    order: order, until: until, lastHeartbeat: lastHeartbeat,
                    expires: attempt.expires)
                answer(attempt.id, .timedOut(Self.postponed(why)))
            } else {
                answer(attempt.id, .refused(why))
            }
            return
        }
        if self.block == nil { attempt?.by = now.advanced(by: Self.rippleTime) }
        self.block = block
        blockedSince = blockedSince ?? now
        isAsleep = true
    }

    /// Something changed elsewhere: what was blocked is tried again.
    mutating func wake() { isAsleep = false }

    private mutating func unblock() { (block, blockedSince, isAsleep) = (nil, nil, false) }

    /// The answer to a command that is queued.
    static func postponed(_ why: String) -> String {
        "\(why); queued until then, unless another command supersedes it"
    }

    func refusal(_ block: Block, at now: MonotonicInstant) -> String {
        guard let until = block.until else { return "node \(name): \(block.why)" }
        return "node \(name): \(block.why), allowed in \(until.wait(from: now))"
    }

    // MARK: - What the device shows

    /// The device is open and in its safe state, as far as it took that on.
    mutating func opened(at now: MonotonicInstant) {
        lost("its device was reopened", at: now)
        if failedSwitch?.isSafe == false { failedSwitch?.beginAgain(at: now) }
    }

    /// The device is gone, and what it was commanded with it.
    mutating func lost(_ why: String, at now: MonotonicInstant) {
        forget()
        record.note(isOn: nil, at: now)
        (deferred, control.order) = (nil, nil)
        fail(because: "node \(name): \(why)")
    }

    /// A poll read `value`.
    mutating func shows(_ value: Int64, at now: MonotonicInstant) {
        let before = shown
        (shown, readAt) = (value, now)
        record.note(isOn: value != 0, at: now)
        if let before, before != value {
            (confirmed, awaited, drivenAt) = (nil, nil, now)
            if let goal, goal.value != value {
                mismatch(
                    "shows \(text(value)) without a command, before it was \(text(before))", at: now
                )
                return
            }
        }
        if before == nil, goal.map({ $0.value != value }) == true, failedSwitch?.isSafe == false {
            failedSwitch?.hurry(at: now)
        }
        guard confirmed == nil, awaited == nil, goal == nil || goal?.value == value else { return }
        guard let rule = rules.feedback else { return confirm(value, at: now) }
        // A device that was given up is confirmed by its feedback when that shows it, and not before.
        guard failedSwitch == nil || failedSwitch?.isSafe == true else { return }
        let grace = before == nil ? Self.feedbackStart : .zero
        awaited = (value, now.advanced(by: rule.within + grace))
    }

    /// What the feedback channel shows now; nil when nothing is known of it.
    ///
    /// - Parameter readAt: When that was read, or began to be. What was read before the last switch
    ///   confirms nothing.
    mutating func feedback(
        _ value: Int64?, readAt: MonotonicInstant, at now: MonotonicInstant
    ) {
        guard let rule = rules.feedback, let shown else { return }
        let agrees = value.map { rule.whenOn.contains($0) == (shown != 0) } ?? false
        let isNews = readAt >= drivenAt
        if let awaited {
            if agrees, isNews {
                self.awaited = nil
                confirm(awaited.value, at: now)
            }
        } else if confirmed == nil {
            if agrees, isNews, goal == nil || goal?.value == shown { confirm(shown, at: now) }
        } else if agrees {
            contradiction = nil
        } else {
            contradiction = contradiction ?? now
        }
    }

    /// There is no feedback any more: what the device shows counts from the next look on.
    mutating func losesFeedback() {
        rules.feedback = nil
        (awaited, contradiction) = (nil, nil)
    }

    private mutating func confirm(_ value: Int64, at now: MonotonicInstant) {
        (confirmed, contradiction) = (value != 0, nil)
        if let attempt, attempt.target == value, goal == nil || goal?.value == value {
            self.attempt = nil
            answer(attempt.id, .confirmed(value, at: now))
            if demand == nil, !isStopping, control.order != nil {
                (failedSwitch, overtime) = (nil, nil)
                return
            }
        }
        failedSwitch?.settle()
    }

    // MARK: - Faults

    mutating func mismatch(_ what: String, at now: MonotonicInstant) {
        let detail = "node \(name): \(what)"
        fall(into: detail, because: detail, at: now)
    }

    /// The device does not follow: the safe state is tried a few times, and slowly from then on.
    private mutating func fall(
        into detail: String?, because why: String, at now: MonotonicInstant
    ) {
        (confirmed, awaited, contradiction, deferred) = (nil, nil, nil, nil)
        control.order = nil
        fail(because: why)
        mustDrive = true
        var next = FailedSwitch(detail: failedSwitch?.detail ?? detail, nextTry: now)
        if let failedSwitch, !failedSwitch.isSafe {
            next.tries = failedSwitch.tries + 1
            let pause = Self.firstRetry * (1 << min(failedSwitch.tries, Self.tries))
            next.nextTry = now.advanced(by: next.isGivenUp ? Self.slowRetry : pause)
        }
        if safe.value == nil, demand == nil {
            (next.isSafe, next.nextTry, mustDrive) = (true, nil, false)
        }
        failedSwitch = next
    }

    // MARK: - Answers

    func current(at now: MonotonicInstant) -> CommandOutcome {
        shown.map { .confirmed($0, at: now) } ?? .failed("node \(name): its state is unknown")
    }

    mutating func answer(_ id: CommandID?, _ outcome: CommandOutcome) {
        if let id { outcomes.append((id, outcome)) }
    }

    /// The order in work comes to nothing.
    mutating func fail(because why: String) {
        guard let attempt else { return }
        self.attempt = nil
        answer(attempt.id, .failed(why))
    }

    /// What stood before the attempt stands again.
    mutating func undo(_ attempt: Attempt) {
        control.restore(attempt.previous, lastHeartbeat: attempt.previousHeartbeat)
        self.attempt = nil
        // The safe state is sought on, order or not.
        mustDrive = failedSwitch?.isSafe == false
        unblock()
    }
}
