/// The packets that a client sends, as bytes.
///
/// Source: MQTT Version 5.0 and MQTT Version 3.1.1, OASIS Standards, chapter 3.
enum MqttWriting {
    static let ping: [UInt8] = [0xC0, 0]
    static let disconnect: [UInt8] = [0xE0, 0]

    static func acknowledgement(of number: UInt16) -> [UInt8] { short(0x40, number) }
    /// The first and the second answer to a message of quality of service 2.
    static func receipt(of number: UInt16) -> [UInt8] { short(0x50, number) }
    static func completion(of number: UInt16) -> [UInt8] { short(0x70, number) }

    private static func short(_ first: UInt8, _ number: UInt16) -> [UInt8] {
        [first, 2, UInt8(number >> 8), UInt8(number & 0xFF)]
    }

    private static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        var packet = [first]
        packet.reserveCapacity(body.count + 5)
        packet.append(length: body.count)
        return packet + body
    }

    /// Messages that were published as retained are distinguished, whether they are old or new; in MQTT 3.1.1, old
    /// ones alone.
    ///
    /// - Parameter topic: A filter.
    static func subscription(
        to topic: String, number: UInt16, qos: MqttMessage.QualityOfService, _ version: MqttVersion
    ) -> [UInt8] {
        var body: [UInt8] = []
        body.append(word: number)
        if version == .v5 { body.append(length: 0) }
        body.append(counted: topic.utf8)
        body.append((version == .v5 ? 0x08 : 0) | UInt8(qos.rawValue))
        return packet(0x82, body)
    }

    /// - Parameter message: One without a `problem`.
    static func message(
        _ message: MqttMessage, number: UInt16, _ version: MqttVersion
    ) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(message.packetSize)
        body.append(counted: message.topic.utf8)
        if message.qos != .atMostOnce { body.append(word: number) }
        if version == .v5 { append(propertiesOf: message, to: &body) }
        body += message.payload
        let flags = UInt8(message.qos.rawValue) << 1 | (message.isRetained ? 1 : 0)
        return packet(0x30 | flags, body)
    }

    private static func append(propertiesOf message: MqttMessage, to body: inout [UInt8]) {
        var properties: [UInt8] = []
        if let seconds = message.expirySeconds {
            properties.append(0x02)
            properties.append(number: seconds)
        }
        if let topic = message.responseTopic {
            properties.append(0x08)
            properties.append(counted: topic.utf8)
        }
        if let data = message.correlationData {
            properties.append(0x09)
            properties.append(counted: data)
        }
        body.append(length: properties.count)
        body += properties
    }

    /// Why `message` is none of MQTT, beside its topic; nil when it is one.
    static func problem(with message: MqttMessage) -> String? {
        if let topic = message.responseTopic, let problem = topicProblem(topic) {
            return "response \(problem)"
        }
        if let data = message.correlationData, data.count > [UInt8].longestMqttText {
            return "correlation data of \(data.count) bytes; 65535 at most"
        }
        guard message.packetSize - 5 > [UInt8].longestMqttPacket else { return nil }
        return "a payload of \(message.payload.count) bytes is longer than MQTT allows"
    }

    /// A login that starts clean.
    ///
    /// - Parameter largestPacket: That the broker may send. In bytes.
    /// - Throws: `.badMessage`, naming what is too long.
    static func login(
        _ settings: MqttSettings, _ version: MqttVersion, keepAliveSeconds: Int,
        largestPacket: Int
    ) throws(UpstreamError) -> [UInt8] {
        var body: [UInt8] = []
        body.append(counted: "MQTT".utf8)
        body.append(version.rawValue)
        var flags: UInt8 = 0x02
        if settings.user != nil { flags |= 0x80 }
        if settings.password != nil { flags |= 0x40 }
        if let will = settings.will {
            flags |= 0x04 | UInt8(will.qos.rawValue) << 3 | (will.isRetained ? 0x20 : 0)
        }
        body.append(flags)
        body.append(word: UInt16(clamping: keepAliveSeconds))
        if version == .v5 {
            body.append(length: 5)
            body.append(0x27)
            body.append(number: UInt32(clamping: largestPacket))
        }
        try append("client identifier", settings.clientID.utf8, to: &body)
        if let will = settings.will {
            if let problem = topicProblem(will.topic) ?? problem(with: will) {
                throw UpstreamError(kind: .badMessage, detail: "last will: \(problem)")
            }
            if version == .v5 { append(propertiesOf: will, to: &body) }
            body.append(counted: will.topic.utf8)
            try append("last will", will.payload, to: &body)
        }
        if let user = settings.user { try append("user", user.utf8, to: &body) }
        if let password = settings.password { try append("password", password.utf8, to: &body) }
        return packet(0x10, body)
    }

    private static func append(
        _ what: String, _ bytes: some Collection<UInt8>, to body: inout [UInt8]
    ) throws(UpstreamError) {
        guard bytes.count <= [UInt8].longestMqttText else {
            throw UpstreamError(kind: .badMessage, detail: "\(what): has more than 65535 bytes")
        }
        body.append(counted: bytes)
    }
}
