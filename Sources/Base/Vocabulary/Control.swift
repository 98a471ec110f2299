/// Who may command an actuator now, as it is published.
public struct Control: Hashable, Sendable {
    /// Who has overridden it for a time; nil without an override.
    public let holder: CommandSource?
    /// When the override ends; nil without one.
    public let until: MonotonicInstant?
    /// Whose order stands, the holder's or another's; nil while the actuator is in its safe state
    /// because nobody's does.
    public let controller: CommandSource?
    /// The value that waits until a limit allows it; nil for none.
    public let queued: Int64?

    public init(
        holder: CommandSource? = nil, until: MonotonicInstant? = nil,
        controller: CommandSource? = nil, queued: Int64? = nil
    ) {
        (self.holder, self.until, self.controller, self.queued) = (
            holder, until, controller, queued
        )
    }
}

extension CommandSource {
    /// Whether it is a person in the house. Hands go before what is remote or automatic.
    public var isHand: Bool { kind == .page || kind == .cli }
}
