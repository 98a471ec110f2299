import Codecs
import Vocabulary

/// Tidegate's own JSON: what there is to say of a gateway as documents, for whatever carries them. The codec
/// publishes them on topics; the direct link sends them as they are.
public struct PlainDocuments: Hashable, Sendable {
    public let profile: GatewayProfile
    let nodes: [ShNodeName: NodeProfile]
    private let channels: [DataChannelName: DataChannel]

    public init(of profile: GatewayProfile) {
        self.profile = profile
        nodes = Dictionary(profile.nodes.map { ($0.name, $0) }) { first, _ in first }
        channels = Dictionary(
            profile.nodes.flatMap(\.channels).map { ($0.name, $0) }
        ) { first, _ in first }
    }

    /// What the gateway is made of.
    package func birth(_ detail: Detail = .all, at now: WallTime) -> [UInt8] {
        var members = JsonText.members([
            "gateway": .text(profile.gateway.text),
            "incarnation": .text(profile.incarnation),
            "at": .text(now.iso8601),
            "simulated": .flag(profile.isSimulated),
            "nodes": .list(
                detail >= .noNodes ? [] : profile.nodes.map { Self.birth(of: $0, detail) }),
        ])
        if detail > .all { members.append(Self.leftOut(detail.leftOut)) }
        return JsonText.group(members).bytes
    }

    /// The newest value of a channel; nil when the layout no longer has it, as nobody knows its unit.
    public func live(_ reading: Reading, at: Timestamp) -> [UInt8]? {
        members(of: reading, at: at.wall).map { JsonText.group($0 + Self.doubt(at)).bytes }
    }

    /// A record of the journal. As `live`.
    func history(_ reading: Reading, in entry: Entry) -> [UInt8]? {
        members(of: reading, at: entry.fact.at.wall).map { Self.history($0, in: entry) }
    }

    func history(_ fault: Fault, in entry: Entry) -> [UInt8] {
        Self.history(
            Self.members(of: fault, of: entry.fact.node, at: entry.fact.at.wall), in: entry)
    }

    func history(_ event: GatewayEvent, in entry: Entry) -> [UInt8] {
        Self.history(Self.members(of: event, at: entry.fact.at.wall), in: entry)
    }

    private static func history(_ members: [JsonText.Member], in entry: Entry) -> [UInt8] {
        let offset = JsonText.number(Int64(clamping: entry.offset))
        return JsonText.group(
            members + [JsonText.Member(name: "sequence", value: offset)] + doubt(entry.fact.at)
        ).bytes
    }

    /// What became of a command.
    public func answer(
        _ outcome: CommandOutcome, id: CommandID, node: ShNodeName?, at now: Timestamp
    ) -> [UInt8] {
        var members = JsonText.members([
            "id": .text(id.text),
            "node": node.map { .text($0.text) } ?? .null,
            "outcome": .text(outcome.kind.rawValue),
        ])
        let detail = JsonText.Member(
            name: "detail",
            value: outcome.detail.map { .text($0.printable(limit: Self.longestDetail)) } ?? .null)
        if case .confirmed(let value, let at) = outcome {
            if let node = node.flatMap({ nodes[$0] }), let channel = node.commanded {
                let reading = Reading(
                    channel: channel.name, value: value, isSimulated: node.isSimulated)
                members += Self.members(of: reading, in: channel, at: now.wall(of: at))
                    .filter { !["channel", "node"].contains($0.name) }
            }
            members += Self.doubt(now)
        } else {
            members += JsonText.members([
                "value": .null, "steps": .null, "time": .number(now.wall.nanoseconds),
                "iso": .text(now.wall.iso8601),
            ])
        }
        return JsonText.group(members + [detail]).bytes
    }

    /// Who may command an actuator.
    func control(_ control: Control, of node: ShNodeName, at now: Timestamp) -> [UInt8] {
        text(control, of: node, at: now).bytes
    }

    /// The same as a part of a document.
    package func text(_ control: Control, of node: ShNodeName, at now: Timestamp) -> JsonText {
        // The end is measured on a clock that never jumps, and labelled by the wall clock of this moment.
        let until = control.until.map(now.wall(of:))
        let channel = nodes[node]?.channels.first
        return JsonText.object([
            "node": .text(node.text),
            "overriddenBy": control.overriddenBy.map { .text($0.description) } ?? .null,
            "overrideUntil": until.map { .text($0.iso8601) } ?? .null,
            "controller": control.controller.map { .text($0.description) } ?? .null,
            "queued": control.queued.map { .text(channel?.text($0) ?? "\($0)") } ?? .null,
            "time": .number(now.wall.nanoseconds),
            "iso": .text(now.wall.iso8601),
        ])
    }

    /// Everything there is to say at once.
    ///
    /// - Parameters:
    ///   - values: Of channels that the layout has; others are left out, as nobody knows their unit.
    ///   - more: Members that only some carriers have.
    public func report(
        _ status: PlainStatus, _ faults: [ActiveFault], _ values: [LiveValue],
        and more: [JsonText.Member] = []
    ) -> [UInt8] {
        let members =
            [JsonText.Member(name: "gateway", value: .text(status.own.who))] + status.members
            + [
                JsonText.Member(name: "faults", value: Self.list(of: faults)),
                JsonText.Member(name: "channels", value: list(of: values)),
            ] + more
        return JsonText.group(members).bytes
    }

