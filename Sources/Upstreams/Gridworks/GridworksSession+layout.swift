import Codecs
import Mqtt
import Vocabulary

// What the gateway is made of, in GridWorks' words.
extension GridworksSession {
    /// The whole gateway. What only a heating strategy knows is reported as absent: we have none of our own.
    func layoutLite(at now: WallTime, to destination: String) -> MqttMessage {
        let payload = JsonText.object([
            "FromGNodeAlias": .text(codec.gateway.text),
            "MessageCreatedMs": .number(GridworksTime.milliseconds(now)),
            "MessageId": .text(GridworksIdentity.of("\(codec.gateway)/layout/\(now.nanoseconds)")),
            "Strategy": "Tidegate", "SystemMode": "MonitorOnly", "SeasonalStorageMode": "AllTanks",
            "BufferShortCycling": .flag(false), "ZoneList": .list([]),
            "CriticalZoneList": .list([]), "TotalStoreTanks": .number(1),
            "ShNodes": .list(shNodes(handles)),
            "DataChannels": .list(codec.nodes.flatMap { node in node.channels.map(dataChannel) }),
            "DerivedChannels": .list([]), "TankModuleComponents": .list([]),
            "FlowModuleComponents": .list([]), "Ha1Params": Self.noHeating,
            "I2cRelayComponent": relayComponent, "TypeName": "layout.lite", "Version": "011",
        ])
        return codec.message("layout.lite", to: destination, payload)
    }

    /// Which controller each relay has, published when that has changed since the last time.
    mutating func changedTree(at now: WallTime) -> [MqttMessage] {
        let handles = handles
        let usual = handles.allSatisfy { $1 == "\(codec.settings.parentShortName).\($0)" }
        guard memory.note(handles, first: !usual) else { return [] }
        let payload = JsonText.object([
            "FromGNodeAlias": .text(codec.gateway.text), "ShNodes": .list(shNodes(handles)),
            "UnixMs": .number(GridworksTime.milliseconds(now)), "TypeName": "new.command.tree",
            "Version": "000",
        ])
        return codec.destinations.map { codec.message("new.command.tree", to: $0, payload) }
    }

    /// What can be switched, for those that command it.
    func capabilities(at now: WallTime, to destination: String) -> MqttMessage {
        let actuators = actuators
        func nodes(_ actorClass: String, _ list: [GridworksRelay]) -> JsonText {
            .list(
                list.map {
                    .object([
                        "Name": .text($0.node.text), "ActorClass": .text(actorClass),
                        "DisplayName": .text($0.title),
                    ])
                })
        }
        let payload = JsonText.object([
            "FromGNodeAlias": .text(codec.gateway.text),
            "MessageCreatedMs": .number(GridworksTime.milliseconds(now)),
            "RelayNodes": nodes("Relay", actuators.filter { $0.words != nil }),
            "DacNodes": nodes("ZeroTenOutputer", actuators.filter { $0.words == nil }),
            "ControlChannels": .list(
                actuators.map {
                    .object([
                        "Name": .text($0.channel.name.text), "AboutNodeName": .text($0.node.text),
                    ])
                }),
            "I2cRelayComponent": relayComponent, "TypeName": "scada.control.capabilities",
            "Version": "000",
        ])
        return codec.message("scada.control.capabilities", to: destination, payload)
    }

    /// In layout order.
    private var actuators: [GridworksRelay] { codec.nodes.compactMap { codec.relays[$0.name] } }

    // MARK: Nodes

    /// Ourselves and the bosses first: each handle of two words has a node with its first.
    private func shNodes(_ handles: [ShNodeName: String]) -> [JsonText] {
        let settings = codec.settings
        let names = Dictionary(settings.nodes.map { ($0.name.text, $0) }) { first, _ in first }
        let bosses = [settings.parentShortName, GridworksTopics.admin, Self.local].filter { boss in
            boss == settings.parentShortName
                || handles.values.contains { $0.hasPrefix("\(boss).") }
        }
        let taken = Set(codec.nodes.map(\.name.text) + bosses + [settings.shortName])
        let metered = meteredPower
        func named(_ name: String, _ members: [(String, JsonText)]) -> JsonText {
            shNode(name, members, names[name], metered[name])
        }
        return [named(settings.shortName, [("ActorClass", "PrimaryScada")])]
            + bosses.map { named($0, [("Handle", .text($0)), ("ActorClass", "NoActor")]) }
            + codec.nodes.filter { names[$0.name.text] != nil || isTaken($0) }.map { node in
                shNode(node, handles[node.name], names[node.name.text], metered[node.name.text])
            }
            + settings.nodes.filter { !taken.contains($0.name.text) }.map { thing in
                let actorClass = thing.actorClass ?? "NoActor"
                let path = "\(settings.shortName).\(thing.name)"
                return named(
                    thing.name.text,
                    (actorClass == "NoActor" ? [] : [("ActorHierarchyName", .text(path))])
                        + [("ActorClass", .text(actorClass))])
            }
    }

