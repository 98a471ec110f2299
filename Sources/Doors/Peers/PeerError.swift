/// What went wrong on the direct link.
public struct PeerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the code acts on.
    public enum Kind: Hashable, Sendable {
        /// Nobody answers there. Nothing was sent; another try may succeed.
        case unreachable
        /// The other side, or our own list, does not accept the certificate. Trying again is of no use.
        case notTrusted
        /// Not acknowledged or answered in time. Whether it arrived is not known.
        case timedOut
        /// The connection ended after the message was sent. Whether it arrived is not known.
        case lost
        /// Too much is in work already. Nothing was sent.
        case busy
        /// The other side broke the rules of the wire, or sent something that is no answer.
        case malformed
        /// The requester gave up before it was sent. Nothing was sent.
        case cancelled
        /// The message is larger than the limit. Nothing was sent.
        case tooLarge
        /// This node was stopped.
        case stopped
        /// A key, certificate or list is not usable, or the port cannot be had.
        case setting
    }

    public let kind: Kind
    /// One line: what it is about, what was wrong, what would be right.
    public let detail: String

    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    public var description: String { detail }
}
