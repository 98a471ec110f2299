import Documents
import DriverKit
import Vocabulary

extension LayoutReader {
    /// What guards a relay, as far as it can be read without knowing the other nodes.
    mutating func readRules(_ section: Section, _ kind: NodeKind?) -> GuardRules {
        if let kind, kind != .relay {
            for key in LayoutSection.guardKeys where section.says(key.name) {
                report(
                    section.place(of: key.name),
                    "only a relay has \(key.name); this is a \(kind.rawValue)")
            }
            return GuardRules()
        }
        return GuardRules(
            limits: readLimits(section), controller: section.name("controller", UpstreamTag.self),
            failsafeAfter: section.duration("failsafeAfter"))
    }

    private mutating func readLimits(_ node: Section) -> SwitchLimits {
        guard let section = node.section("limits", .limits) else { return SwitchLimits() }
        let limits = SwitchLimits(
            minimumOnTime: section.duration("minimumOnTime"),
            minimumOffTime: section.duration("minimumOffTime"),
            maximumOnTime: section.duration("maximumOnTime"),
            maximumSwitchesPerHour: section.whole("maximumSwitchesPerHour").map(Int.init),
            queuesEarlyCommands: section.flag("queueEarlyCommands") ?? false)
        if let most = limits.maximumOnTime {
            let safe: SafeState? = node.word("safeState")
            if safe == .on {
                report(
                    section.place(of: "maximumOnTime"),
                    "contradicts safeState on: the relay would be driven off and on endlessly")
            }
            if let least = limits.minimumOnTime, least > most {
                report(
                    section.place(of: "maximumOnTime"),
                    "\(most.layoutText) is shorter than minimumOnTime \(least.layoutText)")
            }
        }
        return limits
    }

    /// Completes the rules of each relay by what other nodes and upstreams have.
    mutating func checkGuards(of drafts: [NodeDraft]) -> [ShNodeName: GuardRules] {
        var result: [ShNodeName: GuardRules] = [:]
        let owners = ChannelOwners(drafts)
        for draft in drafts {
            guard let name = draft.name, var rules = draft.layout?.rules else { continue }
            if let controller = rules.controller, upstreamNames.places[controller.text] == nil {
                let words = upstreamNames.missing(controller.text, problems).message
                report(draft.section.place(of: "controller"), words)
            }
            if let section = draft.section.section("feedback", .feedback),
                draft.component?.safeState != nil
            {
                rules.feedback = readFeedback(section, of: name, owners)
            }
            result[name] = rules
        }
        return result
    }

    private mutating func readFeedback(
        _ section: Section, of node: ShNodeName, _ owners: ChannelOwners
    ) -> FeedbackRule? {
        guard let name = section.name("channel", DataChannelTag.self),
            let within = section.duration("timeout")
        else { return nil }
        guard let (owner, channel) = owners[name] else {
            let words = channelNames.missing(name.text, problems).message
            report(section.place(of: "channel"), words)
            return nil
        }
        if owner.name == node {
            report(
                section.place(of: "channel"),
                "is the relay's own, whose line is read back anyway; name another node's channel")
        }
        let speaksUp = owner.driver.map { $0.type is any EventDriver.Type } ?? false
        if !speaksUp, within <= channel.pollPeriod {
            report(
                section.says("timeout") ? section.place(of: "timeout") : section.place,
                "timeout \(within.layoutText) must be longer than the channel's pollPeriod "
                    + channel.pollPeriod.layoutText)
        }
        guard let whenOn = whenOn(section, channel) else { return nil }
        return FeedbackRule(channel: name, whenOn: whenOn, within: within)
    }

    private mutating func whenOn(_ section: Section, _ channel: DataChannel) -> ClosedRange<Int64>?
    {
        if channel.unit == .onOff {
            if section.says("onAbove") {
                report(
                    section.place(of: "onAbove"),
                    "channel \(channel.name) is on or off; leave onAbove out, or write inverted")
            }
            return section.flag("inverted") == true ? 0...0 : 1...1
        }
        if section.says("inverted") {
            report(
                section.place(of: "inverted"), "only a channel that is on or off can be inverted")
        }
        guard let node = section["onAbove"], let number = node.number else {
            if !section.says("onAbove") {
                report(
                    section.place,
                    "onAbove is missing: from which \(channel.unit.rawValue) on the relay is on")
            }
            return nil
        }
        guard let steps = number.nearestSteps(exponent: channel.exponent) else {
            report(node.place, "\(number) is too large for channel \(channel.name)")
            return nil
        }
        return steps ... .max
    }
}

/// Which node has which channel. Of as many channels as a layout may have, only their places are kept.
private struct ChannelOwners {
    private let drafts: [NodeDraft]
    private var places: [DataChannelName: (node: Int, channel: Int)] = [:]

    /// - Parameter drafts: Of which nothing is looked at unless one has feedback.
    init(_ drafts: [NodeDraft]) {
        self.drafts = drafts
        guard drafts.contains(where: { $0.section.says("feedback") }) else { return }
        for (node, draft) in drafts.enumerated() {
            for (place, channel) in (draft.component?.channels ?? []).enumerated()
            where places[channel.name] == nil {
                places[channel.name] = (node, place)
            }
        }
    }

    subscript(name: DataChannelName) -> (node: NodeDraft, channel: DataChannel)? {
        guard let (node, place) = places[name], let component = drafts[node].component
        else { return nil }
        return (drafts[node], component.channels[place])
    }
}

extension NodeLayout {
    /// The same with these rules.
    func guarded(by rules: GuardRules) -> NodeLayout {
        NodeLayout(
            name: name, kind: kind, title: title, parent: parent, component: component,
            rules: rules)
    }
}
