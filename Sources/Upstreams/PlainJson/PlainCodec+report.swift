import Codecs
import Vocabulary

/// Everything that a gateway says of itself at once.
public struct PlainReport: Hashable, Sendable {
    public let gateway: GatewayName
    public let status: PlainStatus
    /// What is wrong now.
    public let faults: [ActiveFault]
    /// The newest value of each channel that has one.
    public let readings: [PlainReading]
}

extension PlainCodec {
    /// Everything there is to say at once, for whoever asks without a broker.
    ///
    /// - Parameter values: Of channels that the layout has; others are left out, as nobody knows their unit.
    public func report(
        _ status: PlainStatus, _ faults: [ActiveFault], _ values: [LiveValue]
    ) -> [UInt8] {
        let readings: [JsonText] = values.compactMap { value in
            channel(of: value.reading).map { channel in
                .group(Self.members(of: value.reading, in: channel, at: value.at.wall))
            }
        }
        let members =
            [JsonText.Member(name: "gateway", value: .text(status.own.who))] + status.members
            + [
                JsonText.Member(name: "faults", value: Self.list(of: faults)),
                JsonText.Member(name: "channels", value: .list(readings)),
            ]
        return JsonText.group(members).bytes
    }

    /// The faults as a list of objects.
    static func list(of faults: [ActiveFault]) -> JsonText {
        .list(
            faults.map { activeFaults in
                .group(
                    members(of: activeFaults.fault, of: activeFaults.node, at: activeFaults.since))
            })
    }
}
