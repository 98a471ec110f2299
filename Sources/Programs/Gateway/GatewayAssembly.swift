import Channels
import CommandLine
import DriverKit
import Drivers
import Host
import Journals
import Layouts
import Logging
import Nodes
import Proactors
import Simulators
import Vocabulary
import Wires

/// Puts a gateway together: the one place that chooses between real and simulated wires.
struct GatewayAssembly {
    let layout: HardwareLayout
    let settings: ResolvedSettings
    let clock: any GatewayClock
    let logger: Logger
    /// What all nodes share, also those that a reload brings.
    private let inbox = FanIn<Fact>(capacity: Self.factsPerNode)
    private let interlocks: InterlockCoordinator
    private let snapshot = ChannelSnapshot()
    private let buses: ModbusBusPool
    private let byteLines: ByteLinePool
    /// Lines of simulated chips, which the nodes of a reload share with those that are there.
    private let lines: SimulatedLines
    let lock: StateLock
    /// Facts that one node may have waiting for the proactor.
    private static let factsPerNode = 256

    init(
        layout: HardwareLayout, settings: ResolvedSettings, clock: any GatewayClock,
        logger: Logger
    ) {
        (self.layout, self.settings) = (layout, settings)
        (self.clock, self.logger) = (clock, logger)
        interlocks = InterlockCoordinator(layout.interlocks)
        lines = SimulatedLines(clock: clock)
        lock = StateLock(directory: settings.stateDirectory.value)
        buses = ModbusBusPool(layout.buses.filter { !$0.isSimulated }, clock: clock)
        byteLines = ByteLinePool(clock: clock)
    }

    var retainedNames: RetainedNames { RetainedNames(directory: settings.dataDirectory) }

    /// What the gateway is made of, as it publishes upstream.
    func profile(incarnation: String) -> GatewayProfile {
        profile(of: layout, incarnation: incarnation)
    }

    /// The same by another layout. The gateway keeps its name.
    private func profile(of other: HardwareLayout, incarnation: String) -> GatewayProfile {
        GatewayProfile(
            gateway: layout.gateway, incarnation: incarnation,
            nodes: other.nodes.map { node in
                NodeProfile(
                    name: node.name, kind: node.kind, title: node.title,
                    driver: node.component.model, isSimulated: isSimulated(node),
                    channels: node.component.channels)
            })
    }

    /// The journal in the state directory. Not open yet.
    func journal(_ profile: GatewayProfile) -> SqliteJournal {
        SqliteJournal(
            path: JournalOptions.path(in: settings.dataDirectory),
            upstreams: upstreams.map(\.name), settings: layout.journal,
            session: JournalSession(
                boot: Machine.bootIdentity, incarnation: profile.incarnation,
                channels: profile.nodes.flatMap(\.channels)),
            clock: clock, makeFolder: { [self] () throws(JournalError) in try makeFolder() })
    }

    /// Makes the folder of the journal, in a directory that no other user can use.
    private func makeFolder() throws(JournalError) {
        try lock.takeAgain()
        do throws(MachineError) {
            try Machine.makeFolder(settings.dataDirectory)
        } catch {
            throw JournalError(.storage, error.detail)
        }
    }

    /// - Throws: `DriverError` when a simulated device cannot be made from its settings.
    func proactor(_ profile: GatewayProfile, _ journal: any Journal) throws(DriverError) -> Proactor
    {
        Proactor(
            profile: profile, nodes: try maker(of: layout.nodes, in: layout)(), inbox: inbox,
            journal: journal, clock: clock,
            chance: SeededGenerator(seed: settings.seed.value, for: profile.incarnation),
            logger: logger, interlocks: interlocks)
    }

    /// What another layout changes about the gateway that runs.
    ///
    /// - Throws: `DriverError` when a simulated device cannot be made from its settings.
    func replacement(
        from old: HardwareLayout, to new: HardwareLayout, incarnation: String
    ) throws(DriverError) -> Replacement {
        let diff = LayoutDiff(from: old, to: new)
        let profile = profile(of: new, incarnation: incarnation)
        let codecs = upstreams.map { ($0.name, codec(for: $0, profile)) }
        let make = try maker(
            of: new.nodes.filter { diff.touched.contains($0.name) }, in: new)
        let wires = new.buses.filter { !$0.isSimulated }
        return Replacement(
            profile: profile, leaving: Set(diff.removed + diff.changed.map(\.name)),
            interlocks: new.interlocks, codecs: Dictionary(uniqueKeysWithValues: codecs),
            words: diff.summary
        ) { [buses] hasOrphans in
            buses.replace(wires, keepingOthers: hasOrphans)
            return make()
        }
    }

    /// Whether the node's hardware is simulated. Never true unless layout or command line say so.
    private func isSimulated(_ node: NodeLayout) -> Bool {
        settings.simulate.value || node.component.isSimulated
    }

    private var realWiring: RealWiring {
        RealWiring(
            bus: { [buses] name throws(DriverError) in try buses.bus(name) }, byteLines: byteLines,
            files: SystemFiles(), clock: clock, stateDirectory: settings.dataDirectory)
    }

    /// Makes the driver of a node, on its wires, simulated or real.
    typealias Opener =
        @Sendable (NodeLayout, Component) throws(DriverError) -> sending any Driver

    /// Opens nothing by itself.
    func opener(
        for nodes: [NodeLayout], in layout: HardwareLayout
    ) throws(DriverError) -> Opener {
        let real = realWiring
        let pretend = SimulatedWiring(clock: clock, lines: lines)
        let shown = layout.nodes.filter(isSimulated).compactMap { node in
            node.rules.feedback.map { (relay: node.component, by: $0) }
        }
        try pretend.plugIn(
            nodes.filter(isSimulated).map(\.component), shown: shown, seed: settings.seed.value)
        return { node, component throws(DriverError) in
            let registry = DriverRegistry.standard
            guard let driver = registry[component.model] else {
                throw DriverError(.invalidComponent, registry.unknown(component.model.text))
            }
            let wiring: any Wiring = isSimulated(node) ? pretend : real
            return try driver.init(component: component, wiring: wiring)
        }
    }

    /// Makes nodes when it is called; nothing is opened by that.
    private func maker(
        of nodes: [NodeLayout], in layout: HardwareLayout
    ) throws(DriverError) -> @Sendable () -> [ShNode] {
        let open = try opener(for: nodes, in: layout)
        // Relays have the first threads, because they must be made safe whatever else there is.
        let relays = nodes.filter { $0.component.safeState != nil }
        let others = nodes.filter { $0.component.safeState == nil }
        return { (relays + others).map { node in self.node(node, open) } }
    }

    private func node(_ node: NodeLayout, _ open: @escaping Opener) -> ShNode {
        let counters =
            isSimulated(node) ? nil : realWiring.counterStore(for: node.component.name)
        var chance = SeededGenerator(seed: settings.seed.value, for: node.name.text)
        return ShNode(
            name: node.name,
            component: isSimulated(node) ? node.component.simulated() : node.component,
            phase: Double.random(in: 0..<1, using: &chance),
            rules: node.rules, coordinator: interlocks, snapshot: snapshot, counters: counters,
            heedsLoad: true,
            outbox: inbox.source(named: node.name.text), clock: clock
        ) { component throws(DriverError) in try open(node, component) }
    }
}
