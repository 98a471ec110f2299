/// An order to one node's actuator.
public struct Command: Hashable, Sendable {
    /// One identity for the question, its answer and every log line about it.
    public let id: CommandID
    public let node: ShNodeName
    public let order: Order
    public let source: CommandSource
    /// When it expires by the wall clock of the requester; nil when it never does.
    public let expires: WallTime?
    /// The last moment to begin it at by the gateway's own clock, for a requester that gave it a timeout and whose
    /// clock need not agree; nil for no such limit.
    public let startBy: MonotonicInstant?

    /// What is asked for.
    public enum Order: Hashable, Sendable, CustomStringConvertible {
        /// Switch to this value, in whole steps of the actuator's channel.
        case set(Int64)
        /// An override: no other controller may command the actuator for so long; switch to `value` unless it is nil.
        case override(value: Int64?, for: Duration)
        /// The controller that has overridden the actuator releases it.
        case release

        /// The value that it asks for; nil when it asks for none.
        public var value: Int64? {
            switch self {
            case .set(let value): value
            case .override(let value, _): value
            case .release: nil
            }
        }

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
        expires: WallTime? = nil, startBy: MonotonicInstant? = nil
    ) {
        (self.id, self.node, self.order, self.source) = (id, node, order, source)
        (self.expires, self.startBy) = (expires, startBy)
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
        text = (generator.next() as UInt64).hex + (generator.next() as UInt64).hex
    }

    public var description: String { text }
}

/// The state that a relay is driven to whenever it has no controller.
public enum SafeState: String, Hashable, Sendable, Codable, CaseIterable {
    case off, on
    /// Stay as it is.
    case hold
}
