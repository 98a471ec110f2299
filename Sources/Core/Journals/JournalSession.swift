import Vocabulary

/// The time that a journal is open: from one start of the gateway to its end.
public struct JournalSession: Hashable, Sendable {
    /// What the kernel calls this time that the machine is switched on. Monotonic times can be compared
    /// within it.
    public let boot: String
    public let incarnation: String
    /// What the values mean that are reported from now on.
    public let channels: [DataChannel]

    public init(boot: String, incarnation: String, channels: [DataChannel] = []) {
        (self.boot, self.incarnation, self.channels) = (boot, incarnation, channels)
    }
}