    /// The active faults. Beyond `count`, the newest are left out and counted.
    package func active(
        _ faults: [ActiveFault], atMost count: Int = .max, at now: WallTime
    ) -> [UInt8] {
        var members = JsonText.members([
            "incarnation": .text(profile.incarnation),
            "at": .text(now.iso8601),
            "faults": Self.list(of: Array(faults.prefix(count))),
        ])
        if count < faults.count {
            let leftOut = JsonText.number(Int64(faults.count - count))
            members.append(JsonText.Member(name: "leftOut", value: leftOut))
        }
        return JsonText.group(members).bytes
    }

    static func list(of faults: [ActiveFault]) -> JsonText {
        .list(faults.map { .group(members(of: $0.fault, of: $0.node, at: $0.since)) })
    }
}

// MARK: - Parts

extension PlainDocuments {
    /// The most of a reason that an answer gives; it may repeat what the requester wrote.
    package static let longestDetail = 500

    func members(of reading: Reading, at: WallTime) -> [JsonText.Member]? {
        channels[reading.channel].map { Self.members(of: reading, in: $0, at: at) }
    }

    /// What a birth says of nodes; less and less.
    package enum Detail: Int, CaseIterable, Comparable {
        case all, noTitles, noChannels, noNodes

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        var leftOut: [String] {
            switch self {
            case .all: []
            case .noTitles: ["titles"]
            case .noChannels: ["titles", "channels"]
            case .noNodes: ["nodes"]
            }
        }
    }

    /// Shows a reader that there is more than the broker takes.
    static func leftOut(_ what: [String]) -> JsonText.Member {
        JsonText.Member(name: "leftOut", value: .list(what.map { .text($0) }))
    }

    static func birth(of node: NodeProfile, _ detail: Detail) -> JsonText {
        .group(
            JsonText.members([
                "name": .text(node.name.text),
                "kind": .text(node.kind.rawValue),
                "title": .text(node.title),
                "driver": .text(node.driver.text),
                "simulated": .flag(node.isSimulated),
                "channels": .list(node.channels.map(birth(of:))),
            ]).filter {
                !($0.name == "title" && detail >= .noTitles
                    || $0.name == "channels" && detail >= .noChannels)
            })
    }

    private static func birth(of channel: DataChannel) -> JsonText {
        .object([
            "name": .text(channel.name.text),
            "unit": .text(channel.unit.rawValue),
            "symbol": .text(channel.unit.symbol),
            "exponent": .number(Int64(channel.exponent)),
            "source": .text(channel.source),
            "pollPeriod": .number(DecimalNumber(seconds: channel.pollPeriod)),
            "capturePeriod": .number(DecimalNumber(seconds: channel.capture.period)),
            "captureDelta": channel.capture.delta.map { .number(channel.decimal($0)) } ?? .null,
        ])
    }

    /// What stands beside a time that was labelled before the clock was set; nothing beside others.
    private static func doubt(_ at: Timestamp) -> [JsonText.Member] {
        at.isSynchronised ? [] : [JsonText.Member(name: "synchronised", value: .flag(false))]
    }

    /// A value that is not good is never a value: it is null, and the number stands beside it under a
    /// name of its own.
    private static func members(
        of reading: Reading, in channel: DataChannel, at: WallTime
    ) -> [JsonText.Member] {
        let isGood = reading.quality == .good
        let decimal = JsonText.number(channel.decimal(reading.value))
        var members = JsonText.members([
            "channel": .text(channel.name.text),
            "node": .text(channel.node.text),
            "value": isGood ? decimal : .null,
            "steps": isGood ? .number(reading.value) : .null,
            "exponent": .number(Int64(channel.exponent)),
            "unit": .text(channel.unit.rawValue),
            "time": .number(at.nanoseconds),
            "iso": .text(at.iso8601),
            "quality": .text(reading.quality.rawValue),
        ])
        if isGood, channel.unit == .onOff {
            members.insert(
                JsonText.Member(name: "state", value: .text(channel.text(reading.value))), at: 3)
        }
        if reading.isSimulated {
            members.append(JsonText.Member(name: "simulated", value: .flag(true)))
        }
        switch reading.quality {
        case .good: break
        case .stale: members.append(JsonText.Member(name: "last", value: decimal))
        case .bad: members.append(JsonText.Member(name: "rejected", value: decimal))
        }
        return members
    }

    private static func members(of event: GatewayEvent, at: WallTime) -> [JsonText.Member] {
        JsonText.members([
            "event": .text(event.kind.rawValue),
            "link": event.link.map { .text($0.text) } ?? .null,
            "number": event.number.map { .number($0) } ?? .null,
            "detail": .text(event.detail),
            "time": .number(at.nanoseconds),
            "iso": .text(at.iso8601),
        ])
    }

    private static func members(
        of fault: Fault, of node: ShNodeName, at: WallTime
    ) -> [JsonText.Member] {
        var members = JsonText.members([
            "node": .text(node.text),
            "kind": .text(fault.kind.rawValue),
            "active": .flag(fault.isOn),
            "detail": .text(fault.detail),
            "time": .number(at.nanoseconds),
            "iso": .text(at.iso8601),
        ])
        if let channel = fault.channel {
            members.insert(JsonText.Member(name: "channel", value: .text(channel.text)), at: 1)
        }
        return members
    }
}

extension JsonText {
    fileprivate static func members(_ pairs: KeyValuePairs<String, JsonText>) -> [Member] {
        pairs.map { Member(name: $0.key, value: $0.value) }
    }
}
