import Codecs
import Documents
import DriverKit
import Layouts
import PlainJson
import Vocabulary

extension CodecDescription {
    /// The words of a GridWorks parent.
    public static let gridworks = CodecDescription(
        "gridworks", words: "that of a GridWorks parent",
        keys: [
            LayoutKey(
                "gridworks", .section(.gridworks), .optional,
                "Names and periods of the codec gridworks.")
        ]
    ) { reader, upstream, nodes in reader.readGridworks(upstream, nodes) }
}

extension GridworksSettings: CodecSettings {
    public func codec(
        of profile: GatewayProfile, upstream: UpstreamName, topic: String
    ) -> any Codec {
        GridworksCodec(profile: profile, upstream: upstream, settings: self, prefix: topic)
    }

    public func claims(topic: String) -> [CodecClaim] {
        let remedy = "would receive the messages for one"
        return [
            CodecClaim(
                "connects", "to a parent with the short name \(parentShortName)",
                at: ["gridworks", "parentShortName"], remedy: "both parents \(remedy)"),
            CodecClaim(
                "subscribes", "to messages of \(parent) to \(shortName)",
                at: ["gridworks", "parent"],
                remedy: "both links \(remedy)"),
        ]
    }

    public var schedule: Schedule { Schedule(report: reportPeriod, snapshot: snapshotPeriod) }

    public func topics(of layout: HardwareLayout, on upstream: UpstreamLayout) -> [CodecTopic] {
        let gateway = layout.gateway.text
        let toParent = GridworksTopics.root(from: gateway, to: parentShortName)
        var topics = [
            CodecTopic(
                PresenceTopic.topic(
                    prefix: upstream.topic, gateway: layout.gateway, upstream: upstream.name),
                "online or offline; retained, last will"),
            CodecTopic("\(toParent)/report-event", "every captured reading, in order"),
            CodecTopic("\(toParent)/gridworks-event-problem", "what goes wrong"),
            CodecTopic("\(toParent)/layout-lite", "nodes, channels and relays"),
            CodecTopic("\(toParent)/snapshot-spaceheat", "all latest values at once"),
            CodecTopic("\(toParent)/new-command-tree", "who commands which relay"),
        ]
        if !powerMetering.isEmpty {
            topics.append(CodecTopic("\(toParent)/power-watts", "the sum of all metered power"))
        }
        topics.append(
            CodecTopic(
                GridworksTopics.all(from: parent.text, to: shortName),
                "commands and acknowledgements of the parent"))
        guard hasAdmin else { return topics }
        return topics + [
            CodecTopic(
                "\(GridworksTopics.root(from: gateway, to: GridworksTopics.admin))/#",
                "single readings, snapshots and answers for admin"),
            CodecTopic(
                GridworksTopics.all(from: GridworksTopics.admin, to: gateway),
                "commands of admin"),
        ]
    }
}

extension LayoutReader {
    /// What an upstream says of its GridWorks link; nil when that is not complete.
    fileprivate mutating func readGridworks(
        _ upstream: Section, _ nodes: [NodeLayout]
    ) -> GridworksSettings? {
        guard let section = upstream.section("gridworks", .gridworks) else {
            if !upstream.says("gridworks") {
                report(
                    upstream.place(of: "codec"),
                    "gridworks is missing beside it: {\"parent\": \"ALIAS\", "
                        + "\"instance\": \"UUID\"}")
            }
            return nil
        }
        checkNames(section)
        let metering = readMetering(section, nodes)
        let relays = readRelays(section, nodes)
        let names = readGridworksNames(section, nodes)
        let reportPeriod = section.duration("reportPeriod")
        if let reportPeriod, reportPeriod.wholeNanoseconds % 1_000_000_000 != 0 {
            report(section.place(of: "reportPeriod"), "must be whole seconds")
        }
        let threshold = section["powerThreshold"]?.number
        if let threshold,
            threshold.mantissa < 0 || (threshold.nearestSteps(exponent: -9) ?? .max) > 1_000_000_000
        {
            report(section.place(of: "powerThreshold"), "must be a share from 0 to 1")
        }
        guard let parent = section.name("parent", GatewayTag.self),
            let parentShortName = section.text("parentShortName"),
            let shortName = section.text("shortName"), let instance = section.text("instance"),
            let asset = asset(section, of: parent), let hasAdmin = section.flag("admin"),
            let reportPeriod, let snapshot = section.duration("snapshotPeriod"), let threshold,
            let age = section.duration("commandAge")
        else { return nil }
        return GridworksSettings(
            parent: parent, parentShortName: parentShortName, shortName: shortName,
            instance: instance, terminalAsset: asset, hasAdmin: hasAdmin,
            reportPeriod: reportPeriod, snapshotPeriod: snapshot, powerMetering: metering,
            powerThreshold: threshold, relays: relays, commandAge: age, nodes: names.nodes,
            channels: names.channels)
    }

