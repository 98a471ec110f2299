/// Who may command an actuator now, as it is published.
public struct Control: Hashable, Sendable {
    /// The controller that has overridden it for a time; nil without an override.
    public let overriddenBy: CommandSource?
    /// When the override ends; nil without one.
    public let until: MonotonicInstant?
    /// The controller whose order stands, whether it has overridden the actuator or not; nil while the actuator is
    /// in its safe state because no order does.
    public let controller: CommandSource?
    /// The value of the queued command, which waits until a limit allows it; nil for none.
    public let queued: Int64?

    public init(
        overriddenBy: CommandSource? = nil, until: MonotonicInstant? = nil,
        controller: CommandSource? = nil, queued: Int64? = nil
    ) {
        (self.overriddenBy, self.until) = (overriddenBy, until)
        (self.controller, self.queued) = (controller, queued)
    }
}

extension CommandSource {
    /// Whether it is a person in the house. Hands go before what is remote or automatic.
    public var isHand: Bool { kind == .page || kind == .cli }
}
