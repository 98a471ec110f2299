/// What a gateway is made of, as its birth lists it: its nodes and their channels.
public struct GatewayProfile: Hashable, Sendable {
    public let gateway: GatewayName
    /// Random for each start of the process, so that a restarted gateway is not taken for the old one.
    public let incarnation: String
    /// In layout order.
    public let nodes: [NodeProfile]

    /// Whether some of its hardware is simulated.
    public var isSimulated: Bool { nodes.contains(where: \.isSimulated) }

    public init(gateway: GatewayName, incarnation: String, nodes: [NodeProfile]) {
        self.gateway = gateway
        self.incarnation = incarnation
        self.nodes = nodes
    }
}

/// What one node is.
public struct NodeProfile: Hashable, Sendable {
    public let name: ShNodeName
    public let kind: NodeKind
    /// For people; the name when the layout gives none.
    public let title: String
    public let driver: DriverModel
    /// Whether its hardware is simulated. Never hidden.
    public let isSimulated: Bool
    /// In layout order.
    public let channels: [DataChannel]

    /// What commands set: an actuator's state, or the total of what counts by itself; nil when nothing.
    public var commanded: DataChannel? {
        kind == .relay ? channels.first : channels.first(where: \.isSettable)
    }

    public init(
        name: ShNodeName, kind: NodeKind, title: String, driver: DriverModel, isSimulated: Bool,
        channels: [DataChannel]
    ) {
        self.name = name
        self.kind = kind
        self.title = title
        self.driver = driver
        self.isSimulated = isSimulated
        self.channels = channels
    }
}

/// The three kinds of ShNode.
public enum NodeKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Takes commands and has a safe state.
    case relay
    /// Measures.
    case sensor
    /// Measures and counts.
    case meter
}
