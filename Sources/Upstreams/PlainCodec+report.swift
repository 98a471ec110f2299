import Vocabulary

/// Everything that a gateway says of itself at once.
public struct PlainReport: Hashable, Sendable {
    public let gateway: GatewayName
    public let status: PlainStatus
    /// What is wrong now.
    public let troubles: [StandingTrouble]
    /// The newest value of each channel that has one.
    public let readings: [PlainReading]
}

extension PlainCodec {
    /// Everything there is to say at once, for whoever asks without a broker.
    ///
    /// - Parameter values: Of channels that the layout has; others are left out, as nobody knows their unit.
    public func report(
        _ status: PlainStatus, _ troubles: [StandingTrouble], _ values: [LiveValue]
    ) -> [UInt8] {
        let readings: [JsonText] = values.compactMap { value in
            channel(of: value.reading).map { channel in
                .group(Self.members(of: value.reading, in: channel, at: value.at.wall))
            }
        }
        let members =
            [JsonText.Member(name: "gateway", value: .text(status.own.who))] + status.members
            + [
                JsonText.Member(name: "troubles", value: Self.list(of: troubles)),
                JsonText.Member(name: "channels", value: .list(readings)),
            ]
        return JsonText.group(members).bytes
    }

    /// The troubles as a list of objects.
    static func list(of troubles: [StandingTrouble]) -> JsonText {
        .list(
            troubles.map { standing in
                .group(members(of: standing.trouble, of: standing.node, at: standing.since))
            })
    }
}
