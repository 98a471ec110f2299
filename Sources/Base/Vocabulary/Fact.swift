/// One measured value. The fact that carries it has the time.
public struct Reading: Hashable, Sendable {
    /// The channel, as the hardware layout names it: `"tank1-top"`.
    public let channel: DataChannelName
    /// Whole steps of the channel's unit; nothing rescales it later.
    public let value: Int64
    public let quality: Quality
    /// Whether it comes from simulated hardware. The mark goes wherever the reading goes.
    public let isSimulated: Bool

    public init(
        channel: DataChannelName, value: Int64, quality: Quality = .good, isSimulated: Bool = false
    ) {
        (self.channel, self.value) = (channel, value)
        (self.quality, self.isSimulated) = (quality, isSimulated)
    }

    /// The same, marked as one from simulated hardware.
    public var simulated: Reading {
        Reading(channel: channel, value: value, quality: quality, isSimulated: true)
    }
}

/// Whether a value may be believed.
public enum Quality: String, Hashable, Sendable, Codable, CaseIterable {
    /// Read from the device and plausible.
    case good
    /// The last good value; the device has stopped answering since.
    case stale
    /// Read from the device and caught by a plausibility rule. The value is not a measurement.
    case bad
}

/// What a node reports, labelled where and when it happened, never where it was handled.
public struct Fact: Hashable, Sendable {
    /// Whose word it is; `.gateway` when the gateway speaks of itself.
    public let node: ShNodeName
    /// When the device was asked, not when it answered. One round of readings shares one label.
    public let at: Timestamp
    public let matter: Matter

    /// What the node reports.
    public enum Matter: Hashable, Sendable {
        case readings([Reading])
        case fault(Fault)
        case event(GatewayEvent)
    }

    /// Whether it holds readings from simulated hardware. All of one fact come from one node.
    public var isSimulated: Bool {
        guard case .readings(let readings) = matter else { return false }
        return readings.contains(where: \.isSimulated)
    }

    public init(node: ShNodeName, at: Timestamp, matter: Matter) {
        self.node = node
        self.at = at
        self.matter = matter
    }
}

extension ShNodeName {
    /// The gateway itself, where facts name a node. No layout may give this name to a node.
    public static let gateway = ShNodeName(known: "gateway")
}

/// Something that went wrong, reported once when it is raised and once when it is cleared.
public struct Fault: Hashable, Sendable {
    /// The channel at fault; nil when it is the whole node.
    public let channel: DataChannelName?
    public let kind: Kind
    /// False when the fault is cleared.
    public let isOn: Bool
    /// One line that a person can act on.
    public let detail: String

    /// What sort of thing went wrong; the raw value is the word in topics.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// The device or its wire is not there.
        case notConnected
        /// The device did not answer in time.
        case timeout
        /// The device answered with something that is not its protocol or not a measurement.
        case malformedReply
        /// The layout's settings do not fit the device.
        case invalidComponent
        /// A value was caught by a plausibility rule.
        case implausible
        /// The node's thread has not come back from its hardware.
        case hung
        /// Facts were dropped because a queue was full.
        case dropped
        /// An actuator did not follow a command.
        case command
        /// The controller of an actuator fell silent.
        case failsafe
        /// An actuator was on for longer than it may be.
        case overtime
        /// An interlock keeps an actuator from where it must go.
        case interlock
        /// Another client logs in to a broker under this gateway's name: a copy of it runs.
        case duplicateGateway
        /// Facts cannot be kept on disk; they still go out live.
        case storage
        /// The direct link accepts no connections.
        case directLink
        /// The embedded broker does not run.
        case broker
        /// The embedded broker's TCP port cannot be opened.
        case brokerPort
        /// The user's other commands cannot find the gateway's broker.
        case runFile
        /// The gateway cannot be asked over its local control socket.
        case localControl
        /// The web server answers nobody.
        case web
    }

    public init(channel: DataChannelName? = nil, kind: Kind, isOn: Bool, detail: String) {
        self.channel = channel
        self.kind = kind
        self.isOn = isOn
        self.detail = detail
    }
}

/// The offset of a fact in the journal. The first is 1.
public typealias JournalOffset = UInt64

/// A fact with its offset in the journal: upstream must receive it at least once.
public struct Entry: Hashable, Sendable {
    public let offset: JournalOffset
    public let fact: Fact

    public init(offset: JournalOffset, fact: Fact) {
        self.offset = offset
        self.fact = fact
    }

    /// The same with its wall time moved, and synchronised from now on.
    public func corrected(by clockOffset: Duration) -> Entry {
        let at = Timestamp(
            wall: fact.at.wall.advanced(by: clockOffset), monotonic: fact.at.monotonic)
        return Entry(
            offset: offset, fact: Fact(node: fact.node, at: at, matter: fact.matter))
    }
}
