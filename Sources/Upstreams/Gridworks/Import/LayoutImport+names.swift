import Vocabulary

// What the parent knows nodes and channels by already: none of it is made up anew.
extension LayoutImport {
    /// The classes that the wire of the link knows. Source: gridworks-scada-protocol 1.2.3, gw1.actor.class 009.
    private static let classes: Set<String> = [
        "PrimaryScada", "SecondaryScada", "PowerMeter", "LocalControl", "LeafAlly",
        "DerivedGenerator", "PicoCycler", "HpBoss", "I2cRelayMultiplexer", "I2cZeroTenMultiplexer",
        "Hubitat", "Relay", "MultipurposeSensor", "HoneywellThermostat", "ApiTankModule",
        "ApiFlowModule", "ZeroTenOutputer", "ApiBtuMeter", "SiegLoop",
    ]

    /// The nodes there that the link names.
    var keptNames: Set<String> {
        let imported = source.channels.lazy.filter { owners[$0.name] != nil }
        return Set(owners.values).union(imported.flatMap { [$0.about, $0.capturedBy] })
            .union([shortName, source.parentShortName])
    }

    /// The link's `shNodes`: its two ends, the nodes here, and what channels are about and captured by.
    var nodeNames: [LayoutText] {
        let (own, wanted) = (Set(owners.values), keptNames)
        let capturing = Set(
            source.channels.lazy.filter { owners[$0.name] != nil }.map(\.capturedBy))
        return source.nodes.filter { wanted.contains($0.name) }.map { node in
            var members: [(name: String, value: LayoutText)] = [("name", .text(node.name))]
            if let id = node.id { members.append(("id", .text(id))) }
            if let title = node.title { members.append(("title", .text(title))) }
            let isEnd = [shortName, source.parentShortName].contains(node.name)
            if own.contains(node.name) {
                // A thing whose name a node here has measures nothing there.
                if node.actorClass == "NoActor" { members.append(("actorClass", .text("NoActor"))) }
            } else if capturing.contains(node.name), !isEnd {
                let isKnown = Self.classes.contains(node.actorClass)
                members.append(
                    ("actorClass", .text(isKnown ? node.actorClass : "MultipurposeSensor")))
            }
            if let nameplate = node.nameplate { members.append(("nameplate", .whole(nameplate))) }
            return .object(members)
        }
    }

    /// The link's `dataChannels`.
    var channelNames: [LayoutText] {
        source.channels.compactMap { channel in
            guard let owner = owners[channel.name] else { return nil }
            var members: [(name: String, value: LayoutText)] = [("channel", .text(channel.name))]
            if let id = channel.id { members.append(("id", .text(id))) }
            if let title = channel.title { members.append(("title", .text(title))) }
            if channel.about != owner { members.append(("about", .text(channel.about))) }
            if channel.capturedBy != owner {
                members.append(("capturedBy", .text(channel.capturedBy)))
            }
            members.append(("telemetryName", .text(channel.telemetry)))
            return .object(members)
        }
    }
}
