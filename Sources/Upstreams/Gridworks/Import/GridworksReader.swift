import Documents
import Vocabulary

/// Reads a GridWorks layout's keys; `GridworksChecks` then looks at what they mean together.
struct GridworksReader {
    private(set) var problems = ProblemList()
    private var classes: [String: JsonNode] = [:]
    /// Whether some channel's periods are not here: since May 2026 they are in a file of their own.
    var lacksPeriods = false

    /// - Returns: Nil when the document is too far from a layout to check more.
    mutating func layout(_ document: JsonNode) -> GridworksLayout? {
        guard document.group != nil else {
            report(document.place, "is \(document.value.noun); a layout is an object")
            return nil
        }
        guard document["ShNodes"] != nil else {
            let hint =
                document["gateway"] == nil ? "" : "; this looks like a Tidegate layout"
            report(
                document.place, "ShNodes is missing: this is not a GridWorks hardware layout" + hint
            )
            return nil
        }
        let isListed = document["GNodes"] != nil
        let isOld = !isListed && document["MyLeafTransactiveNodeGNode"] == nil
        let scada = isListed ? listed("Scada", of: document) : gNode("MyScadaGNode", of: document)
        let parent =
            isListed
            ? listed("LeafTransactiveNode", of: document)
            : gNode(isOld ? "MyAtomicTNodeGNode" : "MyLeafTransactiveNodeGNode", of: document)
        let asset =
            isListed
            ? listed("TerminalAsset", of: document) : gNode("MyTerminalAssetGNode", of: document)
        readClasses(document)
        let nodes = entries("ShNodes", of: document).compactMap { node($0) }
        let components = [
            "Ads111xBasedComponents", "ResistiveHeaterComponents", "ElectricMeterComponents",
            "OtherComponents", "Components",
        ].flatMap { entries($0, of: document) }.compactMap { component($0) }
        let channels = entries("DataChannels", of: document).compactMap { channel($0) }
        let derived = ["DerivedChannels", "SynthChannels"].flatMap { entries($0, of: document) }
            .compactMap { text("Name", of: $0) }
        guard let scada, let parent, let asset else { return nil }
        guard let gateway = GatewayName(scada.alias) else {
            report(
                scada.place, "Alias \(scada.alias) is not a valid gateway alias: \(GatewayTag.form)"
            )
            return nil
        }
        return GridworksLayout(
            gateway: gateway, instance: scada.id ?? "", parent: parent.alias,
            parentShortName: isOld ? "a" : "ltn", terminalAsset: asset.alias,
            strategy: document["Strategy"]?.text, nodes: nodes, components: components,
            channels: channels, derived: derived, lacksPeriods: lacksPeriods)
    }

    mutating func report(_ place: Place, _ message: String) {
        problems.append(Problem(place, message))
    }

    private mutating func gNode(
        _ key: String, of document: JsonNode
    ) -> (alias: String, id: String?, place: Place)? {
        object(key, of: document).flatMap { gNode($0, isScada: key == "MyScadaGNode") }
    }

    /// One of the list that layouts have since June 2026.
    private mutating func listed(
        _ baseClass: String, of document: JsonNode
    ) -> (alias: String, id: String?, place: Place)? {
        let found = entries("GNodes", of: document).filter { $0["BaseClass"]?.text == baseClass }
        guard found.count == 1 else {
            let words = found.isEmpty ? "no entry" : "\(found.count) entries"
            report(
                document["GNodes"]?.place ?? document.place,
                "has \(words) of BaseClass \(baseClass); one is needed")
            return nil
        }
        return gNode(found[0], isScada: baseClass == "Scada")
    }

    private mutating func gNode(
        _ node: JsonNode, isScada: Bool
    ) -> (alias: String, id: String?, place: Place)? {
        guard let alias = text("Alias", of: node) else { return nil }
        if GatewayName(alias) == nil {
            report(node.place, "Alias \(alias) must be \(GatewayTag.form)")
            return nil
        }
        var id: String?
        if isScada {
            id = text("GNodeId", of: node)
            if let id, !isUuid(id) {
                report(node["GNodeId"]?.place ?? node.place, "\(id) is not a UUID of version 4")
            }
        }
        return (alias, id, node.place)
    }

    private func isUuid(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts[2].first == "4"
            && parts.allSatisfy { $0.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit } }
    }

    private mutating func readClasses(_ document: JsonNode) {
        for list in [
            "Ads111xBasedCacs", "ResistiveHeaterCacs", "ElectricMeterCacs", "OtherCacs",
        ] {
            for entry in entries(list, of: document) {
                guard let id = text("ComponentAttributeClassId", of: entry) else { continue }
                _ = text("MakeModel", of: entry)
                classes[id] = entry
            }
        }
    }

    private mutating func node(_ entry: JsonNode) -> GridworksNode? {
        let name = text("Name", of: entry)
        let actorClass = text("ActorClass", of: entry)
        let nameplate = whole("NameplatePowerW", of: entry, required: false)
        guard let name, let actorClass else { return nil }
        return GridworksNode(
            name: name, title: title(of: entry), actorClass: actorClass,
            hierarchy: text("ActorHierarchyName", of: entry, required: false),
            component: text("ComponentId", of: entry, required: false),
            nameplate: nameplate, place: entry.place)
    }

    private mutating func channel(_ entry: JsonNode) -> GridworksChannel? {
        let name = text("Name", of: entry)
        let about = text("AboutNodeName", of: entry)
        let capturedBy = text("CapturedByNodeName", of: entry)
        let telemetry = text("TelemetryName", of: entry)
        guard let name, let about, let capturedBy, let telemetry else { return nil }
        return GridworksChannel(
            name: name, title: title(of: entry), about: about, capturedBy: capturedBy,
            telemetry: telemetry,
            isInPowerMetering: flag("InPowerMetering", of: entry, required: false) ?? false,
            place: entry.place)
    }

    private mutating func component(_ entry: JsonNode) -> GridworksComponent? {
        let id = text("ComponentId", of: entry)
        let typeName = text("TypeName", of: entry)
        // Since May 2026 a component names its type of device and has no class beside it.
        let deviceType = text("DeviceType", of: entry, required: false)
        let classId = text(
            "ComponentAttributeClassId", of: entry, required: deviceType == nil)
        guard let id, let typeName, let kind = classId.map({ classes[$0] }) ?? entry else {
            if let classId, id != nil, typeName != nil {
                report(
                    entry["ComponentAttributeClassId"]?.place ?? entry.place,
                    "no component attribute class of this layout has the id \(classId)")
            }
            return nil
        }
        guard deviceType != nil || classId != nil else { return nil }
        let form = form(of: entry, typeName: typeName, kind: kind)
        let least = whole("MinPollPeriodMs", of: kind, required: false, in: 1...86_400_000)
        return GridworksComponent(
            id: id, title: title(of: entry), typeName: typeName,
            makeModel: deviceType ?? kind["MakeModel"]?.text ?? "",
            hardwareId: text("HwUid", of: entry, required: false),
            leastPoll: least.map { .milliseconds($0) },
            form: form,
            channels: (entry["ConfigList"]?.list ?? []).compactMap { $0["ChannelName"]?.text },
            place: entry.place)
    }
}
