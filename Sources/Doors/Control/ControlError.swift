/// What went wrong with the local control socket.
public struct ControlError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the caller can do about it.
    public enum Kind: Hashable, Sendable {
        /// No gateway listens there.
        case notRunning
        /// This user may not connect.
        case notAllowed
        /// The gateway is there and has no room for another caller now; trying later may help.
        case busy
        /// The gateway has ended the connection before it answered, or its answer is too long.
        case lost
        /// The socket cannot be opened where it should be.
        case setting
    }

    public let kind: Kind
    /// One line that a person can act on.
    public let detail: String

    public init(_ kind: Kind, _ detail: String) { (self.kind, self.detail) = (kind, detail) }

    public var description: String { detail }
}
