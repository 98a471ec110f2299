import Vocabulary

/// Where the register of a meter stood when it was read last.
public struct CounterStand: Hashable, Sendable {
    /// What the register showed, in `unit`.
    public let shown: DecimalNumber
    public let unit: Unit
    /// How often the register has begun at its lowest number again.
    public let turns: Int64

    public init(shown: DecimalNumber, unit: Unit, turns: Int64) {
        (self.shown, self.unit, self.turns) = (shown, unit, turns)
    }
}

/// Where the registers of one component stood, in a place that outlives the process.
public protocol CounterStore: Sendable {
    /// - Returns: What was saved last; nothing when that was never done. What is invalid is left out.
    /// - Throws: `.malformedReply` when it cannot be read.
    func load() throws(DriverError) -> [DataChannelName: CounterStand]
    /// Returns when `stands` would survive a power cut.
    /// - Throws: `.notConnected` when they could not be written.
    func save(_ stands: [DataChannelName: CounterStand]) throws(DriverError)
}
