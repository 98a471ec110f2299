import Vocabulary

/// Which controller may command an actuator now, whose order stands, and whether its heartbeat goes on.
struct ControlState: Sendable {
    /// The longest time that an override may last.
    static let longestOverride = Duration.seconds(86_400)

    /// An order that stands until another one takes its place.
    struct Order: Hashable, Sendable {
        let value: Int64
        let source: CommandSource
    }

    private let rules: GuardRules
    private let name: ShNodeName
    private(set) var overriddenBy: CommandSource?
    private(set) var overrideUntil: MonotonicInstant?
    /// Nil while the actuator belongs in its safe state.
    var order: Order?
    /// When the controller of the standing order gave its last heartbeat.
    private(set) var lastHeartbeat: MonotonicInstant
    /// The controller that fell silent while its order stood; nil when none did, or its heartbeat is back.
    private(set) var silent: CommandSource?

    init(name: ShNodeName, rules: GuardRules, at now: MonotonicInstant) {
        (self.name, self.rules, lastHeartbeat) = (name, rules, now)
    }

    /// Why `source` may not give this order now; nil when it may.
    func refusal(_ order: Command.Order, by source: CommandSource, at now: MonotonicInstant)
        -> String?
    {
        switch order {
        case .set:
            if let held = held(against: source, at: now) { return held }
            guard let controller = rules.controller, overriddenBy != source,
                source.kind != .gateway,
                source != CommandSource(.upstream, controller.text)
            else { return nil }
            let own = CommandSource(.upstream, controller.text)
            return "node \(name): only \(own) may command it; override it instead"
        case .override(_, let time):
            guard time > .zero, time <= Self.longestOverride else {
                return "node \(name): an override lasts up to 24h, not \(time.layoutText)"
            }
            // A person in the house goes before every other controller.
            if let overriddenBy, source.isHand, !overriddenBy.isHand { return nil }
            return held(against: source, at: now)
        case .release:
            guard let overriddenBy else { return "node \(name): there is no override" }
            guard !source.isHand, source != overriddenBy else { return nil }
            return held(against: source, at: now)
        }
    }

    private func held(against source: CommandSource, at now: MonotonicInstant) -> String? {
        guard let overriddenBy, let overrideUntil, overriddenBy != source, source.kind != .gateway
        else {
            return nil
        }
        return
            "node \(name): overridden by \(overriddenBy) for \(overrideUntil.wait(from: now)) more"
    }

    /// A controller gave an order that is carried out.
    mutating func stand(_ order: Order, at now: MonotonicInstant) {
        (self.order, lastHeartbeat, silent) = (order, now, nil)
    }

    /// An order that came to nothing is replaced by the one before it.
    mutating func restore(_ order: Order?, lastHeartbeat: MonotonicInstant) {
        (self.order, self.lastHeartbeat) = (order, lastHeartbeat)
    }

    mutating func override(_ source: CommandSource, until: MonotonicInstant) {
        (overriddenBy, overrideUntil, silent) = (source, until, nil)
    }

    /// The override is over, by release or by time. No order stands any more.
    mutating func endOverride() {
        (overriddenBy, overrideUntil, order) = (nil, nil, nil)
    }

    /// A heartbeat. It counts when it comes over the link that the standing order came over.
    mutating func heartbeat(of source: CommandSource, at now: MonotonicInstant) {
        if let order, source.isSameLink(as: order.source) {
            lastHeartbeat = max(lastHeartbeat, now)
        }
        if let silent, source.isSameLink(as: silent) { self.silent = nil }
    }

    /// When the standing order ends for want of a heartbeat; nil when it does not.
    var failsafe: MonotonicInstant? {
        order.flatMap { failsafe(of: $0, lastHeartbeat: lastHeartbeat) }
    }

    /// When an order ends whose controller gave its last heartbeat at `lastHeartbeat`; nil when it does not.
    func failsafe(of order: Order, lastHeartbeat: MonotonicInstant) -> MonotonicInstant? {
        guard let after = rules.failsafeAfter, overriddenBy == nil, order.source.kind != .gateway
        else { return nil }
        return lastHeartbeat.advanced(by: after)
    }

    /// Time has passed that the clock does not know of.
    mutating func slept(_ time: Duration) {
        lastHeartbeat = lastHeartbeat.advanced(by: .zero - time)
        overrideUntil = overrideUntil?.advanced(by: .zero - time)
    }

    /// The standing order is over because its controller is silent.
    mutating func fallSilent() {
        (silent, order) = (order?.source, nil)
    }

}

extension CommandSource {
    /// Hands that order over an upstream's broker bear that upstream's name.
    func isSameLink(as other: CommandSource) -> Bool {
        self == other || (!name.isEmpty && name == other.name)
    }
}
