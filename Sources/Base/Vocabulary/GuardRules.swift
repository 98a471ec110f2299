/// What an installer allows one actuator to do, and what must be true while it does.
public struct GuardRules: Hashable, Sendable {
    public var limits: SwitchLimits
    /// The only upstream whose orders count; nil when any ordinary controller may order. Hands on the
    /// local page or the command line override it instead.
    public var controller: UpstreamName?
    /// The longest silence of the controller whose order stands, before the safe state; nil for no limit.
    public var failsafeAfter: Duration?
    public var feedback: FeedbackRule?

    public init(
        limits: SwitchLimits = SwitchLimits(), controller: UpstreamName? = nil,
        failsafeAfter: Duration? = nil, feedback: FeedbackRule? = nil
    ) {
        (self.limits, self.controller) = (limits, controller)
        (self.failsafeAfter, self.feedback) = (failsafeAfter, feedback)
    }
}

/// How often and for how long an actuator may be on and off. Nil everywhere for no limit.
public struct SwitchLimits: Hashable, Sendable {
    /// Once on, it stays on for at least so long.
    public var minimumOnTime: Duration?
    /// Once off, it stays off for at least so long. Counted from the start of the gateway, too.
    public var minimumOffTime: Duration?
    /// It is driven off when it was on for so long.
    public var maximumOnTime: Duration?
    /// Changes in either direction within any hour.
    public var maximumSwitchesPerHour: Int?
    /// Whether an order that comes too early is carried out as soon as it is allowed, unless another
    /// one comes first.
    public var queuesEarlyCommands: Bool

    public init(
        minimumOnTime: Duration? = nil, minimumOffTime: Duration? = nil,
        maximumOnTime: Duration? = nil, maximumSwitchesPerHour: Int? = nil,
        queuesEarlyCommands: Bool = false
    ) {
        (self.minimumOnTime, self.minimumOffTime) = (minimumOnTime, minimumOffTime)
        (self.maximumOnTime, self.queuesEarlyCommands) = (maximumOnTime, queuesEarlyCommands)
        self.maximumSwitchesPerHour = maximumSwitchesPerHour
    }
}

/// A channel that shows what an actuator really does: an auxiliary contact, a current.
public struct FeedbackRule: Hashable, Sendable {
    public let channel: DataChannelName
    /// What the channel shows while the actuator is on, in its steps. Anything else means off.
    public let whenOn: ClosedRange<Int64>
    /// How long after switching, and at any other time, the channel may show the other state.
    public let within: Duration

    public init(channel: DataChannelName, whenOn: ClosedRange<Int64>, within: Duration) {
        (self.channel, self.whenOn, self.within) = (channel, whenOn, within)
    }
}

/// What actuators may not do together.
public enum Interlock: Hashable, Sendable {
    /// At most one of them is on, and none goes on before the others have been off for `deadTime`.
    case atMostOne([ShNodeName], deadTime: Duration)
    /// The first is on only while `needs` is.
    case onlyWhile(ShNodeName, needs: ShNodeName)

    /// The actuators it is about.
    public var relays: [ShNodeName] {
        switch self {
        case .atMostOne(let relays, _): relays
        case .onlyWhile(let relay, let needs): [relay, needs]
        }
    }
}
