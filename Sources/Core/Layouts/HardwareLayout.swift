import DriverKit
import Vocabulary

/// A checked hardware layout: everything in it fits together and its drivers exist.
public struct HardwareLayout: Hashable, Sendable {
    public let gateway: GatewayName
    /// In layout order.
    public let buses: [Bus]
    /// In layout order.
    public let nodes: [NodeLayout]
    /// What relays may not do together, in layout order.
    public let interlocks: [Interlock]
    /// In layout order.
    public let upstreams: [UpstreamLayout]
    /// How history is kept on disk.
    public let journal: JournalSettings
    /// The direct link; nil when it is off.
    public let peers: PeersLayout?
    /// The web server; nil when it is off.
    public let web: WebLayout?
    /// The lowest layer of the settings of `tidegate run`; nil where the layout says nothing.
    public let settings: RunSettings
}

/// One ShNode of the layout.
public struct NodeLayout: Hashable, Sendable {
    public let name: ShNodeName
    public let kind: NodeKind
    /// For people; the name when the layout gives none.
    public let title: String
    /// The node that this one belongs under, for people and the command tree.
    public let parent: ShNodeName?
    /// Its hardware, with the node's channels.
    public let component: Component
    /// What guards a relay; nothing for other nodes.
    public let rules: GuardRules
}

/// Settings of `tidegate run` that a layout may give. Command line and environment go before it.
public struct RunSettings: Hashable, Sendable {
    public let logLevel: String?
    public let logFormat: String?
    public let stateDirectory: String?
    public let seed: UInt64?
    public let simulate: Bool?
    /// The board's own watchdog, when this program is to be its owner.
    public let watchdogDevice: String?
}

extension HardwareLayout {
    /// The same layout with every bus and component on simulated wires.
    public func simulated() -> HardwareLayout {
        HardwareLayout(
            gateway: gateway,
            buses: buses.map {
                Bus(name: $0.name, line: $0.line, gap: $0.gap, isSimulated: true)
            },
            nodes: nodes.map {
                NodeLayout(
                    name: $0.name, kind: $0.kind, title: $0.title, parent: $0.parent,
                    component: $0.component.simulated(), rules: $0.rules)
            }, interlocks: interlocks, upstreams: upstreams, journal: journal,
            peers: peers, web: web, settings: settings)
    }
}
