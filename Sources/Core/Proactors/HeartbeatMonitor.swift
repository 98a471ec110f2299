import Vocabulary

/// A part of the gateway that must show that it lives.
public enum GatewayPart: Hashable, Sendable, CustomStringConvertible {
    case node(ShNodeName)
    case link(UpstreamName)
    /// The private mosquitto.
    case broker
    case journal
    /// The proactor's own loop.
    case proactor

    public var description: String {
        switch self {
        case .node(let name): "node \(name)"
        case .link(let name): "link \(name)"
        case .broker: "embedded broker"
        case .journal: "journal"
        case .proactor: "proactor"
        }
    }
}

/// What is done about a part that gives no heartbeat.
public enum Remedy: Hashable, Sendable {
    /// It is reported and left alone: starting it again would do more harm than good.
    case leave
    /// It is started again, each time after twice the timeout, at most so often; then it is left alone.
    case restart(atMost: Int)
    /// Nothing in this process can help: the process ends once it has been missed for so much longer.
    case endProcess(after: Duration)
}

/// Watches over the parts of the gateway: each owes a heartbeat within its timeout.
///
/// A pure machine. A part that misses its time is named once; what it is started again by, or when the
/// process ends for it, is its remedy's affair. Nobody is missed after a pause in which the watcher
/// itself did not look, as when the whole process was stopped for a while: each one's time starts again.
public struct HeartbeatMonitor: Sendable {
    /// What the caller must do now, in order.
    public enum Action: Hashable, Sendable {
        /// The part has given no heartbeat for so long. Reported once.
        case missing(GatewayPart, Duration)
        case restart(GatewayPart)
        /// A part that was missing lives again.
        case returned(GatewayPart)
        /// Drive safe states and end the process. Reported once.
        case endProcess(GatewayPart)
    }

    /// A part that has lived for so long after its last restart may be restarted as often as at first.
    public static let forgetsRestarts = Duration.seconds(600)
    /// The longest timeout with a part that was restarted.
    public static let longestTimeout = Duration.seconds(300)

    private struct Part {
        let timeout: Duration
        let remedy: Remedy
        var last: MonotonicInstant
        var isMissing = false
        var restarts = 0
        var restartedAt: MonotonicInstant?

        /// When the next heartbeat is overdue.
        var deadline: MonotonicInstant {
            guard let restartedAt else { return last.advanced(by: timeout) }
            let longer = min(timeout * (1 << min(restarts, 16)), HeartbeatMonitor.longestTimeout)
            return max(
                last.advanced(by: timeout), restartedAt.advanced(by: max(timeout, longer)))
        }
    }

    private let longestPause: Duration
    private var parts: [GatewayPart: Part] = [:]
    private var lastLook: MonotonicInstant?
    /// Whether the process is to end.
    public private(set) var isHopeless = false

    /// - Parameter longestPause: A longer time between two looks is the watcher's own fault.
    public init(longestPause: Duration) { self.longestPause = longestPause }

    /// Begins to expect heartbeats of a part, or goes on with other rules.
    public mutating func expect(
        _ part: GatewayPart, within timeout: Duration, else remedy: Remedy,
        at now: MonotonicInstant
    ) {
        parts[part] = Part(timeout: timeout, remedy: remedy, last: now)
    }

    /// Expects nothing of the part any more.
    public mutating func forget(_ part: GatewayPart) { parts[part] = nil }

    /// The part showed that it lives. One that nobody expects is none.
    public mutating func seen(_ part: GatewayPart, at now: MonotonicInstant) {
        guard let known = parts[part], known.last < now else { return }
        parts[part]?.last = now
    }

    /// The parts that are missing now, in the order of their names.
    public var missing: [GatewayPart] {
        parts.filter(\.value.isMissing).keys.sorted { "\($0)" < "\($1)" }
    }

    /// Looks at each last heartbeat. What is missing after this has been named, so the caller may report
    /// its own watchdog that all is seen to, unless the process is to end.
    public mutating func look(at now: MonotonicInstant) -> [Action] {
        defer { lastLook = now }
        if let lastLook, lastLook.duration(to: now) > longestPause { forgive(at: now) }
        var actions: [Action] = []
        for part in parts.keys.sorted(by: { "\($0)" < "\($1)" }) {
            actions += look(at: part, now)
        }
        return actions
    }

    /// Each one's time starts again, but for those who were missing already.
    private mutating func forgive(at now: MonotonicInstant) {
        for part in parts.keys where parts[part]?.isMissing == false { parts[part]?.last = now }
    }

    private mutating func look(at part: GatewayPart, _ now: MonotonicInstant) -> [Action] {
        guard var known = parts[part] else { return [] }
        defer { parts[part] = known }
        let silence = known.last.duration(to: now)
        guard silence > known.timeout else {
            if let restartedAt = known.restartedAt,
                restartedAt.duration(to: now) > Self.forgetsRestarts
            {
                (known.restarts, known.restartedAt) = (0, nil)
            }
            defer { known.isMissing = false }
            return known.isMissing ? [.returned(part)] : []
        }
        var actions: [Action] = []
        if !known.isMissing {
            known.isMissing = true
            actions.append(.missing(part, silence))
        }
        switch known.remedy {
        case .leave: break
        case .restart(let limit):
            guard now > known.deadline, known.restarts < limit else { break }
            known.restarts += 1
            known.restartedAt = now
            actions.append(.restart(part))
        case .endProcess(let grace):
            guard silence > known.timeout + grace, !isHopeless else { break }
            isHopeless = true
            actions.append(.endProcess(part))
        }
        return actions
    }
}
