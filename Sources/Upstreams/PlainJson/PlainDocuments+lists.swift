import Codecs
import Vocabulary

// What those who ask receive as lists, made of the same objects as messages.
extension PlainDocuments {
    /// Newest values. Those of channels that the layout no longer has are left out, as nobody knows their unit.
    package func list(of values: [LiveValue]) -> JsonText {
        .list(
            values.compactMap { value in
                members(of: value.reading, at: value.at.wall).map { JsonText.group($0) }
            })
    }

    /// One node: what it is, who may command it, what is wrong with it, and its newest values.
    package func text(
        _ node: NodeProfile, _ control: Control?, _ faults: [ActiveFault], _ values: [LiveValue],
        at now: Timestamp
    ) -> JsonText {
        guard case .group(let members) = Self.birth(of: node, .all) else { return .null }
        let faults = faults.filter { $0.node == node.name }
        return .group(
            members + [
                JsonText.Member(
                    name: "control",
                    value: control.map { text($0, of: node.name, at: now) } ?? .null),
                JsonText.Member(name: "faults", value: Self.list(of: faults)),
                JsonText.Member(name: "values", value: list(of: values)),
            ])
    }

    /// A record of the journal as its messages, each with its topic below the gateway's own. Readings of channels that
    /// the layout no longer has are left out.
    package func messages(of entry: Entry) -> [(topic: String, message: [UInt8])] {
        switch entry.fact.matter {
        case .readings(let readings):
            readings.compactMap { reading in
                history(reading, in: entry).map { ("readings/\(reading.channel)", $0) }
            }
        case .fault(let fault): [("fault/\(entry.fact.node)", history(fault, in: entry))]
        case .event(let event): [("events", history(event, in: entry))]
        }
    }
}