    /// Whether some channel is about the node or captured by it, as far as the parent knows. A node that only
    /// this gateway has, such as one input of a board, is no concern of a parent that knows the board.
    private func isTaken(_ node: NodeProfile) -> Bool {
        node.kind == .relay
            || node.channels.contains {
                about($0) == node.name
                    || (codec.settings.channels[$0.name]?.capturedBy ?? node.name) == node.name
            }
    }

    /// The nameplates of what each node or thing has metered.
    private var meteredPower: [String: Int64] {
        var sums: [String: Int64] = [:]
        for channel in codec.nodes.flatMap(\.channels) {
            guard let nameplate = codec.settings.powerMetering[channel.name] else { continue }
            sums[about(channel).text, default: 0] &+= nameplate
        }
        return sums
    }

    private func about(_ channel: DataChannel) -> ShNodeName {
        codec.settings.channels[channel.name]?.about ?? channel.node
    }

    private func shNode(
        _ node: NodeProfile, _ handle: String?, _ names: GridworksNodeNames?, _ metered: Int64?
    ) -> JsonText {
        var members: [(String, JsonText)] = [
            ("ActorHierarchyName", .text("\(codec.settings.shortName).\(node.name)"))
        ]
        if let handle { members.append(("Handle", .text(handle))) }
        let usual =
            switch node.kind {
            case .relay: codec.relays[node.name]?.words == nil ? "ZeroTenOutputer" : "Relay"
            case .meter: "PowerMeter"
            case .sensor: "MultipurposeSensor"
            }
        let title = names?.title ?? node.title
        members += [
            ("ActorClass", .text(names?.actorClass ?? usual)),
            ("DisplayName", .text(node.isSimulated ? "\(title) (simulated)" : title)),
        ]
        if node.isSimulated { members.append(("Simulated", .flag(true))) }
        return shNode(node.name.text, members, names, metered)
    }

    private func shNode(
        _ name: String, _ members: [(String, JsonText)], _ names: GridworksNodeNames?,
        _ metered: Int64?
    ) -> JsonText {
        var members = [("Name", .text(name))] + members
        if let title = names?.title, !members.contains(where: { $0.0 == "DisplayName" }) {
            members.append(("DisplayName", .text(title)))
        }
        if let nameplate = names?.nameplate ?? metered {
            members.append(("NameplatePowerW", .number(nameplate)))
        }
        if metered != nil { members.append(("InPowerMetering", .flag(true))) }
        let id = names?.id ?? GridworksIdentity.of("\(codec.gateway)/node/\(name)")
        members += [
            ("ShNodeId", .text(id)), ("TypeName", "spaceheat.node.gt"), ("Version", "300"),
        ]
        return .group(members.map { JsonText.Member(name: $0.0, value: $0.1) })
    }

    private func dataChannel(_ channel: DataChannel) -> JsonText {
        let names = codec.settings.channels[channel.name]
        let telemetry = names?.telemetryName ?? Self.telemetryName(of: channel)
        let isMetered = codec.settings.powerMetering[channel.name] != nil && telemetry == "PowerW"
        let id = names?.id ?? GridworksIdentity.of("\(codec.gateway)/channel/\(channel.name)")
        return .object([
            "Name": .text(channel.name.text),
            "DisplayName": .text(names?.title ?? channel.name.text),
            "AboutNodeName": .text(about(channel).text),
            "CapturedByNodeName": .text((names?.capturedBy ?? channel.node).text),
            "TelemetryName": .text(telemetry),
            "TerminalAssetAlias": .text(codec.settings.terminalAsset.text),
            "InPowerMetering": isMetered ? .flag(true) : .null, "Id": .text(id),
            "TypeName": "data.channel.gt", "Version": "001",
        ])
    }

