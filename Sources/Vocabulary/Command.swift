/// An order to set one node's actuator to `value`, in whole steps of its channel's unit.
public struct Command: Hashable, Sendable {
    /// One identity for the question, its answer and every log line about it.
    public let id: CommandID
    public let node: ShNodeName
    public let value: Int64
    /// Who gave the order: `"upstream site"`, `"local page"`.
    public let orderedBy: String
    /// A command that arrives later is refused; nil when it never expires.
    public let expires: WallTime?

    public init(
        id: CommandID, node: ShNodeName, value: Int64, orderedBy: String, expires: WallTime? = nil
    ) {
        self.id = id
        self.node = node
        self.value = value
        self.orderedBy = orderedBy
        self.expires = expires
    }
}

/// The identity of a command, chosen by whoever asks: 1 to 64 visible ASCII characters.
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
    case late(String)
}

/// The state that a relay is driven to whenever nobody is in charge of it.
public enum SafeState: String, Hashable, Sendable, Codable, CaseIterable {
    case off, on
    /// Stay as it is.
    case hold
}
