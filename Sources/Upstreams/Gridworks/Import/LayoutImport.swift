import Documents
import Vocabulary

/// Turns a GridWorks layout into one of Tidegate's, written to be read and finished by hand.
///
/// The same input gives the same text. Whatever has no driver here is named in `notes`, and in the
/// comment at the top of the text; nothing is left out in silence.
public struct LayoutImport {
    /// The layout, with comments that say what to fill in and what to do before the first run.
    public var text: String { document.document }

    /// What a person must know, one line each: what was left out, what is simulated, what to do.
    public var notes: [String] {
        todo.map { "to do: \($0)" } + simulated.map { "simulated: \($0)" }
            + leftOut.map { "not imported: \($0)" }
    }

    /// Whether anything in the layout has a driver here.
    public var isEmpty: Bool { nodes.isEmpty }

    let source: GridworksLayout
    let hasUpstream: Bool
    var buses: [LayoutText] = []
    var nodes: [LayoutText] = []
    var todo: [String] = []
    var simulated: [String] = []
    var leftOut: [String] = []
    /// Buses by host and port.
    var busNames: [String: String] = [:]
    /// The node here of each channel that is in the text.
    var owners: [String: String] = [:]
    var relays: [GridworksRelayConfig] = []
    /// Kinds of lines of boards, and expanders by address, of which a person has been told.
    var boards: Set<String> = []
    var expanders: Set<Int64> = []
    /// Ids of the components that are in the text or reported.
    var reported: Set<String> = []
    private var taken: Set<String> = []

    /// - Parameter hasUpstream: Whether the text has an upstream for the GridWorks link.
    public init(_ layout: GridworksLayout, hasUpstream: Bool = true) {
        (source, self.hasUpstream) = (layout, hasUpstream)
        // The link calls these by their names, so nothing else may take them.
        taken = Set(layout.nodes.filter { $0.actorClass != "NoActor" }.map(\.name))
        if hasUpstream { taken.formUnion(["admin", "local", layout.parentShortName]) }
        if layout.lacksPeriods {
            todo.append(
                "periods: GridWorks has them in a second file; each channel without one is kept every "
                    + "\(GridworksLayout.usualCapture.layoutText) here")
        }
        for node in layout.nodes { take(node) }
        reportRest()
    }

    private mutating func take(_ node: GridworksNode) {
        let component = source.component(of: node)
        switch (node.actorClass, component?.form) {
        case ("PowerMeter", .meter(let host, let port, let configs)?):
            guard let component, reported.insert(component.id).inserted else {
                return reportShared(node)
            }
            addMeter(node, component, host: host, port: port, configs)
        case ("MultipurposeSensor", .thermistors(let addresses, _, _, let configs)?):
            guard let component, reported.insert(component.id).inserted else {
                return reportShared(node)
            }
            addThermistors(node, component, addresses: addresses, configs)
        case ("I2cThermistorReader", .reader(let converter, let configs)?):
            guard let component, reported.insert(component.id).inserted else {
                return reportShared(node)
            }
            addReader(node, component, converter, configs)
        case ("GpioSensor", .line(let line, let configs)?):
            guard let component, let config = configs.first else {
                return leaveOut(node, component)
            }
            guard reported.insert(component.id).inserted else { return reportShared(node) }
            addContact(node, component, line, config)
        case ("Relay", .line(let line, let configs)?):
            guard let component,
                let config = configs.first(where: { $0.relay?.actor == node.name }),
                let relay = config.relay, reported.insert(component.id).inserted
            else { return reportShared(node) }
            addRelay(node, component, line, config, relay)
        case ("ZeroTenOutputer", nil): addOutput(node)
        case ("I2cZeroTenMultiplexer", .outputs?), ("I2cRelayMultiplexer", .relays?),
            ("I2cBus", nil), ("I2cRelayBoard", nil):
            break
        case ("Relay", .relays(let addresses, let configs)?):
            guard let component,
                let config = configs.first(where: { $0.relay?.actor == node.name }),
                let relay = config.relay
            else { return }
            addRelay(node, component, config, relay, addresses: addresses)
        default:
            leaveOut(node, component)
        }
        if node.path.hasPrefix("s2."), !source.component(of: node).isNilOrOther {
            todo.append(
                "\(node.name) is read by the secondary gateway s2 there; check whether it is wired to this gateway"
            )
        }
    }

    private mutating func reportShared(_ node: GridworksNode) {
        leftOut.append("\(describe(node)): another node reads the same component")
    }

    /// A node's name that nothing else has.
    mutating func freeName(_ wanted: String) -> String {
        var name = wanted
        var number = 2
        while !taken.insert(name).inserted {
            name = "\(wanted.prefix(60))-\(number)"
            number += 1
        }
        return name
    }

    // MARK: the text

    private var document: LayoutText {
        var members: [(name: String, value: LayoutText)] = [
            ("gateway", .noted(header, .text(source.gateway.text)))
        ]
        if !buses.isEmpty { members.append(("buses", .list(buses))) }
        members.append(("nodes", .list(nodes)))
        if hasUpstream { members.append(("upstreams", .list([upstream]))) }
        return .object(members)
    }

    private var header: [String] {
        var lines = ["Imported from the GridWorks hardware layout of \(source.gateway)."]
        for (title, entries) in [
            ("To do before the first run:", todo),
            ("Simulated, because it is simulated there or its wire is unknown:", simulated),
            ("Not imported:", leftOut),
        ] where !entries.isEmpty {
            lines += ["", title] + entries.flatMap { LayoutText.wrapped($0, after: "  * ") }
        }
        return lines + [""]
    }

    /// What the gateway is called on the link.
    var shortName: String {
        source.nodes.first { ["PrimaryScada", "Scada"].contains($0.actorClass) }?.name ?? "s"
    }

    private var upstream: LayoutText {
        let metering = source.channels.filter { $0.isInPowerMetering && owners[$0.name] != nil }
            .map { channel in
                LayoutText.object([
                    ("channel", .text(channel.name)),
                    ("nameplate", .whole(source.node(named: channel.about)?.nameplate ?? 0)),
                ])
            }
        let words = relays.map { relay in
            LayoutText.object([
                ("node", .text(relay.actor)), ("eventType", .text(relay.eventType)),
                ("deEnergizingEvent", .text(relay.deEnergizingEvent)),
                ("energizingEvent", .text(relay.energizingEvent)),
                ("stateType", .text(relay.stateType)),
                ("deEnergizedState", .text(relay.deEnergizedState)),
                ("energizedState", .text(relay.energizedState)),
            ])
        }
        var link: [(name: String, value: LayoutText)] = [
            ("parent", .text(source.parent)), ("parentShortName", .text(source.parentShortName)),
            ("shortName", .text(shortName)), ("instance", .text(source.instance)),
            ("terminalAsset", .text(source.terminalAsset)),
        ]
        if !metering.isEmpty { link.append(("powerMetering", .list(metering))) }
        if !words.isEmpty { link.append(("relays", .list(words))) }
        link += [("shNodes", .list(nodeNames)), ("dataChannels", .list(channelNames))]
        return .noted(
            [
                "FILL IN: the parent's broker; user, password and tls where required."
            ],
            .object([
                ("name", .text("gridworks")), ("broker", .text("mqtt://127.0.0.1:1883")),
                ("codec", .text("gridworks")), ("gridworks", .object(link)),
            ]))
    }
}

extension GridworksComponent? {
    fileprivate var isNilOrOther: Bool { self?.form == .other || self == nil }
}
