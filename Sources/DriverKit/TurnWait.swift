/// Says that a thread waits for its turn on something that nodes share, and for no hardware.
///
/// A shared wire calls `report` with true before it has its caller wait, and with false once that is over:
/// a node that waits for its turn does not hang, however many wait with it.
public enum TurnWait {
    /// Takes the news of the node that the current call is made for; nil when nobody watches over it.
    @TaskLocal public static var report: (@Sendable (Bool) -> Void)?
}