    /// GridWorks has a name for each pair of quantity and scale that it knows.
    static func telemetryName(of channel: DataChannel) -> String {
        switch (channel.unit, channel.exponent) {
        case (.watt, 0): "PowerW"
        case (.onOff, 0): "RelayState"
        case (.celsius, -3): "WaterTempCTimes1000"
        case (.celsius, -2): "CelsiusTimes100"
        case (.ampere, -6): "CurrentRmsMicroAmps"
        case (.volt, -3): "VoltageRmsMilliVolts"
        case (.volt, -6): "MicroVolts"
        case (.volt, -1): "VoltsTimesTen"
        case (.volt, -2): "VoltsTimes100"
        case (.wattHour, 0): "WattHours"
        case (.wattHour, -3): "MilliWattHours"
        case (.hertz, -6): "MicroHz"
        case (.hertz, -2): "HzTimes100"
        default: "Unknown"
        }
    }

    // MARK: Components

    /// All relays as if they sat on one board, which is how a parent learns their words.
    private var relayComponent: JsonText {
        let switches = actuators.filter { $0.words != nil }
        return .object([
            "ComponentId": .text(GridworksIdentity.of("\(codec.gateway)/component/relays")),
            "ComponentAttributeClassId": .text(GridworksIdentity.of("tidegate/relays")),
            "ConfigList": .list(
                switches.enumerated().compactMap { index, relay in
                    relay.words.map { Self.relayConfig(relay, $0, index: index + 1) }
                }),
            "DisplayName": "Relays", "I2cAddressList": .list([]),
            "TypeName": "i2c.multichannel.dt.relay.component.gt", "Version": "002",
        ])
    }

    private static func relayConfig(
        _ relay: GridworksRelay, _ words: GridworksRelayWords, index: Int
    ) -> JsonText {
        let wiring =
            switch words.deEnergizedState {
            case "RelayOpen": "NormallyOpen"
            case "RelayClosed": "NormallyClosed"
            default: "DoubleThrow"
            }
        let (poll, capture) = (relay.channel.pollPeriod, relay.channel.capture)
        return .object([
            "ChannelName": .text(relay.channel.name.text),
            "PollPeriodMs": .number(max(1, poll.wholeNanoseconds / 1_000_000)),
            // Whole seconds are all that GridWorks can say; rather too long than too short.
            "CapturePeriodS": .number((capture.period.wholeNanoseconds - 1) / 1_000_000_000 + 1),
            "AsyncCapture": .flag(capture.delta != nil),
            "AsyncCaptureDelta": capture.delta.map { .number($0) } ?? .null,
            "Exponent": .number(Int64(relay.channel.exponent)), "Unit": "Unitless",
            "RelayIdx": .number(Int64(index)), "ActorName": .text(relay.node.text),
            "WiringConfig": .text(wiring), "EventType": .text(words.eventType),
            "DeEnergizingEvent": .text(words.deEnergizingEvent),
            "EnergizingEvent": .text(words.energizingEvent), "StateType": .text(words.stateType),
            "DeEnergizedState": .text(words.deEnergizedState),
            "EnergizedState": .text(words.energizedState), "TypeName": "relay.actor.config",
            "Version": "002",
        ])
    }

    /// The parameters of a heating strategy, which the type insists on.
    private static let noHeating = JsonText.object([
        "AlphaTimes10": .number(0), "BetaTimes100": .number(0), "GammaEx6": .number(0),
        "IntermediatePowerKw": .number(0), "IntermediateRswtF": .number(0),
        "DdPowerKw": .number(0), "DdRswtF": .number(0), "DdDeltaTF": .number(0),
        "HpMaxKwEl": .number(0), "MaxEwtF": .number(0), "LoadOverestimationPercent": .number(0),
        "CopIntercept": .number(0), "CopOatCoeff": .number(0), "CopLwtCoeff": .number(0),
        "CopMin": .number(0), "CopMinOatF": .number(0), "HpTurnOnMinutes": .number(0),
        "TypeName": "ha1.params", "Version": "006",
    ])
}
