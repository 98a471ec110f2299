import Documents
import DriverKit
import Layouts
import Vocabulary

extension LayoutSection {
    static let gridworksNode = LayoutSection(
        noun: "what GridWorks knows a node by",
        keys: [
            LayoutKey(
                "name", .text(.name(ShNodeTag.self)), .required,
                "A node of this gateway, the short name of this gateway or its parent, or a thing "
                    + "that is measured."),
            LayoutKey("id", .text(.uuid4), .optional, "The ShNodeId, a UUID of version 4."),
            LayoutKey("title", .value(.text), .optional, "The DisplayName."),
            LayoutKey(
                "actorClass", .value(.text), .optional,
                "The ActorClass; of a node that of its kind, of a thing NoActor when left out."),
            LayoutKey(
                "nameplate", .value(.whole(0...1_000_000_000)), .optional,
                "The device's largest power, in watts."),
        ])

    static let gridworksChannel = LayoutSection(
        noun: "what GridWorks knows a channel by",
        keys: [
            LayoutKey(
                "channel", .text(.name(DataChannelTag.self)), .required,
                "A channel of this gateway."),
            LayoutKey("id", .text(.uuid4), .optional, "The Id, a UUID of version 4."),
            LayoutKey("title", .value(.text), .optional, "The DisplayName."),
            LayoutKey(
                "about", .text(.name(ShNodeTag.self)), .optional,
                "The node or thing that is measured; the channel's node when left out."),
            LayoutKey(
                "capturedBy", .text(.name(ShNodeTag.self)), .optional,
                "The node that measures; the channel's node when left out."),
            LayoutKey(
                "telemetryName", .value(.text), .optional,
                "The TelemetryName; that of the unit and its steps when left out."),
        ])
}

extension LayoutReader {
    /// What a GridWorks link knows nodes and channels by, in layout order.
    mutating func readGridworksNames(
        _ section: Section, _ nodes: [NodeLayout]
    ) -> (nodes: [GridworksNodeNames], channels: [DataChannelName: GridworksChannelNames]) {
        var taken: [String: Place] = [:]
        var known: [GridworksNodeNames] = []
        for entry in section.sections("shNodes", .gridworksNode) {
            guard let name = entry.name("name", ShNodeTag.self) else { continue }
            takeOnce("node \(name)", &taken, entry, "name")
            if let id = entry.text("id") { takeOnce("id \(id)", &taken, entry, "id") }
            known.append(
                GridworksNodeNames(
                    name, id: entry.text("id"), title: entry.text("title"),
                    actorClass: entry.text("actorClass"), nameplate: entry.whole("nameplate")))
        }
        let classes = Dictionary(known.map { ($0.name, $0.actorClass) }) { first, _ in first }
        var channels: [DataChannelName: GridworksChannelNames] = [:]
        for entry in section.sections("dataChannels", .gridworksChannel) {
            guard let name = entry.name("channel", DataChannelTag.self) else { continue }
            takeOnce("channel \(name)", &taken, entry, "channel")
            if let id = entry.text("id") { takeOnce("id \(id)", &taken, entry, "id") }
            if channelNames.places[name.text] == nil {
                let words = channelNames.missing(name.text, problems).message
                report(entry.place(of: "channel"), words)
                continue
            }
            let about = entry.name("about", ShNodeTag.self)
            let capturedBy = entry.name("capturedBy", ShNodeTag.self)
            for (key, name) in [("about", about), ("capturedBy", capturedBy)] {
                guard let name, classes[name] == nil, nodeNames.places[name.text] == nil else {
                    continue
                }
                report(
                    entry.place(of: key),
                    "there is no node \(name); a thing that is no node needs an entry in shNodes")
            }
            if let capturedBy, nodeNames.places[capturedBy.text] == nil,
                let actorClass = classes[capturedBy], actorClass ?? "NoActor" == "NoActor"
            {
                report(
                    entry.place(of: "capturedBy"),
                    "\(capturedBy) needs an actorClass in shNodes; NoActor measures nothing")
            }
            channels[name] = GridworksChannelNames(
                id: entry.text("id"), title: entry.text("title"), about: about,
                capturedBy: capturedBy, telemetryName: entry.text("telemetryName"))
        }
        for node in nodes where classes[node.name] == "NoActor" {
            let own = node.component.channels.first {
                (channels[$0.name]?.capturedBy ?? node.name) == node.name
            }
            guard let own else { continue }
            report(
                section.place(of: "shNodes"),
                "node \(node.name) is a NoActor there; channel \(own.name) needs capturedBy")
        }
        return (known, channels)
    }

    private mutating func takeOnce(
        _ what: String, _ taken: inout [String: Place], _ entry: Section, _ key: String
    ) {
        if let first = taken[what] {
            report(entry.place(of: key), "\(what) is already in use by \(first)")
        } else {
            taken[what] = entry.place
        }
    }
}
