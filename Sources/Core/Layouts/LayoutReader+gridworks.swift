import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// The words that an upstream speaks; nil when they are not complete.
    mutating func readCodec(
        _ upstream: Section, _ nodes: [NodeLayout]
    ) -> UpstreamLayout.Codec? {
        guard upstream.text("codec") == "gridworks" else {
            // Of a codec that is misspelt it is not known whether it is another.
            let isOther = ["plain", nil].contains(upstream.node["codec"]?.text)
            if upstream.says("gridworks"), isOther {
                tell(
                    upstream.place(of: "gridworks"),
                    "has no effect without \"codec\": \"gridworks\"")
            }
            return .plain(answersTo: upstream["answersTo"]?.list?.compactMap(\.text) ?? [])
        }
        if upstream.says("answersTo") {
            tell(
                upstream.place(of: "answersTo"),
                "has no effect with \"codec\": \"gridworks\", whose answers go to the parent")
        }
        guard let section = upstream.section("gridworks", .gridworks) else {
            if !upstream.says("gridworks") {
                tell(
                    upstream.place(of: "codec"),
                    "gridworks is missing beside it: {\"parent\": \"ALIAS\", "
                        + "\"instance\": \"UUID\"}")
            }
            return nil
        }
        checkNames(section)
        let metering = readMetering(section, nodes)
        let relays = readRelays(section, nodes)
        let report = section.duration("reportPeriod")
        if let report, report.wholeNanoseconds % 1_000_000_000 != 0 {
            tell(section.place(of: "reportPeriod"), "must be whole seconds")
        }
        let threshold = section["powerThreshold"]?.number
        if let threshold,
            threshold.mantissa < 0 || (threshold.nearestSteps(exponent: -9) ?? .max) > 1_000_000_000
        {
            tell(section.place(of: "powerThreshold"), "must be a share from 0 to 1")
        }
        guard let parent = section.name("parent", GatewayTag.self),
            let parentShortName = section.text("parentShortName"),
            let shortName = section.text("shortName"), let instance = section.text("instance"),
            let asset = asset(section, of: parent), let hasAdmin = section.flag("admin"),
            let report, let snapshot = section.duration("snapshotPeriod"), let threshold,
            let age = section.duration("commandAge")
        else { return nil }
        return .gridworks(
            GridworksLink(
                parent: parent, parentShortName: parentShortName, shortName: shortName,
                instance: instance, terminalAsset: asset, hasAdmin: hasAdmin,
                reportPeriod: report, snapshotPeriod: snapshot, powerMetering: metering,
                powerThreshold: threshold, relays: relays, commandAge: age))
    }

    private mutating func asset(_ section: Section, of parent: GatewayName) -> GatewayName? {
        if section.says("terminalAsset") { return section.name("terminalAsset", GatewayTag.self) }
        if let asset = GatewayName("\(parent).ta") { return asset }
        tell(section.place, "terminalAsset is missing: \(parent).ta would be too long")
        return nil
    }

    /// Names that mean somebody in the command tree already.
    private mutating func checkNames(_ section: Section) {
        let (own, parent) = (section.text("shortName"), section.text("parentShortName"))
        var taken = ["admin": "whoever takes over", "local": "the controller by hand"]
        for key in ["shortName", "parentShortName"] {
            guard let name = section.text(key), let who = taken[name] else { continue }
            tell(section.place(of: key), "\(name) is the name of \(who) in the command tree")
        }
        if let own, own == parent {
            tell(section.place(of: "shortName"), "\(own) is the parent's short name, too")
        }
        if let parent { taken[parent] = "the parent" }
        if let own { taken[own] = "this gateway" }
        for (name, who) in taken.sorted(by: { $0.key < $1.key }) {
            guard let place = nodeNames.places[name] else { continue }
            tell(
                place.below("name"),
                "\(name) is the name of \(who) on a GridWorks link; the node needs another")
        }
        if let gateway = document.name("gateway", GatewayTag.self),
            gateway == section.name("parent", GatewayTag.self)
        {
            tell(section.place(of: "parent"), "\(gateway) is this gateway itself")
        }
    }

    private mutating func readMetering(
        _ section: Section, _ nodes: [NodeLayout]
    ) -> [DataChannelName: Int64] {
        var book = KnownNames("channel")
        var result: [DataChannelName: Int64] = [:]
        for metered in section.sections("powerMetering", .meteredPower) {
            guard let name = metered.name("channel", DataChannelTag.self) else { continue }
            let place = metered.place(of: "channel")
            if let taken = book.take(name.text, at: metered.place) { tell(place, taken) }
            guard channelNames.places[name.text] != nil else {
                tell(place, channelNames.missing(name.text, problems).message)
                continue
            }
            let channel = nodes.flatMap(\.component.channels).first { $0.name == name }
            if let channel, channel.unit != .watt {
                tell(place, "channel \(name) is in \(channel.unit.rawValue), not in watt")
            }
            result[name] = metered.whole("nameplate")
        }
        return result
    }

    private mutating func readRelays(
        _ section: Section, _ nodes: [NodeLayout]
    ) -> [GridworksLink.Relay] {
        var book = KnownNames("node")
        return section.sections("relays", .gridworksRelay).compactMap { words in
            checkPair(words, "deEnergizingEvent", "energizingEvent")
            checkPair(words, "deEnergizedState", "energizedState")
            guard let node = words.name("node", ShNodeTag.self) else { return nil }
            let place = words.place(of: "node")
            if let taken = book.take(node.text, at: words.place) { tell(place, taken) }
            guard nodeNames.places[node.text] != nil else {
                tell(place, nodeNames.missing(node.text, problems).message)
                return nil
            }
            if let layout = nodes.first(where: { $0.name == node }),
                layout.kind != .relay || layout.component.channels.first?.unit != .onOff
            {
                tell(place, "node \(node) is no relay that is on or off")
            }
            guard let eventType = words.text("eventType"),
                let off = words.text("deEnergizingEvent"),
                let on = words.text("energizingEvent"), let stateType = words.text("stateType"),
                let isOff = words.text("deEnergizedState"),
                let isOn = words.text("energizedState")
            else { return nil }
            return GridworksLink.Relay(
                node: node, eventType: eventType, deEnergizingEvent: off, energizingEvent: on,
                stateType: stateType, deEnergizedState: isOff, energizedState: isOn)
        }
    }

    private mutating func checkPair(_ words: Section, _ off: String, _ on: String) {
        guard let one = words.text(off), one == words.text(on) else { return }
        tell(
            words.says(on) ? words.place(of: on) : words.place(of: off),
            "\(one) stands for both; on and off need words of their own")
    }
}
