import Vocabulary

/// How patient a link is, and how much it has on its way at once.
public struct LinkRules: Hashable, Sendable {
    /// How many messages may wait for the broker's receipt or the peer's acknowledgement, at least 1.
    public var window: Int
    /// How long an acknowledgement may take.
    public var ackTimeout: Duration
    /// How long the peer may say nothing before it is asked for a heartbeat. Not shorter than
    /// `ackTimeout`, or a dead peer is noticed late.
    public var pollPeriod: Duration
    /// How often a batch is sent that the peer passes over before it is dead-lettered, at least 1.
    public var attempts: Int

    public init(
        window: Int = 50, ackTimeout: Duration = .seconds(5), pollPeriod: Duration = .seconds(60),
        attempts: Int = 5
    ) {
        self.window = max(1, window)
        self.ackTimeout = ackTimeout
        self.pollPeriod = pollPeriod
        self.attempts = max(1, attempts)
    }
}
