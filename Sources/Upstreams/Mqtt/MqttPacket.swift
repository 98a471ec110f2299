/// One packet that a broker sent, understood.
///
/// Source: MQTT Version 5.0 and MQTT Version 3.1.1, OASIS Standards, chapter 3.
enum MqttPacket {
    /// The types of packets that a broker may send to us, in MQTT's own names.
    enum Kind: UInt8, CaseIterable, CustomStringConvertible {
        case loginAnswer = 2
        case message = 3
        case acknowledgement = 4
        case release = 6
        case subscription = 9
        case pong = 13
        case disconnect = 14

        var description: String {
            switch self {
            case .loginAnswer: "CONNACK"
            case .message: "PUBLISH"
            case .acknowledgement: "PUBACK"
            case .release: "PUBREL"
            case .subscription: "SUBACK"
            case .pong: "PINGRESP"
            case .disconnect: "DISCONNECT"
            }
        }
    }

    /// What the broker says of something, with its own words where it has any.
    struct Verdict {
        let reason: MqttReason
        var words: String?
    }

    case loginAnswer(Verdict, sessionPresent: Bool, BrokerLimits)
    /// Nil for a message that was too large or no message; it is to be acknowledged all the same.
    case message(MqttMessage?, qos: UInt8, number: UInt16)
    case acknowledgement(number: UInt16, Verdict)
    /// The second half of a message of quality of service 2.
    case release(number: UInt16)
    case subscription(number: UInt16, Verdict)
    case pong
    case disconnect(Verdict)

    /// - Parameter largestPayload: Of a message that is taken. In bytes.
    init(
        _ frame: MqttFrames.Frame, _ version: MqttVersion, largestPayload: Int
    ) throws(MalformedPacket) {
        guard let kind = Kind(rawValue: frame.first >> 4), version == .v5 || kind != .disconnect
        else {
            throw MalformedPacket("a packet of type \(frame.first >> 4), invalid from a broker")
        }
        var bytes = MqttBytes(frame.body)
        if kind == .message {
            self = try Self.message(frame, version, &bytes, largestPayload)
            return
        }
        guard frame.first & 0x0F == (kind == .release ? 2 : 0) else {
            throw MalformedPacket("\(kind) with flags \(frame.first & 0x0F)")
        }
        do throws(MalformedPacket) {
            self =
                version == .v5
                ? try Self.answer(kind, &bytes) : try Self.answerWithoutProperties(kind, &bytes)
        } catch {
            throw MalformedPacket("\(kind): \(error.detail)")
        }
        guard bytes.isEmpty else {
            throw MalformedPacket("\(kind) with \(bytes.rest.count) surplus bytes")
        }
    }

    private static func answer(
        _ kind: Kind, _ bytes: inout MqttBytes
    ) throws(MalformedPacket) -> MqttPacket {
        switch kind {
        case .message, .pong: return .pong
        case .loginAnswer: return try loginAnswer(&bytes)
        case .disconnect: return .disconnect(try verdict(&bytes, of: kind))
        case .acknowledgement:
            return .acknowledgement(
                number: try number(&bytes), try verdict(&bytes, of: kind))
        case .release:
            let number = try number(&bytes)
            _ = try verdict(&bytes, of: kind)
            return .release(number: number)
        case .subscription:
            let number = try number(&bytes)
            let properties = try MqttProperties(&bytes, of: kind)
            // One topic is subscribed at a time, so there is one answer.
            let reason = MqttReason(Int32(try bytes.byte()))
            return .subscription(
                number: number, Verdict(reason: reason, words: properties.reason))
        }
    }

    private static func answerWithoutProperties(
        _ kind: Kind, _ bytes: inout MqttBytes
    ) throws(MalformedPacket) -> MqttPacket {
        switch kind {
        case .message, .pong, .disconnect: return .pong
        case .loginAnswer:
            let flags = try bytes.byte()
            let code = try bytes.byte()
            let reason = code == 0 ? MqttReason(0) : MqttReason(ofVersion3: code)
            return .loginAnswer(
                Verdict(reason: reason), sessionPresent: flags & 1 != 0, BrokerLimits())
        case .acknowledgement:
            return .acknowledgement(
                number: try number(&bytes), Verdict(reason: MqttReason(0)))
        case .release: return .release(number: try number(&bytes))
        case .subscription:
            let number = try number(&bytes)
            return .subscription(
                number: number, Verdict(reason: MqttReason(Int32(try bytes.byte()))))
        }
    }

    private static func loginAnswer(
        _ bytes: inout MqttBytes
    ) throws(MalformedPacket) -> MqttPacket {
        let flags = try bytes.byte()
        let code = try bytes.byte()
        guard !bytes.isEmpty else {
            // The form of MQTT 3.1.1.
            return .loginAnswer(
                Verdict(reason: MqttReason(ofVersion3: code)), sessionPresent: flags & 1 != 0,
                BrokerLimits())
        }
        let properties = try MqttProperties(&bytes, of: .loginAnswer)
        return .loginAnswer(
            Verdict(reason: MqttReason(Int32(code)), words: properties.reason),
            sessionPresent: flags & 1 != 0, properties.limits)
    }

    /// A reason and properties, which are left out at the end when there is nothing to say.
    private static func verdict(
        _ bytes: inout MqttBytes, of kind: Kind
    ) throws(MalformedPacket) -> Verdict {
        let code = bytes.isEmpty ? 0 : try bytes.byte()
        let properties = try MqttProperties(&bytes, of: kind)
        return Verdict(reason: MqttReason(Int32(code)), words: properties.reason)
    }

    private static func number(_ bytes: inout MqttBytes) throws(MalformedPacket) -> UInt16 {
        let number = try bytes.word()
        guard number > 0 else { throw MalformedPacket("a packet identifier of 0") }
        return number
    }

    private static func message(
        _ frame: MqttFrames.Frame, _ version: MqttVersion, _ bytes: inout MqttBytes,
        _ largestPayload: Int
    ) throws(MalformedPacket) -> MqttPacket {
        let qos = frame.first >> 1 & 3
        guard qos < 3 else { throw MalformedPacket("PUBLISH of quality of service 3") }
        do throws(MalformedPacket) {
            let topic = try bytes.counted()
            let number = qos == 0 ? 0 : try number(&bytes)
            let dropped = MqttPacket.message(nil, qos: qos, number: number)
            guard frame.cutFrom == nil else { return dropped }
            let properties =
                version == .v5 ? try MqttProperties(&bytes, of: .message) : MqttProperties()
            // What a stranger wrote and the broker passed on costs the message, not the connection.
            guard bytes.rest.count <= largestPayload, !properties.hasBadText,
                let topic = MqttBytes.text(topic), !topic.isEmpty
            else { return dropped }
            return .message(
                MqttMessage(
                    topic: topic, payload: Array(bytes.rest),
                    qos: qos == 0 ? .atMostOnce : .atLeastOnce,
                    isRetained: frame.first & 1 != 0, responseTopic: properties.responseTopic,
                    correlationData: properties.correlationData,
                    expirySeconds: properties.expirySeconds), qos: qos, number: number)
        } catch {
            throw MalformedPacket("PUBLISH: \(error.detail)")
        }
    }
}
