import Documents
import Vocabulary

/// Reads a GridWorks layout's keys; `GridworksChecks` then looks at what they mean together.
struct GridworksReader {
    private(set) var problems = ProblemList()
    let tunings: [String: GridworksTunings.Tuning]
    /// What kinds of hardware there are, by their id or, since May 2026, by their DeviceType.
    private var classes: [String: JsonNode] = [:]
    /// The kind of each component, by the component's id.
    private var kinds: [String: JsonNode] = [:]
    /// What the channels measure, by name.
    private(set) var telemetries: [String: String] = [:]
    /// The channels that a component's node captures, by the component's id.
    private(set) var captured: [String: [GridworksChannel]] = [:]
    /// The channels whose sum is the house's power.
    private var metered: Set<String> = []
    /// Whether some channel's periods are not here: since May 2026 they are in a file of their own.
    var lacksPeriods = false

    init(tunings: GridworksTunings? = nil) { self.tunings = tunings?.tunings ?? [:] }

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
        let derived = ["DerivedChannels", "SynthChannels"].flatMap { entries($0, of: document) }
            .compactMap { derivedChannel($0) }
        metered = Set(derived.lazy.filter(\.isMeteredPower).flatMap(\.inputs))
        let nodes = entries("ShNodes", of: document).compactMap { node($0) }
        let channels = entries("DataChannels", of: document).compactMap { channel($0) }
        let components = components(of: document, nodes, channels)
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

    mutating func report(_ place: Place, _ message: @autoclosure () -> String) {
        problems.append(Problem(place, message()))
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
        // A SCADA is of the base class Logical in some, and of the class Scada in all.
        let found = entries("GNodes", of: document).filter {
            $0["BaseClass"]?.text == baseClass || $0["GNodeClass"]?.text == baseClass
        }
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
        guard isScada else { return (alias, nil, node.place) }
        if node["GNodeId"] == nil { report(node.place, "GNodeId is missing") }
        return (alias, identity("GNodeId", of: node), node.place)
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
        for entry in entries("DeviceTypes", of: document) {
            guard let type = text("DeviceType", of: entry) else { continue }
            classes[type] = entry
        }
    }

    private mutating func components(
        of document: JsonNode, _ nodes: [GridworksNode], _ channels: [GridworksChannel]
    ) -> [GridworksComponent] {
        telemetries = Dictionary(channels.map { ($0.name, $0.telemetry) }) { first, _ in first }
        let byNode = Dictionary(grouping: channels, by: \.capturedBy)
        for node in nodes {
            guard let id = node.component, let channels = byNode[node.name] else { continue }
            captured[id, default: []] += channels
        }
        let listed = [
            "Ads111xBasedComponents", "ResistiveHeaterComponents", "ElectricMeterComponents",
            "OtherComponents", "Components",
        ].flatMap { entries($0, of: document) }
        for entry in listed {
            guard let id = entry["ComponentId"]?.text else { continue }
            let kind = entry["DeviceType"]?.text ?? entry["ComponentAttributeClassId"]?.text
            kinds[id] = kind.flatMap { classes[$0] } ?? entry
        }
        return listed.compactMap { component($0) }
    }

    private mutating func derivedChannel(_ entry: JsonNode) -> GridworksDerived? {
        let inputs = (entry["InputChannelNames"]?.list ?? []).compactMap(\.text)
        return text("Name", of: entry).map {
            GridworksDerived(name: $0, strategy: entry["Strategy"]?.text, inputs: inputs)
        }
    }

    private mutating func node(_ entry: JsonNode) -> GridworksNode? {
        let name = text("Name", of: entry)
        let actorClass = text("ActorClass", of: entry)
        let nameplate = whole("NameplatePowerW", of: entry, required: false)
        guard let name, let actorClass else { return nil }
        return GridworksNode(
            name: name, id: identity("ShNodeId", of: entry), title: title(of: entry),
            actorClass: actorClass,
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
        let isMarked = flag("InPowerMetering", of: entry, required: false) ?? false
        return GridworksChannel(
            name: name, id: identity("Id", of: entry), title: title(of: entry), about: about,
            capturedBy: capturedBy, telemetry: telemetry,
            isInPowerMetering: isMarked || metered.contains(name), place: entry.place)
    }

    private mutating func component(_ entry: JsonNode) -> GridworksComponent? {
        let id = text("ComponentId", of: entry)
        let typeName = text("TypeName", of: entry)
        // Since May 2026 a component names its type of device, or the board that it is on.
        let deviceType = text("DeviceType", of: entry, required: false)
        let board = text("BoardComponentId", of: entry, required: false)
        let classId = text(
            "ComponentAttributeClassId", of: entry,
            required: deviceType == nil && board == nil)
        guard let id, let typeName else { return nil }
        var kind: JsonNode?
        if let classId {
            kind = classes[classId]
            if kind == nil {
                report(
                    entry["ComponentAttributeClassId"]?.place ?? entry.place,
                    "no component attribute class of this layout has the id \(classId)")
            }
        } else if let deviceType {
            kind = classes[deviceType] ?? entry
        } else if let board {
            kind = kinds[board]
            if kind == nil {
                report(
                    entry["BoardComponentId"]?.place ?? entry.place,
                    "there is no component \(board)")
            }
        }
        guard let kind else { return nil }
        let form = form(of: entry, typeName: typeName, kind: kind)
        let least = whole("MinPollPeriodMs", of: kind, required: false, in: 1...86_400_000)
        return GridworksComponent(
            id: id, title: title(of: entry), typeName: typeName,
            makeModel: deviceType ?? kind["MakeModel"]?.text ?? kind["DeviceType"]?.text ?? "",
            hardwareId: hardwareId(of: entry),
            leastPoll: least.map { .milliseconds($0) },
            form: form, channels: channels(of: entry), place: entry.place)
    }

    private func channels(of entry: JsonNode) -> [String] {
        guard let list = entry["ConfigList"]?.list else {
            return entry["ComponentId"]?.text.flatMap { captured[$0] }?.map(\.name) ?? []
        }
        return list.compactMap { $0["ChannelName"]?.text }
    }

    /// What the device calls itself; a tank may have two Picos.
    private func hardwareId(of entry: JsonNode) -> String? {
        let ids = ["HwUid", "PicoHwUid", "PicoAHwUid", "PicoBHwUid"].compactMap { entry[$0]?.text }
        return ids.isEmpty ? nil : ids.joined(separator: " and ")
    }

    /// A UUID of version 4; nil, and reported, for anything else that stands there.
    private mutating func identity(_ key: String, of entry: JsonNode) -> String? {
        guard let id = text(key, of: entry, required: false) else { return nil }
        if GridworksIdentity.isUUID4(id) { return id }
        report(entry[key]?.place ?? entry.place, "\(id) is not a UUID of version 4")
        return nil
    }
}
