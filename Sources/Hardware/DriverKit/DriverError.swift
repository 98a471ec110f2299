import Vocabulary

/// What went wrong between a driver and its device. Code acts on `kind`; people read `detail`.
public struct DriverError: Error, Hashable, Sendable {
    /// What the node can do about it.
    public enum Kind: String, Hashable, Sendable {
        /// The settings do not make sense to the driver; another try is useless.
        case invalidComponent
        /// The wire or device is not there; the driver must be opened again.
        case notConnected
        /// No answer in time; worth another round.
        case timeout
        /// An answer that is not the device's protocol; worth another round.
        case malformedReply
        /// The device is there and has no time for an answer; worth another round.
        case busy
        /// The device says that there is not a number: not a number, a value that stands for none.
        case noValue
        /// The device cannot do what was asked, or does not have it.
        case unsupported
    }

    public let kind: Kind
    /// One line: what it is about, what was wrong, what would be right or what came back.
    public let detail: String

    public init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }
}
