import Vocabulary

/// What becomes of the embedded broker.
public enum BrokerEvent: Hashable, Sendable {
    /// It accepts connections, for the first time or again. Nothing that an earlier one held is left.
    case runs(BrokerLocation)
    /// It does not run, and why: reported once for each reason. It is started again with growing pauses.
    case fails(BrokerError)
}

/// Where an embedded broker that runs is found. Valid until that process ends.
public struct BrokerLocation: Hashable, Sendable {
    /// Its private socket, which needs no login: only the gateway's own user comes near it.
    public let address: BrokerAddress
    public let process: Int32
    /// What it was asked for beside that, for other programs.
    public let listener: Listener

    /// The listener on a TCP port.
    public enum Listener: Hashable, Sendable {
        case none
        case open(BrokerLogin)
        /// Why it could not be opened. The private socket is open all the same, and it is tried again.
        case failed(String)
    }
}

/// How to log in at a broker.
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

/// Why the embedded broker does not run. Code acts on `kind`; people read `detail`.
public struct BrokerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a user can do about it.
    public enum Kind: Hashable, Sendable {
        /// There is no mosquitto on this machine.
        case notInstalled
        /// The folder for its files cannot be used.
        case badFolder
        /// It was started and did not come up.
        case failed
        /// It ran, and ended by itself.
        case ended
    }

    public let kind: Kind
    public let detail: String

    public init(kind: Kind, detail: String) { (self.kind, self.detail) = (kind, detail) }

    public var description: String { detail }
}
