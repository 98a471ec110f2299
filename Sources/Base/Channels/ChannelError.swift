/// Why something could not be sent, asked or answered. Code acts on `kind`; people read `detail`.
public struct ChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What stood in the way.
    public enum Kind: Hashable, Sendable {
        /// No place left and no time to wait for one; worth another try.
        case busy
        /// The time that the caller gave ran out. Of a question that was taken, nobody knows the outcome.
        case timedOut
        /// The caller's own task was cancelled.
        case cancelled
        /// The taker tried and threw, or released the question without an answer.
        case failed
        /// The channel was closed, and why.
        case stopped(Cause)
    }

    public let kind: Kind
    /// One line: what it is about: what was wrong.
    public let detail: String

    public init(kind: Kind, detail: String) {
        self.kind = kind
        self.detail = detail
    }

    public var description: String { detail }
}
