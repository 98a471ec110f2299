import Codecs
import Mqtt
import PlainJson
import Vocabulary

/// The words of a GridWorks link, in the part of the child: what a genuine gwproactor parent decodes,
/// acknowledges and sends.
///
/// Of what was said before it remembers only the newest values: the power and the handles that were last
/// told, and the states of relays.
public struct GridworksCodec: PeerCodec {
    let gateway: GatewayName
    let upstream: UpstreamName
    let settings: GridworksSettings
    let nodes: [NodeProfile]
    let relays: [ShNodeName: GridworksRelay]
    let relaysByChannel: [DataChannelName: GridworksRelay]
    let channels: [DataChannelName: DataChannel]
    let memory: GridworksMemory
    let presence: PresenceTopic
    /// What the topics of the parent and of admin begin with.
    let parentRoot: String
    let adminRoot: String
    /// How each acknowledgement of the parent begins.
    let acknowledgementHead: [UInt8]

    /// - Parameters:
    ///   - upstream: Called the peer's name in events, as GridWorks calls links, and named in commands.
    ///   - prefix: The first level of the topic that says whether the gateway is here.
    public init(
        profile: GatewayProfile, upstream: UpstreamName, settings: GridworksSettings,
        prefix: String = "tidegate"
    ) {
        (gateway, self.upstream, self.settings) = (profile.gateway, upstream, settings)
        nodes = profile.nodes
        let relays = profile.nodes.compactMap { GridworksRelay($0, settings) }
        self.relays = Dictionary(relays.map { ($0.node, $0) }) { first, _ in first }
        relaysByChannel = Dictionary(relays.map { ($0.channel.name, $0) }) { first, _ in first }
        channels = Dictionary(
            profile.nodes.flatMap(\.channels).map { ($0.name, $0) }
        ) { first, _ in first }
        memory = GridworksMemory(channels: channels, settings)
        presence = PresenceTopic(prefix: prefix, profile: profile, upstream: upstream)
        parentRoot = GridworksTopics.root(from: settings.parent.text, to: settings.shortName)
        adminRoot = GridworksTopics.root(from: GridworksTopics.admin, to: gateway.text)
        let sample = GridworksEnvelope.acknowledgement(
            of: "", from: settings.parent.text, to: settings.shortName)
        acknowledgementHead = sample.payload.dropLast(Self.acknowledgementTail.count)
    }

    // MARK: Who is here

    /// GridWorks has no last will. This one stands apart from its topics, where no peer stumbles over it.
    public var will: MqttMessage { presence.message("offline", at: nil) }

    public var subscriptions: [String] {
        let parent = GridworksTopics.all(from: settings.parent.text, to: settings.shortName)
        guard settings.hasAdmin else { return [parent] }
        return [parent, GridworksTopics.all(from: GridworksTopics.admin, to: gateway.text)]
    }

    public func greeting(at now: WallTime, within limit: Int) -> [MqttMessage] {
        [presence.message("online", at: now)]
    }

    public func farewell(at now: WallTime) -> [MqttMessage] {
        [presence.message("offline", at: now)]
    }

    // MARK: The peer

    public func ping(_ identity: String) -> MqttMessage {
        GridworksEnvelope.ping(identity, from: gateway.text, to: settings.parentShortName)
    }

    public func acknowledgement(of identity: String) -> MqttMessage {
        // What admin wants acknowledged bears its mark, so that the answer finds the way back.
        let isAdmins = identity.hasPrefix(Self.adminMark)
        return GridworksEnvelope.acknowledgement(
            of: isAdmins ? String(identity.dropFirst(Self.adminMark.count)) : identity,
            from: gateway.text, to: isAdmins ? GridworksTopics.admin : settings.parentShortName)
    }

    /// No identity from the wire holds a line break.
    static let adminMark = "admin\n"

    public func activation(at now: WallTime) -> [MqttMessage] {
        var messages = [layoutLite(at: now, to: settings.parentShortName)]
        // A peer that was not there may have missed the last one, which nobody acknowledges.
        if let watts = memory.watts { messages.append(power(watts)) }
        return messages
    }

    // MARK: Values

    public var schedule: Schedule {
        Schedule(report: settings.reportPeriod, snapshot: settings.snapshotPeriod)
    }

