import Vocabulary

/// What a GridWorks link has to know beyond the gateway itself.
public struct GridworksSettings: Hashable, Sendable {
    /// The parent's long name, a GNode alias.
    public var parent: GatewayName
    /// What the parent is called in topics and handles: `ltn`, or `a` in GridWorks' own tests.
    public var parentShortName: String
    /// What this gateway is called in topics: `s`.
    public var shortName: String
    /// The identity of this gateway's GNode, a UUID of version 4.
    public var instance: String
    /// The alias of the asset that is metered.
    public var terminalAsset: GatewayName
    /// Whether `admin` may take the relays over. It proves itself to nobody but the broker.
    public var hasAdmin: Bool
    /// How long one report gathers readings; whole seconds.
    public var reportPeriod: Duration
    public var snapshotPeriod: Duration
    /// The channels whose sum is reported as `power.watts`, in watts, each with its nameplate in watts.
    public var powerMetering: [DataChannelName: Int64]
    /// `power.watts` is reported when the sum moved by more than this share of all nameplates.
    public var powerThreshold: DecimalNumber
    /// The words of each relay that has words of its own.
    public var relays: [ShNodeName: GridworksRelayWords]
    /// A command older than this is refused.
    public var commandAge: Duration
    /// What GridWorks knows nodes and things by, in layout order.
    public var nodes: [GridworksNodeNames]
    /// What GridWorks knows channels by.
    public var channels: [DataChannelName: GridworksChannelNames]

    public init(
        parent: GatewayName, parentShortName: String = "ltn", shortName: String = "s",
        instance: String, terminalAsset: GatewayName, hasAdmin: Bool = false,
        reportPeriod: Duration = .seconds(300), snapshotPeriod: Duration = .seconds(30),
        powerMetering: [DataChannelName: Int64] = [:],
        powerThreshold: DecimalNumber = DecimalNumber(mantissa: 2, exponent: -2),
        relays: [ShNodeName: GridworksRelayWords] = [:], commandAge: Duration = .seconds(60),
        nodes: [GridworksNodeNames] = [],
        channels: [DataChannelName: GridworksChannelNames] = [:]
    ) {
        (self.parent, self.parentShortName) = (parent, parentShortName)
        (self.shortName, self.instance) = (shortName, instance)
        (self.terminalAsset, self.hasAdmin) = (terminalAsset, hasAdmin)
        (self.reportPeriod, self.snapshotPeriod) = (reportPeriod, snapshotPeriod)
        (self.powerMetering, self.powerThreshold) = (powerMetering, powerThreshold)
        (self.relays, self.commandAge) = (relays, commandAge)
        (self.nodes, self.channels) = (nodes, channels)
    }
}

/// The words by which GridWorks switches one relay and names its states. Energised is on.
public struct GridworksRelayWords: Hashable, Sendable {
    /// The name of the enumeration that the events are of: `change.relay.state`.
    public var eventType: String
    public var deEnergizingEvent: String
    public var energizingEvent: String
    /// The name of the enumeration that the states are of: `relay.closed.or.open`.
    public var stateType: String
    public var deEnergizedState: String
    public var energizedState: String

    public init(
        eventType: String, deEnergizingEvent: String, energizingEvent: String, stateType: String,
        deEnergizedState: String, energizedState: String
    ) {
        (self.eventType, self.stateType) = (eventType, stateType)
        (self.deEnergizingEvent, self.energizingEvent) = (deEnergizingEvent, energizingEvent)
        (self.deEnergizedState, self.energizedState) = (deEnergizedState, energizedState)
    }

    /// A relay that closes its circuit when it is energised.
    public static let normallyOpen = GridworksRelayWords(
        eventType: "change.relay.state", deEnergizingEvent: "OpenRelay",
        energizingEvent: "CloseRelay", stateType: "relay.closed.or.open",
        deEnergizedState: "RelayOpen", energizedState: "RelayClosed")

    /// The state in words.
    func state(_ steps: Int64) -> String { steps == 0 ? deEnergizedState : energizedState }

    /// What `event` switches to; nil when it is none of this relay's.
    func steps(after event: String) -> Int64? {
        if event == energizingEvent { return 1 }
        return event == deEnergizingEvent ? 0 : nil
    }
}
