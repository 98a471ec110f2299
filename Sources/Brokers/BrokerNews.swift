import Vocabulary

/// What becomes of the embedded broker.
public enum BrokerNews: Hashable, Sendable {
    /// It accepts connections for the first time.
    case started(BrokerLogin)
    /// It ended by itself, and why. It will be started again, at the same address, with growing pauses
    /// while that fails.
    case died(String)
    /// It accepts connections again. Nothing that it held is left.
    case restarted
}

/// How to log in at the embedded broker. Valid until it is stopped.
public struct BrokerLogin: Hashable, Sendable {
    public let address: BrokerAddress
    public let user: String
    public let password: String

    public init(address: BrokerAddress, user: String, password: String) {
        (self.address, self.user, self.password) = (address, user, password)
    }
}

extension BrokerLogin: CustomStringConvertible {
    /// Without the password, which must not stand in any log.
    public var description: String { "\(address), user \(user)" }
}

/// Why the embedded broker does not start. Code acts on `kind`; people read `detail`.
public struct BrokerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What somebody can do about it.
    public enum Kind: Hashable, Sendable {
        /// There is no mosquitto on this machine.
        case notInstalled
        /// The folder for its files cannot be used.
        case badFolder
        /// It was started and did not come up.
        case failed
    }

    public let kind: Kind
    public let detail: String

    public init(kind: Kind, detail: String) { (self.kind, self.detail) = (kind, detail) }

    public var description: String { detail }
}
