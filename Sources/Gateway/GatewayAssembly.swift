import Channels
import DriverKit
import Drivers
import Journals
import Layouts
import Logging
import Nodes
import Proactors
import Simulators
import Upstreams
import Vocabulary
import Wires

/// Puts a gateway together: the one place that chooses between real and simulated wires.
struct GatewayAssembly {
    let layout: HardwareLayout
    let settings: ResolvedSettings
    let clock: any GatewayClock
    let logger: Logger
    /// Facts that one node may have waiting for the proactor.
    private static let factsPerNode = 256

    /// What the gateway is made of, as it tells upstream.
    func profile(incarnation: String) -> GatewayProfile {
        GatewayProfile(
            gateway: layout.gateway, incarnation: incarnation,
            nodes: layout.nodes.map { node in
                NodeProfile(
                    name: node.name, kind: node.kind, title: node.title,
                    driver: node.component.model, isSimulated: isSimulated(node),
                    channels: node.component.channels)
            })
    }

    /// The journal in the state directory. Not open yet.
    func journal(_ profile: GatewayProfile) -> SqliteJournal {
        SqliteJournal(
            path: JournalPlace.path(in: settings.stateDirectory.value),
            upstreams: layout.upstreams.map(\.name), settings: layout.journal,
            session: JournalSession(
                boot: Machine.bootIdentity, incarnation: profile.incarnation,
                channels: profile.nodes.flatMap(\.channels)),
            clock: clock)
    }

    /// - Throws: `DriverError` when a simulated device cannot be made from its settings.
    func proactor(_ profile: GatewayProfile, _ journal: any Journal) throws(DriverError) -> Proactor
    {
        let inbox = Merge<Fact>(capacity: Self.factsPerNode)
        let interlocks = InterlockDesk(layout.interlocks)
        return Proactor(
            profile: profile, nodes: try nodes(inbox, interlocks), inbox: inbox,
            journal: journal, clock: clock,
            chance: SeededGenerator(seed: settings.seed.value, for: profile.incarnation),
            logger: logger, interlocks: interlocks)
    }

    /// Whether the node's hardware is simulated. Never true unless layout or command line say so.
    private func isSimulated(_ node: NodeLayout) -> Bool {
        settings.simulate.value || node.component.isSimulated
    }

    private func nodes(
        _ inbox: Merge<Fact>, _ interlocks: InterlockDesk
    ) throws(DriverError) -> [ShNode] {
        let registry = DriverRegistry.standard
        let buses = ModbusBusPool(layout.buses.filter { !$0.isSimulated }, clock: clock)
        let real = RealWiring(
            bus: { name throws(DriverError) in try buses.bus(name) }, files: SystemFiles(),
            stateDirectory: settings.stateDirectory.value)
        let pretend = SimulatedWiring(clock: clock)
        try pretend.plugIn(
            layout.nodes.filter(isSimulated).map(\.component), seed: settings.seed.value)
        let board = ChannelBoard()
        return layout.nodes.map { node in
            let wiring: any Wiring = isSimulated(node) ? pretend : real
            var chance = SeededGenerator(seed: settings.seed.value, for: node.name.text)
            return ShNode(
                name: node.name, component: node.component,
                phase: Double.random(in: 0..<1, using: &chance),
                rules: node.rules, desk: interlocks, board: board,
                outbox: inbox.source(named: node.name.text), clock: clock
            ) { component throws(DriverError) in
                guard let driver = registry[component.model] else {
                    throw DriverError(.badComponent, registry.unknown(component.model.text))
                }
                return try driver.init(component: component, wiring: wiring)
            }
        }
    }
}
