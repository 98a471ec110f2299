/// How long a command may take and until when it counts, on the clock that does not jump.
///
/// Made once, when the command comes in. Its expiry is compared with the wall clock then, the one place where
/// that decides anything; from then on a jump changes nothing.
public struct CommandDeadline: Hashable, Sendable {
    /// How long a node has for one command, beside what its feedback takes.
    public static let answerTime = Duration.seconds(2)
    /// How far the clock of the controller may go before ours.
    public static let clockSkew = Duration.seconds(300)
    /// How far ahead an expiry may lie, by the clock of the controller.
    public static let longestExpiry = Duration.seconds(86_400)

    /// It is refused when it could not be begun by then: what a feedback takes is no time to begin in.
    public let startBy: MonotonicInstant
    /// The requester has an outcome by then.
    public let answerBy: MonotonicInstant
    /// It is not carried out later, also when it was taken in time and is queued; nil when it does not expire.
    public let validUntil: MonotonicInstant?

    /// - Parameter feedback: How long a contact or a current takes to show what was switched.
    /// - Throws: When the command has expired, or the clock cannot say whether it has.
    public init(
        of command: Command, at now: Timestamp, feedback: Duration = .zero
    ) throws(CommandRefusal) {
        if let problem = Self.problem(of: command, at: now) { throw problem }
        var limits = [command.startBy].compactMap(\.self)
        if let expires = command.expires {
            let left = Duration.nanoseconds(expires.nanoseconds - now.wall.nanoseconds)
            limits.append(now.monotonic.advanced(by: left))
        }
        let latest = now.monotonic.advanced(by: Self.answerTime)
        validUntil = limits.min()
        startBy = (limits + [latest]).min() ?? latest
        answerBy = latest.advanced(by: feedback)
    }

    /// Why the expiry of a command forbids it at `now`; nil when it may be carried out.
    ///
    /// One that would be good for days was stamped by a clock that is wrong, or would be obeyed long after
    /// it was forgotten.
    public static func problem(of command: Command, at now: Timestamp) -> CommandRefusal? {
        guard let expires = command.expires else { return nil }
        let why: String
        if !now.isSynchronised {
            why =
                "the clock is not synchronised, so an expiry cannot be checked; "
                + "send the command without expires"
        } else if expires < now.wall {
            why = "expired at \(expires.iso8601); it is \(now.wall.iso8601) here"
        } else if expires > now.wall.advanced(by: longestExpiry + clockSkew) {
            why =
                "expires: \(expires.iso8601) is more than \(longestExpiry.layoutText) ahead; "
                + "it is \(now.wall.iso8601) here"
        } else {
            return nil
        }
        return CommandRefusal("node \(command.node): \(why)")
    }
}
