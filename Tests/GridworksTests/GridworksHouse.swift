import Gridworks
import Mqtt
import Vocabulary

/// A small gateway and its GridWorks parent, under the names of the captured examples.
enum GridworksHouse {
    static let parent = GatewayName("d1.isone.ct.newhaven.orange1")
    static let scada = GatewayName("d1.isone.ct.newhaven.orange1.scada")
    static let instance = "c9794c6d-e013-4d74-9570-f9ba4b0f0b0d"
    static let relay1 = ShNodeName("relay1")
    static let relay2 = ShNodeName("relay2")
    static let dimmer = ShNodeName("dist-010v")
    static let upstream = UpstreamName("peer")
    static let journal = JournalIdentity(high: 1, low: 2)
    /// 2026-11-21T02:20:30.003Z
    static let now = WallTime(nanoseconds: 1_795_225_230_003_000_000)

    /// Relay 2 opens its circuit when it is energised.
    static let normallyClosed = GridworksRelayWords(
        eventType: "change.relay.state", deEnergizingEvent: "CloseRelay",
        energizingEvent: "OpenRelay", stateType: "relay.closed.or.open",
        deEnergizedState: "RelayClosed", energizedState: "RelayOpen")

    static let profile = GatewayProfile(
        gateway: scada, incarnation: "i7",
        nodes: [
            node(relay1, .relay, [("vdc-relay1", .onOff, 0)]),
            node(relay2, .relay, [("relay2", .onOff, 0)]),
            node(dimmer, .relay, [("dist-010v", .percent, 0)]),
            node(
                ShNodeName("meter"), .meter, [("hp-odu-pwr", .watt, 0), ("hp-idu-pwr", .watt, -1)]),
            node(ShNodeName("tank"), .sensor, [("tank", .celsius, -3)]),
        ])

    static func settings(hasAdmin: Bool = true) -> GridworksSettings {
        GridworksSettings(
            parent: parent, parentShortName: "a", instance: instance,
            terminalAsset: GatewayName("d1.isone.ct.newhaven.orange1.ta"), hasAdmin: hasAdmin,
            reportPeriod: .seconds(30),
            powerMetering: ["hp-odu-pwr": 6000, "hp-idu-pwr": 4000],
            relays: [relay2: normallyClosed])
    }

    static func codec(
        hasAdmin: Bool = true, holders: [ShNodeName: CommandSource] = [:]
    ) -> GridworksConnection {
        let codec = GridworksConnection(
            GridworksCodec(
                profile: profile, upstream: upstream, settings: settings(hasAdmin: hasAdmin)))
        for (node, holder) in holders {
            _ = codec.control(Control(overriddenBy: holder), of: node, at: stamp(now))
        }
        return codec
    }

    static let admin = CommandSource(.upstream, "peer admin")

    static func node(
        _ name: ShNodeName, _ kind: NodeKind, _ channels: [(DataChannelName, Unit, Int)]
    ) -> NodeProfile {
        NodeProfile(
            name: name, kind: kind, title: "The \(name)", driver: "pretend", isSimulated: false,
            channels: channels.map { channel, unit, exponent in
                DataChannel(
                    name: channel, node: name, source: "level", unit: unit, exponent: exponent,
                    pollPeriod: .milliseconds(500),
                    capture: CaptureRule(period: .seconds(60), delta: nil))
            })
    }

    static func stamp(_ wall: WallTime, isSynchronised: Bool = true) -> Timestamp {
        Timestamp(
            wall: wall, monotonic: MonotonicInstant(nanoseconds: 1), isSynchronised: isSynchronised)
    }

    static func entry(
        _ offset: UInt64, _ matter: Fact.Matter, _ node: ShNodeName = .gateway,
        milliseconds: Int64 = 1_795_225_230_003
    ) -> Entry {
        let at = stamp(WallTime(nanoseconds: milliseconds * 1_000_000))
        return Entry(offset: offset, fact: Fact(node: node, at: at, matter: matter))
    }

    static func readings(_ values: (DataChannelName, Int64)...) -> Fact.Matter {
        .readings(values.map { Reading(channel: $0.0, value: $0.1) })
    }

    /// What the parent says: a payload without its type's braces, in its envelope.
    static func said(
        _ type: String, _ members: String, id: String = "4a525fc8-da64-440e-afd3-494dabace085",
        source: String = "d1.isone.ct.newhaven.orange1", isRetained: Bool = false
    ) -> MqttMessage {
        let header =
            #"{"Src":"\#(source)","Dst":"s","MessageType":"\#(type)","MessageId":"\#(id)","#
            + #""AckRequired":true,"TypeName":"gridworks.header","Version":"001"}"#
        let body = members.isEmpty ? "" : members + ","
        let text =
            #"{"Header":\#(header),"Payload":{\#(body)"TypeName":"\#(type)"},"TypeName":"gw"}"#
        let isAdmins = source == "admin"
        let root =
            isAdmins
            ? "gw/admin/to/d1-isone-ct-newhaven-orange1-scada"
            : "gw/d1-isone-ct-newhaven-orange1/to/s"
        return MqttMessage(
            topic: "\(root)/\(type.replacing(".", with: "-"))", payload: Array(text.utf8),
            isRetained: isRetained)
    }

    static let trigger = "aaaaaaaa-0000-4000-8000-000000000002"

    /// The members of an `fsm.event`.
    static func event(
        _ name: String, to handle: String, from boss: String, type: String = "change.relay.state",
        sent: Int64 = 1_795_225_230_003, version: String = "000"
    ) -> String {
        #""FromHandle":"\#(boss)","ToHandle":"\#(handle)","EventType":"\#(type)","#
            + #""EventName":"\#(name)","TriggerId":"\#(trigger)","SendTimeUnixMs":\#(sent),"#
            + #""Version":"\#(version)""#
    }

    /// The members of an `admin.dispatch`.
    static func dispatch(_ name: String, to node: String, seconds: Int = 30) -> String {
        let event = event(name, to: "admin.\(node)", from: "admin")
        return
            #""DispatchTrigger":{\#(event),"TypeName":"fsm.event"},"TimeoutSeconds":\#(seconds),"#
            + #""Version":"000""#
    }

    /// The payload within a message's envelope.
    static func payload(_ message: MqttMessage?) -> String {
        guard let text = message?.text, let start = text.firstRange(of: #","Payload":"#),
            text.hasSuffix(#","TypeName":"gw"}"#)
        else { return "no envelope" }
        return String(text[start.upperBound...].dropLast(#","TypeName":"gw"}"#.count))
    }
}
