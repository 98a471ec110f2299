import Codecs
import Documents
import Mqtt
import Vocabulary

/// One GridWorks message, opened. What the payload says goes before what the header says.
package struct GridworksEnvelope: Sendable {
    /// The longest message to a gateway that is looked at, in bytes.
    package static let longest = 1 << 16
    private static let longestIdentity = 256

    /// The long name of its maker.
    package let source: String
    /// What to acknowledge; empty when it has no identity.
    package let identity: String
    package let isAckRequired: Bool
    /// The payload's own word for what it is.
    package let type: String
    package let payload: JsonNode

    /// Why a message is malformed.
    package struct Malformed: Error {
        package let why: String
        package init(_ why: String) { self.why = why }
    }

    package init(_ bytes: [UInt8], longest: Int = Self.longest) throws(Malformed) {
        guard bytes.count <= longest else {
            throw Malformed("\(bytes.count) bytes; a message has at most \(longest)")
        }
        guard let document = JsonParser.document(bytes, .python), document.isGroup else {
            throw Malformed("is not a JSON object")
        }
        try Self.check("TypeName", of: document, is: "gw", at: "TypeName")
        guard let payload = document["Payload"], payload.isGroup else {
            throw Malformed("Payload: must be an object")
        }
        let header = document["Header"]
        if let header {
            guard header.isGroup else { throw Malformed("Header: must be an object") }
            try Self.check("TypeName", of: header, is: "gridworks.header", at: "Header.TypeName")
        }
        guard let type = payload["TypeName"]?.text else {
            throw Malformed("Payload.TypeName: must be a text")
        }
        (self.payload, self.type) = (payload, type)
        source = try Self.text("Src", payload, header)
        identity = try Self.text("MessageId", payload, header)
        isAckRequired = try Self.flag("AckRequired", payload, header)
        guard !source.isEmpty else { throw Malformed("Header.Src: is missing") }
        guard identity.utf8.count <= Self.longestIdentity,
            !identity.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw Malformed(
                "MessageId: must have at most \(Self.longestIdentity) bytes, all of them visible")
        }
    }

    /// What to acknowledge once the message was handled; nil when nobody wants to know of it.
    package var toAcknowledge: String? { isAckRequired && !identity.isEmpty ? identity : nil }

    private static func check(
        _ name: String, of node: JsonNode, is expected: String, at path: String
    ) throws(Malformed) {
        guard let found = node[name], found.text != expected else { return }
        throw Malformed("\(path): must be \(expected)")
    }

    private static func text(
        _ name: String, _ payload: JsonNode, _ header: JsonNode?
    ) throws(Malformed) -> String {
        for node in [payload, header] {
            switch node?[name]?.value {
            case nil, .null: continue
            case .text(let text): return text
            default: throw Malformed("\(name): must be a text")
            }
        }
        return ""
    }

    private static func flag(
        _ name: String, _ payload: JsonNode, _ header: JsonNode?
    ) throws(Malformed) -> Bool {
        for node in [payload, header] {
            switch node?[name]?.value {
            case nil, .null: continue
            case .flag(let flag): return flag
            default: throw Malformed("\(name): must be true or false")
            }
        }
        return false
    }

    // MARK: Writing

    /// The message with its envelope, as a genuine peer writes it.
    package static func message(
        _ type: String, from source: String, to destination: String, identity: String = "",
        isAckRequired: Bool = false, _ payload: JsonText, qos: MqttMessage.QualityOfService
    ) -> MqttMessage {
        let envelope = JsonText.object([
            "Header": .object([
                "Src": .text(source), "Dst": .text(destination), "MessageType": .text(type),
                "MessageId": .text(identity), "AckRequired": .flag(isAckRequired),
                "TypeName": "gridworks.header", "Version": "001",
            ]),
            "Payload": payload, "TypeName": "gw",
        ])
        return MqttMessage(
            topic: GridworksTopics.topic(type, from: source, to: destination),
            payload: envelope.bytes, qos: qos)
    }

    /// Asks the other end for a heartbeat.
    package static func ping(_ identity: String, from source: String, to destination: String)
        -> MqttMessage
    {
        message(
            "gridworks.ping", from: source, to: destination, identity: identity,
            isAckRequired: true,
            .object(["MessageId": .text(identity), "TypeName": "gridworks.ping"]),
            qos: .atMostOnce)
    }

    /// Acknowledges to the other end that its message was handled.
    package static func acknowledgement(
        of identity: String, from source: String, to destination: String
    ) -> MqttMessage {
        message(
            "gridworks.ack", from: source, to: destination,
            .object(["AckMessageID": .text(identity), "TypeName": "gridworks.ack"]),
            qos: .atMostOnce)
    }
}

/// Times on a GridWorks link: milliseconds since 1970, of the years 2000 to 3000.
package enum GridworksTime {
    package static let range: ClosedRange<Int64> = 946_684_800_000...32_503_680_000_000

    /// The nearest time that GridWorks can carry. A board whose clock was never set stamps 1970.
    package static func milliseconds(_ time: WallTime) -> Int64 {
        let (whole, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return min(max(rest < 0 ? whole - 1 : whole, range.lowerBound), range.upperBound)
    }

    /// That time, at most the last that 64 bits of nanoseconds reach.
    package static func wall(_ milliseconds: Int64) -> WallTime {
        let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return WallTime(nanoseconds: overflow ? .max : product)
    }
}

extension JsonNode {
    package var isGroup: Bool { group != nil }

    /// A whole number written as one: `12`, neither `12.0` nor `"12"`.
    package var strictInteger: Int64? {
        guard let number, number.exponent == 0 else { return nil }
        return number.mantissa
    }

    /// A time in milliseconds since 1970 that GridWorks can carry.
    package var milliseconds: Int64? {
        guard let whole = number?.wholeSteps(exponent: 0), GridworksTime.range.contains(whole)
        else { return nil }
        return whole
    }
}
