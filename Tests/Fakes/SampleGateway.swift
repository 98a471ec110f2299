import Vocabulary

/// A small gateway that tests speak of: a heater, a dimmer and a tank's temperature.
public enum SampleGateway {
    public static let heater = ShNodeName("heater")
    public static let tank = ShNodeName("tank")
    public static let dimmer = ShNodeName("dimmer")
    public static let heaterState = DataChannelName("heater-state")
    public static let tankTop = DataChannelName("tank-top")
    public static let dimmerLevel = DataChannelName("dimmer-level")
    public static let id = CommandID("c1")!
    /// 2026-11-21T04:22:07.25Z
    public static let now = WallTime(nanoseconds: 1_795_234_927_250_000_000)

    public static let profile = GatewayProfile(
        gateway: GatewayName("d1.demo.house1"), incarnation: "i7",
        nodes: [
            node(heater, .relay, heaterState, .onOff, 0),
            node(tank, .sensor, tankTop, .celsius, -3, delta: 500),
            node(dimmer, .relay, dimmerLevel, .percent, -1),
        ])

    public static func node(
        _ name: ShNodeName, _ kind: NodeKind, _ channel: DataChannelName, _ unit: Unit,
        _ exponent: Int, delta: Int64? = nil
    ) -> NodeProfile {
        NodeProfile(
            name: name, kind: kind, title: "The \"\(name)\"", driver: DriverModel("pretend"),
            isSimulated: true,
            channels: [
                DataChannel(
                    name: channel, node: name, source: "level", unit: unit, exponent: exponent,
                    pollPeriod: .milliseconds(500),
                    capture: CaptureRule(period: .seconds(60), delta: delta))
            ])
    }

    public static func entry(_ offset: UInt64, _ node: ShNodeName, _ matter: Fact.Matter) -> Entry {
        Entry(
            offset: offset,
            fact: Fact(
                node: node,
                at: Timestamp(wall: now, monotonic: MonotonicInstant(nanoseconds: 1)),
                matter: matter))
    }
}

extension SampleGateway {
    /// The same gateway, with one node's hardware simulated or none.
    public static func profile(
        _ isSimulated: Bool, of simulated: ShNodeName = tank
    ) -> GatewayProfile {
        GatewayProfile(
            gateway: "d1.demo.house1", incarnation: "i7",
            nodes: Self.profile.nodes.map {
                NodeProfile(
                    name: $0.name, kind: $0.kind, title: $0.title, driver: $0.driver,
                    isSimulated: isSimulated && $0.name == simulated,
                    channels: $0.channels)
            })
    }
}
