import Vocabulary

@testable import Nodes

/// One guard and the relay that it switches, on a time that is moved by hand.
struct GuardBench {
    static let site = CommandSource(.upstream, "site")
    static let other = CommandSource(.upstream, "other")
    static let page = CommandSource(.page)
    static let cli = CommandSource(.cli)

    var relay: RelayGuard
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)
    /// What the relay's contact shows; nil for a relay that has none.
    var contact: Int64?
    /// Whether the relay follows.
    var isStuck = false
    /// Whether the relay's bus is broken: it can neither be commanded nor read.
    var isCutOff = false
    /// How often it was driven.
    var drives = 0
    /// Each switch: whether on, and the time since the start.
    var switched: [(isOn: Bool, at: Duration)] = []
    private let start: MonotonicInstant
    private var level: Int64
    private var ids = 0

    init(
        _ rules: GuardRules = GuardRules(), safe: SafeState = .off, staleAfter: Duration? = nil
    ) {
        relay = RelayGuard(name: "pump", rules: rules, safe: safe, at: now, staleAfter: staleAfter)
        level = safe == .on ? 1 : 0
        start = now
        relay.opened(at: now)
        relay.shows(level, at: now)
        tend()
    }

    var isOn: Bool { level != 0 }

    /// Somebody else moves the relay.
    mutating func force(_ level: Int64) {
        self.level = level
        relay.shows(level, at: now)
        tend()
    }

    mutating func tend() {
        relay.pass(to: now)
        relay.checkReading(at: now)
        if let contact { relay.feedback(contact, readAt: now, at: now) }
        relay.wake()
        while let step = relay.step(at: now) {
            drives += 1
            guard !isCutOff else {
                relay.failed(step, "no reply", at: now)
                continue
            }
            if !isStuck {
                if step.value != level {
                    switched.append((step.value != 0, start.duration(to: now)))
                }
                level = step.value
            }
            relay.drove(step, shows: level, at: now)
            if let contact { relay.feedback(contact, readAt: now, at: now) }
        }
    }

    /// Time passes, with a look at everything the guard wants to look at.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let next = relay.deadline(after: now, isOpen: true), next <= end {
            now = max(now.advanced(by: .nanoseconds(1)), next)
            tend()
        }
        now = end
        tend()
    }

    /// The outcome of a command; nil while it is not known.
    @discardableResult
    mutating func ask(
        _ order: Command.Order, by source: CommandSource = GuardBench.site,
        block: RelayGuard.Block? = nil, expires: MonotonicInstant? = nil
    ) -> CommandOutcome? {
        ids += 1
        let id = CommandID("c\(ids)")!
        let command = Command(id: id, node: "pump", order: order, source: source)
        if let early = relay.take(command, at: now, block: block, expires: expires) {
            tend()
            return early
        }
        tend()
        return outcome(ids)
    }

    /// The outcome of the command of that number, if it is there.
    func outcome(_ number: Int) -> CommandOutcome? {
        relay.outcomes.first { $0.id.text == "c\(number)" }?.outcome
    }

    @discardableResult
    mutating func on(by source: CommandSource = GuardBench.site) -> CommandOutcome? {
        ask(.set(1), by: source)
    }

    @discardableResult
    mutating func off(by source: CommandSource = GuardBench.site) -> CommandOutcome? {
        ask(.set(0), by: source)
    }

    func fault(_ kind: Fault.Kind) -> String? { relay.fault(kind, at: now) }
}

extension CommandOutcome? {
    /// Why it was refused, failed or put off; empty when it was not.
    var why: String {
        switch self {
        case .refused(let why), .failed(let why), .timedOut(let why): why
        case .confirmed, nil: ""
        }
    }

    /// What the device confirms; nil when it does not.
    var value: Int64? { if case .confirmed(let value, _) = self { value } else { nil } }

    var isRefused: Bool { if case .refused = self { true } else { false } }
}