    public func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        var messages = memory.take(reading).map { [power($0)] } ?? []
        if let relay = relaysByChannel[reading.channel], reading.quality == .good {
            memory.note(relay.node, is: reading.value)
            messages += changedTree(at: at.wall)
        }
        if settings.hasAdmin, reading.quality == .good, channels[reading.channel] != nil {
            let payload = Self.single(reading, at: at.wall)
            messages.append(message("single.reading", to: GridworksTopics.admin, payload))
        }
        return messages
    }

    /// Nothing of GridWorks is retained.
    public func unknown(_ channel: DataChannelName) -> [MqttMessage] { [] }

    /// Faults are told in the history, as events.
    public func activeFaults(
        _ faults: [ActiveFault], at now: WallTime, within limit: Int
    ) -> [MqttMessage] { [] }

    public func historyWriter(of journal: JournalIdentity) -> any HistoryWriter {
        GridworksHistoryWriter(codec: self, journal: journal)
    }

    /// Without what is not good, and without channels that were silent for 2.1 capture periods.
    public func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage] {
        let fresh = latest.filter { value in
            guard value.reading.quality == .good, let channel = channels[value.reading.channel]
            else { return false }
            let age = now.nanoseconds.subtractingReportingOverflow(value.at.wall.nanoseconds)
            let longest = channel.capture.period.wholeNanoseconds.multipliedReportingOverflow(
                by: 21)
            return longest.overflow
                || (!age.overflow && age.partialValue <= longest.partialValue / 10)
        }.sorted { $0.reading.channel < $1.reading.channel }
        let payload = JsonText.object([
            "FromGNodeAlias": .text(gateway.text),
            "FromGNodeInstanceId": .text(settings.instance),
            "SnapshotTimeUnixMs": .number(GridworksTime.milliseconds(now)),
            "LatestReadingList": .list(fresh.map { Self.single($0.reading, at: $0.at.wall) }),
            "LatestStateList": .list(fresh.compactMap(state)),
            "TypeName": "snapshot.spaceheat", "Version": "003",
        ])
        let messages = destinations.map { message("snapshot.spaceheat", to: $0, payload) }
        return messages + changedTree(at: now)
    }

    private static func single(_ reading: Reading, at: WallTime) -> JsonText {
        JsonText.object([
            "ChannelName": .text(reading.channel.text), "Value": .number(reading.value),
            "ScadaReadTimeUnixMs": .number(GridworksTime.milliseconds(at)),
            "TypeName": "single.reading", "Version": "000",
        ]).markedSimulated(reading.isSimulated)
    }

    private func state(_ value: LiveValue) -> JsonText? {
        guard let relay = relaysByChannel[value.reading.channel], let words = relay.words else {
            return nil
        }
        return JsonText.object([
            "MachineHandle": .text(handle(of: relay.node)), "StateEnum": .text(words.stateType),
            "State": .text(words.state(value.reading.value)),
            "UnixMs": .number(GridworksTime.milliseconds(value.at.wall)),
            "TypeName": "single.machine.state", "Version": "000",
        ]).markedSimulated(value.reading.isSimulated)
    }

    private func power(_ watts: Int64) -> MqttMessage {
        let isSimulated = nodes.contains { node in
            node.isSimulated
                && node.channels.contains { settings.powerMetering[$0.name] != nil }
        }
        let payload = JsonText.object([
            "Watts": .number(watts), "TypeName": "power.watts", "Version": "000",
        ]).markedSimulated(isSimulated)
        return message("power.watts", to: settings.parentShortName, payload)
    }

    // MARK: Who commands

    /// The relay's handle begins with whoever holds it.
    public func control(_ control: Control, of node: ShNodeName, at now: Timestamp)
        -> [MqttMessage]
    {
        memory.note(control.holder, holds: node)
        return changedTree(at: now.wall)
    }

    /// Who gives the orders of the parent.
    var parentSource: CommandSource { CommandSource(.upstream, upstream.text) }
    /// Who gives the orders of whoever is admin on this link.
    var adminSource: CommandSource { CommandSource(.upstream, "\(upstream) admin") }

    /// The names of whoever may be the boss of a relay.
    static let local = "local"

    /// Whom a relay obeys now, in the words of handles.
    func boss(of node: ShNodeName) -> String { boss(memory.holders[node]) }

    private func boss(_ holder: CommandSource?) -> String {
        switch holder {
        case nil, parentSource: settings.parentShortName
        case adminSource: GridworksTopics.admin
        default: Self.local
        }
    }

    func handle(of node: ShNodeName) -> String { "\(boss(of: node)).\(node)" }

    /// The handles of all relays at this moment.
    var handles: [ShNodeName: String] {
        let holders = memory.holders
        return relays.mapValues { "\(boss(holders[$0.node])).\($0.node)" }
    }

    // MARK: Messages

    /// Whom snapshots and trees go to.
    var destinations: [String] {
        settings.hasAdmin
            ? [settings.parentShortName, GridworksTopics.admin] : [settings.parentShortName]
    }

    /// A message that nobody acknowledges.
    func message(_ type: String, to destination: String, _ payload: JsonText) -> MqttMessage {
        GridworksEnvelope.message(
            type, from: gateway.text, to: destination, payload, qos: .atLeastOnce)
    }

    /// A message to the parent that has to be acknowledged.
    func event(_ type: String, _ identity: String, _ payload: JsonText) -> MqttMessage {
        GridworksEnvelope.message(
            type, from: gateway.text, to: settings.parentShortName, identity: identity,
            isAckRequired: true, payload, qos: .atLeastOnce)
    }
}
