import PlainJson
import Proactors
import Vocabulary

/// Turns this gateway's live values into lines of the live table.
package struct LiveRows: Sendable {
    private let gateway: GatewayName
    private let documents: PlainDocuments
    private let channels: [DataChannelName: DataChannel]

    package init(profile: GatewayProfile) {
        gateway = profile.gateway
        documents = PlainDocuments(of: profile)
        channels = Dictionary(
            profile.nodes.flatMap(\.channels).map { ($0.name, $0) }
        ) { first, _ in first }
    }

    package func rows(_ values: [DataChannelName: LiveValue]) -> [LiveRow] {
        values.values.compactMap { value in
            guard let channel = channels[value.reading.channel] else { return nil }
            let reading = value.reading
            let json = String(
                decoding: documents.live(reading, at: value.at) ?? [], as: UTF8.self)
            return LiveRow(
                gateway: gateway.text, node: value.node.text, channel: channel.name.text,
                text: ScaledNumber.text(channel.decimal(reading.value), channel.unit),
                quality: reading.quality, at: value.at.wall, isSimulated: reading.isSimulated,
                json: json)
        }
    }
}

extension LiveRow {
    /// A value that came over a broker.
    init(_ reading: PlainReading, of gateway: GatewayName, json: String) {
        self.init(
            gateway: gateway.text, node: reading.node.text, channel: reading.channel.text,
            text: reading.scaledText, quality: reading.quality, at: reading.time,
            isSimulated: reading.isSimulated, json: json)
    }
}

extension PlainReading {
    /// The value as people read it on a terminal.
    var scaledText: String { ScaledNumber.text(number, unit) }
}
