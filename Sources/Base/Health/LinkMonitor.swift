import Vocabulary

/// Judges whether the other end of one link is alive: broker, upstream peer, peer gateway or driver.
///
/// A pure machine on the receiver's monotonic clock. What the sender's clock says is never asked.
public struct LinkMonitor: Hashable, Sendable {
    /// Missed intervals after which a counterpart is late, and silent.
    public static let timeout = (late: 1, silent: 3)
    /// The longest interval that is believed, so that no counterpart can ask for endless timeout.
    public static let longestInterval = Duration.seconds(3600)

    /// How the counterpart stands.
    public enum Health: String, Hashable, Sendable, CaseIterable {
        /// It has never been heard.
        case unknown
        /// Heard within its interval, with some grace.
        case up
        /// One interval has passed without a word.
        case late
        /// Three intervals have passed without a word.
        case silent
        /// It went offline, or ended the connection in good order.
        case closed
        /// It said, or we saw, that it failed. Only its opening ends this.
        case unreachable
    }

    public let name: String
    /// The newest status that counted; nil before the first.
    public private(set) var status: LinkStatus?
    /// What it said last of its state, among the words that change the state.
    public private(set) var state: LinkStatus.State?
    public private(set) var lastHeard: MonotonicInstant?
    /// Why it failed; nil unless it did.
    public private(set) var cause: String?
    /// Statuses that came late, twice or from an earlier life, and did not count.
    public private(set) var ignored = 0
    private var past: [String] = []

    public init(name: String) { self.name = name }

    /// The counterpart said `status`.
    ///
    /// - Parameter isJudged: Whether its sender has judged the link by these rules already, and has seen
    ///   it open when it has not failed any more.
    /// - Returns: Whether it counted. One of an earlier incarnation, or with a sequence that is not
    ///   newer, does not.
    @discardableResult
    public mutating func heard(
        _ status: LinkStatus, isJudged: Bool = false, at now: MonotonicInstant
    ) -> Bool {
        if let known = self.status {
            if known.incarnation == status.incarnation {
                guard status.sequence > known.sequence else { return ignore() }
            } else {
                guard !past.contains(status.incarnation) else { return ignore() }
                begin(after: known.incarnation)
            }
        }
        self.status = status
        lastHeard = now
        enter(status.state, status.cause, isJudged)
        return true
    }

    /// The counterpart said `status` at some time before, as when a broker has kept it. It shows how it
    /// stood and is no heartbeat.
    public mutating func remembered(_ status: LinkStatus, isJudged: Bool = false) {
        let before = lastHeard
        heard(status, isJudged: isJudged, at: MonotonicInstant(nanoseconds: 0))
        lastHeard = before
    }

    /// We know by other means that it failed, as when the broker publishes its last will.
    public mutating func failed(_ cause: String) {
        state = .unreachable
        self.cause = cause
    }

    /// A sign that all of it begins again, when no status shows it: a new connection.
    public mutating func opened(at now: MonotonicInstant) {
        (state, cause, lastHeard) = (.connecting, nil, now)
    }

    /// - Parameter now: On the receiver's own monotonic clock.
    public func health(at now: MonotonicInstant) -> Health {
        switch state {
        case .unreachable: return .unreachable
        case .closed: return .closed
        default: break
        }
        guard let lastHeard else { return .unknown }
        let silence = lastHeard.duration(to: now)
        if silence > interval * Self.timeout.silent { return .silent }
        // A beat that is a little late has missed nothing: the grace is half an interval.
        if silence > interval * Self.timeout.late + interval / 2 { return .late }
        return .up
    }

    /// How it stands, as reported to others: a silent one is unreachable, one that was never heard is connecting.
    ///
    /// - Parameter status: Whose life, sequence and interval the words have.
    public func reported(in status: LinkStatus, at now: MonotonicInstant) -> LinkStatus {
        let (state, why): (LinkStatus.State, String?) =
            switch health(at: now) {
            case .unknown: (self.state ?? .connecting, nil)
            case .up, .late: (self.state ?? .connecting, nil)
            case .closed: (.closed, nil)
            case .silent:
                (.unreachable, "no status for \((interval * Self.timeout.silent).layoutText)")
            case .unreachable: (.unreachable, cause)
            }
        return LinkStatus(
            who: name, incarnation: status.incarnation, sequence: status.sequence, state: state,
            interval: status.interval, counts: self.status?.counts,
            nodeCounts: self.status?.nodeCounts, cause: why)
    }

    /// When silence alone changes the health next; nil when it does not.
    public func nextChange(after now: MonotonicInstant) -> MonotonicInstant? {
        guard let lastHeard else { return nil }
        let ends = [interval + interval / 2, interval * Self.timeout.silent].map {
            lastHeard.advanced(by: $0 + .nanoseconds(1))
        }
        switch health(at: now) {
        case .up: return ends[0]
        case .late: return ends[1]
        case .unknown, .silent, .closed, .unreachable: return nil
        }
    }

    private var interval: Duration {
        let stated = status?.interval ?? .seconds(10)
        return min(max(stated, .milliseconds(100)), Self.longestInterval)
    }

    private mutating func ignore() -> Bool {
        ignored += 1
        return false
    }

    /// A new life: what the old one said counts no more, a failure included.
    private mutating func begin(after old: String) {
        past.append(old)
        if past.count > 16 { past.removeFirst() }
        (state, cause) = (nil, nil)
    }

    private mutating func enter(_ next: LinkStatus.State, _ why: String?, _ isJudged: Bool) {
        switch next {
        case .other: return
        case .unreachable:
            state = .unreachable
            cause = why ?? cause ?? "reports a failure"
        case .preparing, .connecting:
            (state, cause) = (next, nil)
        case .connected, .timedOut, .closing, .closed:
            if isJudged { cause = nil }
            if state != .unreachable || isJudged { state = next }
        }
    }
}
