/// An order to one node's actuator.
public struct Command: Hashable, Sendable {
    /// One identity for the question, its answer and every log line about it.
    public let id: CommandID
    public let node: ShNodeName
    public let order: Order
    public let source: CommandSource
    /// A command that arrives later is refused; nil when it never expires.
    public let expires: WallTime?

    /// What is asked for.
    public enum Order: Hashable, Sendable, CustomStringConvertible {
        /// Switch to this value, in whole steps of the actuator's channel.
        case set(Int64)
        /// An override: no other controller may command the actuator for so long; switch to `value` unless it is nil.
        case override(value: Int64?, for: Duration)
        /// The controller that has overridden the actuator releases it.
        case release

        /// The order in words, for logs.
        public var description: String {
            switch self {
            case .set(let value): "\(value)"
            case .override(let value, let time):
                "override for \(time.layoutText)" + (value.map { " at \($0)" } ?? "")
            case .release: "release"
            }
        }
    }

    public init(
        id: CommandID, node: ShNodeName, order: Order, source: CommandSource,
        expires: WallTime? = nil
    ) {
        (self.id, self.node, self.order) = (id, node, order)
        (self.source, self.expires) = (source, expires)
    }

    /// How far the clock of the controller may go before ours.
    public static let clockSkew = Duration.seconds(300)
    /// How far ahead an expiry may lie, by the clock of the controller.
    public static let longestExpiry = Duration.seconds(86_400)

    /// Why a command that expires then is not carried out at `now`; nil when it may be.
    ///
    /// One that would be good for days was stamped by a clock that is wrong, or would be obeyed long after
    /// everybody has forgotten it.
    public static func problem(ofExpiry expires: WallTime, at now: WallTime) -> String? {
        if expires < now { return "expired at \(expires.iso8601); it is \(now.iso8601) here" }
        guard expires > now.advanced(by: longestExpiry + clockSkew) else { return nil }
        return "expires: \(expires.iso8601) is more than \(longestExpiry.layoutText) ahead; "
            + "it is \(now.iso8601) here"
    }
}

/// The identity of a command, chosen by the requester: 1 to 64 visible ASCII characters.
public struct CommandID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Returns: Nil when `text` is empty, longer than 64 bytes, or holds anything but visible ASCII.
    public init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ (33...126).contains($0) })
        else { return nil }
        self.text = text
    }

    /// A fresh identity of 128 bits in hexadecimal.
    public init(using generator: inout some RandomNumberGenerator) {
        func half() -> String {
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        text = half() + half()
    }

    public var description: String { text }
}

/// What became of a command. Every command gets exactly one.
public enum CommandAnswer: Hashable, Sendable {
    /// The device confirms this state, read back after switching.
    case confirmed(Reading, at: Timestamp)
    /// Nothing was switched, and why.
    case refused(String)
    /// It was tried and the device did not confirm it.
    case failed(String)
    /// The node did not answer in time; what happened is not known yet.
    case timedOut(String)
}

/// The state that a relay is driven to whenever it has no controller.
public enum SafeState: String, Hashable, Sendable, Codable, CaseIterable {
    case off, on
    /// Stay as it is.
    case hold
}
