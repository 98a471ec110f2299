/// Who may command an actuator now, as everyone is told.
public struct Control: Hashable, Sendable {
    /// Who took it over for a time; nil when nobody did.
    public let holder: CommandSource?
    /// When the holder's time is over; nil when nobody holds it.
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
    /// Whether it stands for somebody in the house. Hands go before what is remote or automatic.
    public var isHand: Bool { kind == .page || kind == .cli }
}
