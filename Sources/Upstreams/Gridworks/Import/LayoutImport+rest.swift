import Documents
import Vocabulary

// What stays behind, and why.
extension LayoutImport {
    /// `power-meter (PowerMeter, EGAUGE__4030)`.
    func describe(_ node: GridworksNode) -> String {
        let model = source.component(of: node).map { ", \($0.makeModel)" } ?? ""
        return "\(node.name) (\(node.actorClass)\(model))"
    }

    /// Where a node of the text comes from, for its comment.
    func origin(_ component: GridworksComponent, _ node: GridworksNode) -> String {
        let id = component.hardwareId.map { ", hardware id \($0)" } ?? ""
        return "\(component.makeModel)\(id), read by \(node.actorClass) \(node.name)."
    }

    /// Actors that are no hardware and run nothing: names of peers and of things that are measured.
    private static let names: Set<String> = ["NoActor", "Atn", "FakeAtn", "Admin", "Fsm"]

    mutating func leaveOut(_ node: GridworksNode, _ component: GridworksComponent?) {
        if ["PrimaryScada", "Scada"].contains(node.actorClass) { return }
        if let component {
            let isFirst = reported.insert(component.id).inserted
            let channels = isFirst ? listed(component.channels) : ""
            leftOut.append("\(describe(node)): \(reason(node, component))\(channels)")
        } else if !Self.names.contains(node.actorClass) {
            leftOut.append("\(describe(node)): \(reason(node.actorClass))")
        }
    }

    /// What is left when all nodes have been looked at.
    mutating func reportRest() {
        let kept = hasUpstream ? keptNames : []
        let names = source.nodes.filter {
            Self.names.contains($0.actorClass) && $0.component == nil && !kept.contains($0.name)
        }.map(\.name)
        if !names.isEmpty {
            leftOut.append("names without hardware (NoActor): \(names.joined(separator: ", "))")
        }
        for component in source.components where !reported.contains(component.id) {
            let title = component.title.map { " \($0)" } ?? ""
            leftOut.append(
                "component\(title) (\(component.makeModel)): no node of this layout reads it"
                    + listed(component.channels))
        }
        let known = Set(source.components.flatMap(\.channels))
        for channel in source.channels where !known.contains(channel.name) {
            leftOut.append("channel \(channel.name): no component reads it")
        }
        for channel in source.channels
        where channel.isInPowerMetering && owners[channel.name] == nil {
            leftOut.append("channel \(channel.name) is missing in power metering therefore")
        }
        for derived in source.derived where !derived.isMeteredPower {
            let how = derived.strategy.map { " (\($0))" } ?? ""
            leftOut.append(
                "channel \(derived.name): it is computed\(how); Tidegate publishes measured values only"
            )
        }
        if let strategy = source.strategy {
            leftOut.append(
                "strategy \(strategy): Tidegate follows its parent and has no strategy")
        }
    }

    private func listed(_ channels: [String]) -> String {
        channels.isEmpty ? "" : "; channels \(channels.joined(separator: ", "))"
    }

    private func reason(_ node: GridworksNode, _ component: GridworksComponent) -> String {
        if let unknown = unknown(node.actorClass) { return unknown }
        let type = component.typeName
        if component.makeModel == "ADAFRUIT__642" {
            return "a DS18B20; add a node with driver ds18b20 and its id under /sys/bus/w1/devices"
        }
        if component.form != .other { return "\(node.actorClass) reads no channel from it" }
        for (part, reason) in [
            (
                "pico",
                "a Pico\(picos(component)), which posts over HTTP; Tidegate does not listen for it"
            ),
            ("scada.board", "the board itself; what is on it is imported separately"),
            ("device.component", "a description, without channels"),
            ("hubitat", "behind a Hubitat hub, for which there is no driver"),
            ("fibaro", "a Z-Wave device behind a hub, for which there is no driver"),
            ("rest.poller", "a REST service, for which there is no driver"),
            ("dfr", "0-10 V outputs, for which there is no driver"),
            ("web.server", "the web server of gridworks-scada"),
            (
                "resistive.heater",
                "a rating without a wire; its relay and meter are imported separately"
            ),
        ] where type.contains(part) { return reason }
        return "no driver for \(type)"
    }

    private func picos(_ component: GridworksComponent) -> String {
        component.hardwareId.map { " \($0)" } ?? ""
    }

    private func reason(_ actorClass: String) -> String {
        switch actorClass {
        case "SecondaryScada", "Parentless":
            "another gateway of the house, which needs a layout of its own"
        case "DerivedGenerator", "SynthGenerator": "it computes channels"
        case "PicoCycler", "FiveVBoss": "it restarts Picos, which are not supported"
        case "ZeroTenOutputer", "I2cDacWriter": "a 0-10 V output, for which there is no driver"
        case "LocalControl", "LeafAlly", "HpBoss", "SiegLoop", "HomeAlone", "AtomicAlly",
            "PumpDoctor", "StratBoss", "HpRelayBoss":
            "a heating strategy; Tidegate follows its parent and has no strategy"
        default: unknown(actorClass) ?? "no driver"
        }
    }

    /// Why an actor class that nobody here knows stays behind; nil for one that is known.
    private func unknown(_ actorClass: String) -> String? {
        let known = GridworksWords.actorClasses
        guard !known.contains(actorClass) else { return nil }
        return "ActorClass \(actorClass) is unknown" + didYouMean(actorClass, among: known)
    }

    /// Why a series that is measured in this way stays behind.
    func noUnit(_ telemetry: String?) -> String {
        guard let telemetry, GridworksWords.telemetries[telemetry] == nil else {
            return "Tidegate has no unit for it"
        }
        return "TelemetryName \(telemetry) is unknown"
            + didYouMean(telemetry, among: GridworksWords.telemetries.keys)
    }
}
