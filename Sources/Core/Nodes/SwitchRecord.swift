import Vocabulary

/// What an actuator did lately, and what its limits make of that.
///
/// It begins as if the actuator had just been switched: what was before the start is not known. Only
/// the count of the last hour begins again.
struct SwitchRecord: Sendable {
    static let hour = Duration.seconds(3600)

    private let limits: SwitchLimits
    /// Nil while it is not known.
    private(set) var isOn: Bool?
    /// Where it was seen last, or was commanded to go after that.
    private var heading: Bool?
    /// When it went into that state, or was first seen in it.
    private(set) var since: MonotonicInstant
    /// Since when it may have been on without a break; nil once it was seen off.
    private var onFrom: MonotonicInstant?
    /// The changes of the last hour, oldest first, at most as many as are allowed and a few forced ones.
    private var changes: [MonotonicInstant] = []
    /// Forced changes may exceed the limit; more than so many are not distinguished.
    private static let longest = 4_096

    init(limits: SwitchLimits, at now: MonotonicInstant) {
        (self.limits, since) = (limits, now)
    }

    /// A limit that stands against an order.
    struct Refusal: Hashable, Sendable {
        let why: String
        let until: MonotonicInstant
    }

    mutating func note(isOn new: Bool?, at now: MonotonicInstant) {
        if let new { head(for: new, at: now) }
        guard new != isOn else { return }
        if new == true { onFrom = onFrom ?? now }
        if new == false { onFrom = nil }
        (isOn, since) = (new, now)
    }

    /// It was commanded to switch, and did not show whether it has. That counts as a change, once.
    mutating func noteAttempt(switchingOn: Bool, at now: MonotonicInstant) {
        head(for: switchingOn, at: now)
        if switchingOn { onFrom = onFrom ?? now }
        if isOn != nil { (isOn, since) = (nil, now) }
    }

    private mutating func head(for new: Bool, at now: MonotonicInstant) {
        if heading == !new, limits.maximumSwitchesPerHour != nil {
            forget(before: now)
            changes.append(now)
            if changes.count > Self.longest { changes.removeFirst() }
        }
        heading = new
    }

    /// Time has passed that the clock does not know of. It counts for how long the actuator was on; what
    /// protects it from switching counts time that is known.
    mutating func slept(_ time: Duration) { onFrom = onFrom?.advanced(by: .zero - time) }

    /// Takes over what another one knows, under limits of its own.
    mutating func inherit(from other: SwitchRecord) {
        (isOn, heading, since) = (other.isOn, other.heading, other.since)
        (onFrom, changes) = (other.onFrom, other.changes)
    }

    /// - Returns: The limit that holds longest against switching now; nil when none does.
    func refusal(switchingOn: Bool, at now: MonotonicInstant) -> Refusal? {
        guard switchingOn != isOn else { return nil }
        var refusals: [Refusal] = []
        let (rule, least) =
            switchingOn
            ? ("minimumOffTime", limits.minimumOffTime) : ("minimumOnTime", limits.minimumOnTime)
        if let least {
            refusals.append(
                Refusal(why: "\(rule) \(least.layoutText)", until: since.advanced(by: least)))
        }
        if let most = limits.maximumSwitchesPerHour {
            let recent = changes.filter { $0.duration(to: now) < Self.hour }
            if recent.count >= most {
                let until = recent[recent.count - most].advanced(by: Self.hour)
                refusals.append(Refusal(why: "maximumSwitchesPerHour \(most)", until: until))
            }
        }
        return refusals.filter { $0.until > now }.max { $0.until < $1.until }
    }

    /// When the actuator must go off because it was on for too long; nil when it need not.
    var overtime: MonotonicInstant? {
        guard isOn == true, let onFrom else { return nil }
        return limits.maximumOnTime.map { onFrom.advanced(by: $0) }
    }

    private mutating func forget(before now: MonotonicInstant) {
        while let first = changes.first, first.duration(to: now) >= Self.hour {
            changes.removeFirst()
        }
    }
}

extension MonotonicInstant {
    /// How long it is from `now` until then, in words for people: whole seconds above ten.
    func wait(from now: MonotonicInstant) -> String {
        let left = max(.zero, now.duration(to: self))
        let step: Int64 = left > .seconds(10) ? 1_000_000_000 : 1_000_000
        let (whole, rest) = left.wholeNanoseconds.quotientAndRemainder(dividingBy: step)
        return Duration.nanoseconds((whole + (rest > 0 ? 1 : 0)) * step).layoutText
    }
}
