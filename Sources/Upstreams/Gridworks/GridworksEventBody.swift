import Codecs
import Vocabulary

/// What one event says, before it has an identity.
struct GridworksEventBody: Sendable {
    let type: String
    let at: WallTime
    /// What stands behind the fields that all events have.
    var members: [JsonText.Member] = []

    func payload(_ identity: String, _ source: GatewayName) -> JsonText {
        .group(
            [
                JsonText.Member(name: "MessageId", value: .text(identity)),
                JsonText.Member(
                    name: "TimeCreatedMs", value: .number(GridworksTime.milliseconds(at))),
                JsonText.Member(name: "Src", value: .text(source.text)),
                JsonText.Member(name: "TypeName", value: .text(type)),
            ] + members)
    }

    fileprivate init(_ type: String, at: WallTime, _ pairs: KeyValuePairs<String, JsonText>) {
        (self.type, self.at) = (type, at)
        members = pairs.map { JsonText.Member(name: $0.key, value: $0.value) }
    }
}

extension GridworksCodec {
    /// Faults that harm no more than the value at hand; all others are errors.
    private static let warnings: Set<Fault.Kind> = [.implausible, .dropped]

    /// A fault that begins is a `problem`; its end is an event that only we have a name for.
    func event(_ fault: Fault, of node: ShNodeName, at: WallTime) -> GridworksEventBody {
        let place = fault.channel.map { $0.text == node.text ? node.text : "\(node), \($0)" }
        guard fault.isOn else {
            return GridworksEventBody(
                "gridworks.event.tidegate.fault.cleared", at: at,
                [
                    "Node": .text(node.text),
                    "Channel": fault.channel.map { .text($0.text) } ?? .null,
                    "Kind": .text(fault.kind.rawValue), "Detail": .text(fault.detail),
                    "Version": "000",
                ])
        }
        return GridworksEventBody(
            "gridworks.event.problem", at: at,
            [
                "ProblemType": Self.warnings.contains(fault.kind) ? "warning" : "error",
                "Summary": .text(
                    "\(place ?? node.text): \(fault.kind.rawValue.words(separatedBy: " "))"),
                "Details": .text(fault.detail), "Version": "001",
            ])
    }

    func event(_ event: GatewayEvent, at: WallTime) -> GridworksEventBody {
        // The name of the link, not of the peer.
        let link = JsonText.text(event.link?.text ?? "")
        func comm(_ type: String) -> GridworksEventBody {
            GridworksEventBody(
                "gridworks.event.comm.\(type)", at: at, ["PeerName": link, "Version": "001"])
        }
        switch event.kind {
        case .started: return GridworksEventBody("gridworks.event.startup", at: at, [:])
        case .stopped:
            return GridworksEventBody(
                "gridworks.event.shutdown", at: at,
                ["Reason": .text(event.detail), "Version": "001"])
        case .connected: return comm("mqtt.connect")
        case .connectFailed: return comm("mqtt.connect.failed")
        case .disconnected: return comm("mqtt.disconnect")
        case .subscribed: return comm("mqtt.fully.subscribed")
        case .peerActive: return comm("peer.active")
        case .peerSilent: return comm("response.timeout")
        default:
            return GridworksEventBody(
                "gridworks.event.tidegate.\(event.kind.rawValue.words(separatedBy: "."))", at: at,
                [
                    "Link": event.link.map { .text($0.text) } ?? .null,
                    "Number": event.number.map { .number($0) } ?? .null,
                    "Detail": .text(event.detail), "Version": "000",
                ])
        }
    }
}
