import Codecs
import Mqtt
import Vocabulary

/// What a gateway says on one connection of a GridWorks link.
///
/// It remembers the newest values: the power and the handles that were last published, and the states of relays.
struct GridworksSession: CodecSession {
    let codec: GridworksCodec
    var memory: GridworksMemory

    init(codec: GridworksCodec, _ connection: CodecConnection) {
        self.codec = codec
        memory = GridworksMemory(channels: codec.channels, codec.settings)
        for value in connection.latest {
            _ = memory.take(value.reading)
            guard let relay = codec.relaysByChannel[value.reading.channel],
                value.reading.quality == .good
            else { continue }
            memory.note(relay.node, is: value.reading.value)
        }
        for (node, control) in connection.control {
            memory.note(node, overriddenBy: control.overriddenBy)
        }
    }

    // MARK: Who is here

    /// GridWorks has no last will. This one stands apart from its topics, where no peer stumbles over it.
    var will: MqttMessage? { codec.presence.message("offline", at: nil) }

    mutating func birth(at now: WallTime, within limit: Int) -> [MqttMessage] {
        [codec.presence.message("online", at: now)]
    }

    mutating func offline(at now: WallTime) -> [MqttMessage] {
        [codec.presence.message("offline", at: now)]
    }

    mutating func activation(at now: WallTime) -> [MqttMessage] {
        var messages = [layoutLite(at: now, to: codec.settings.parentShortName)]
        // A peer that was not there may have missed the last one, which nobody acknowledges.
        if let watts = memory.watts { messages.append(power(watts)) }
        return messages
    }

    // MARK: Values

    mutating func live(_ reading: Reading, at: Timestamp) -> [MqttMessage] {
        var messages = memory.take(reading).map { [power($0)] } ?? []
        if let relay = codec.relaysByChannel[reading.channel], reading.quality == .good {
            memory.note(relay.node, is: reading.value)
            messages += changedTree(at: at.wall)
        }
        if codec.settings.hasAdmin, reading.quality == .good, codec.channels[reading.channel] != nil
        {
            let payload = Self.single(reading, at: at.wall)
            messages.append(codec.message("single.reading", to: GridworksTopics.admin, payload))
        }
        return messages
    }

    /// Without what is not good, and without channels that were silent for 2.1 capture periods.
    mutating func snapshot(_ latest: [LiveValue], at now: WallTime) -> [MqttMessage] {
        let fresh = latest.filter { value in
            guard value.reading.quality == .good,
                let channel = codec.channels[value.reading.channel]
            else { return false }
            let age = now.nanoseconds.subtractingReportingOverflow(value.at.wall.nanoseconds)
            let longest = channel.capture.period.wholeNanoseconds.multipliedReportingOverflow(
                by: 21)
            return longest.overflow
                || (!age.overflow && age.partialValue <= longest.partialValue / 10)
        }.sorted { $0.reading.channel < $1.reading.channel }
        let payload = JsonText.object([
            "FromGNodeAlias": .text(codec.gateway.text),
            "FromGNodeInstanceId": .text(codec.settings.instance),
            "SnapshotTimeUnixMs": .number(GridworksTime.milliseconds(now)),
            "LatestReadingList": .list(fresh.map { Self.single($0.reading, at: $0.at.wall) }),
            "LatestStateList": .list(fresh.compactMap(state)),
            "TypeName": "snapshot.spaceheat", "Version": "003",
        ])
        let messages = codec.destinations.map {
            codec.message("snapshot.spaceheat", to: $0, payload)
        }
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
        guard let relay = codec.relaysByChannel[value.reading.channel], let words = relay.words
        else {
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
        let isSimulated = codec.nodes.contains { node in
            node.isSimulated
                && node.channels.contains { codec.settings.powerMetering[$0.name] != nil }
        }
        let payload = JsonText.object([
            "Watts": .number(watts), "TypeName": "power.watts", "Version": "000",
        ]).markedSimulated(isSimulated)
        return codec.message("power.watts", to: codec.settings.parentShortName, payload)
    }

    // MARK: Who commands

    /// The relay's handle begins with its holder.
    mutating func control(_ control: Control, of node: ShNodeName, at now: Timestamp)
        -> [MqttMessage]
    {
        memory.note(node, overriddenBy: control.overriddenBy)
        return changedTree(at: now.wall)
    }

    /// The names that may be the boss of a relay.
    static let local = "local"

    /// Whom a relay obeys now, in the words of handles.
    func boss(of node: ShNodeName) -> String { boss(memory.overrides[node]) }

    private func boss(_ source: CommandSource?) -> String {
        switch source {
        case nil, codec.parentSource: codec.settings.parentShortName
        case codec.adminSource: GridworksTopics.admin
        default: Self.local
        }
    }

    func handle(of node: ShNodeName) -> String { "\(boss(of: node)).\(node)" }

    /// The handles of all relays at this moment.
    var handles: [ShNodeName: String] {
        let overrides = memory.overrides
        return codec.relays.mapValues { "\(boss(overrides[$0.node])).\($0.node)" }
    }
}
