import Vocabulary

/// What an upstream with the GridWorks codec has to know.
public struct GridworksLink: Hashable, Sendable {
    /// The parent's GNode alias.
    public let parent: GatewayName
    public let parentShortName: String
    public let shortName: String
    /// The identity of the gateway's GNode, a UUID of version 4.
    public let instance: String
    public let terminalAsset: GatewayName
    public let hasAdmin: Bool
    /// Whole seconds.
    public let reportPeriod: Duration
    public let snapshotPeriod: Duration
    /// The nameplate of each metered channel, in watts.
    public let powerMetering: [DataChannelName: Int64]
    /// A share of all nameplates, 0 to 1.
    public let powerThreshold: DecimalNumber
    public let relays: [Relay]
    public let commandAge: Duration

    /// The words of one relay.
    public struct Relay: Hashable, Sendable {
        public let node: ShNodeName
        public let eventType: String
        public let deEnergizingEvent: String
        public let energizingEvent: String
        public let stateType: String
        public let deEnergizedState: String
        public let energizedState: String
    }
}