    private mutating func asset(_ section: Section, of parent: GatewayName) -> GatewayName? {
        if section.says("terminalAsset") { return section.name("terminalAsset", GatewayTag.self) }
        if let asset = GatewayName("\(parent).ta") { return asset }
        report(section.place, "terminalAsset is missing: \(parent).ta is too long")
        return nil
    }

    /// Names that are taken in the command tree already.
    private mutating func checkNames(_ section: Section) {
        let (own, parent) = (section.text("shortName"), section.text("parentShortName"))
        var taken = ["admin": "the admin's override", "local": "the local override"]
        for key in ["shortName", "parentShortName"] {
            guard let name = section.text(key), let who = taken[name] else { continue }
            report(section.place(of: key), "\(name) is reserved for \(who) in the command tree")
        }
        if let own, own == parent {
            report(section.place(of: "shortName"), "\(own) is also the parent's short name")
        }
        if let parent { taken[parent] = "the parent" }
        if let own { taken[own] = "this gateway" }
        for (name, who) in taken.sorted(by: { $0.key < $1.key }) {
            guard let place = nodeNames.places[name] else { continue }
            report(
                place.below("name"),
                "\(name) is reserved for \(who) on a GridWorks link; the node needs another")
        }
        if let gateway = document.name("gateway", GatewayTag.self),
            gateway == section.name("parent", GatewayTag.self)
        {
            report(section.place(of: "parent"), "\(gateway) is this gateway itself")
        }
    }

    private mutating func readMetering(
        _ section: Section, _ nodes: [NodeLayout]
    ) -> [DataChannelName: Int64] {
        let units = Dictionary(
            nodes.lazy.flatMap(\.component.channels).map { ($0.name, $0.unit) }
        ) { first, _ in first }
        var book = KnownNames("channel")
        var result: [DataChannelName: Int64] = [:]
        for metered in section.sections("powerMetering", .meteredPower) {
            guard let name = metered.name("channel", DataChannelTag.self) else { continue }
            let place = metered.place(of: "channel")
            if let taken = book.take(name.text, at: metered.place) { report(place, "\(taken)") }
            guard channelNames.places[name.text] != nil else {
                let words = channelNames.missing(name.text, problems).message
                report(place, words)
                continue
            }
            if let unit = units[name], unit != .watt {
                report(place, "channel \(name) is in \(unit.rawValue), not in watt")
            }
            result[name] = metered.whole("nameplate")
        }
        return result
    }

    private mutating func readRelays(
        _ section: Section, _ nodes: [NodeLayout]
    ) -> [ShNodeName: GridworksRelayWords] {
        let layouts = Dictionary(nodes.lazy.map { ($0.name, $0) }) { first, _ in first }
        var book = KnownNames("node")
        var result: [ShNodeName: GridworksRelayWords] = [:]
        for words in section.sections("relays", .gridworksRelay) {
            checkPair(words, "deEnergizingEvent", "energizingEvent")
            checkPair(words, "deEnergizedState", "energizedState")
            guard let node = words.name("node", ShNodeTag.self) else { continue }
            let place = words.place(of: "node")
            if let taken = book.take(node.text, at: words.place) { report(place, "\(taken)") }
            guard nodeNames.places[node.text] != nil else {
                let words = nodeNames.missing(node.text, problems).message
                report(place, words)
                continue
            }
            if let layout = layouts[node],
                layout.kind != .relay || layout.component.channels.first?.unit != .onOff
            {
                report(place, "node \(node) is not an on-off relay")
            }
            guard let eventType = words.text("eventType"),
                let off = words.text("deEnergizingEvent"),
                let on = words.text("energizingEvent"), let stateType = words.text("stateType"),
                let isOff = words.text("deEnergizedState"),
                let isOn = words.text("energizedState")
            else { continue }
            result[node] = GridworksRelayWords(
                eventType: eventType, deEnergizingEvent: off, energizingEvent: on,
                stateType: stateType, deEnergizedState: isOff, energizedState: isOn)
        }
        return result
    }

    private mutating func checkPair(_ words: Section, _ off: String, _ on: String) {
        guard let one = words.text(off), one == words.text(on) else { return }
        report(
            words.says(on) ? words.place(of: on) : words.place(of: off),
            "\(one) is used for both; on and off need different words")
    }
}
