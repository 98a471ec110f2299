import Testing
import Vocabulary

@testable import Mqtt

/// What one connection says and understands, without a network.
@Suite struct `A conversation with a broker` {
    static let start = MonotonicInstant(nanoseconds: 0)

    /// A conversation after the broker's welcome, and what the session's owner hears of it.
    struct Talk {
        let exchange: MqttExchange
        var conversation: MqttConversation

        init(
            welcome properties: [UInt8]? = [], largestPayload: Int = 1_000,
            keepAliveSeconds: Int = 30
        ) throws {
            exchange = MqttExchange(window: 100, inboxCapacity: 100)
            var settings = MqttSettings(
                broker: BrokerAddress(host: "broker", port: 1883), clientID: "tidegate-one")
            settings.largestPayload = largestPayload
            conversation = try MqttConversation(
                settings: settings, exchange: exchange, keepAliveSeconds: keepAliveSeconds,
                at: start)
            _ = said()
            if let properties { try hear(Wire.welcome(properties)) }
        }

        mutating func hear(_ bytes: [UInt8], at now: MonotonicInstant = start) throws {
            try conversation.receive(bytes[...], at: now)
        }

        /// What is written next, which the connection takes.
        mutating func said(at now: MonotonicInstant = start) -> [UInt8] {
            let bytes = Array(conversation.output)
            conversation.wrote(bytes.count, at: now)
            return bytes
        }

        /// Takes the news there are.
        func news() async -> [MqttEvent] {
            exchange.finish()
            var all: [MqttEvent] = []
            while let next = await exchange.next() { all.append(next) }
            return all
        }

        /// Publishes as the session's owner does.
        mutating func publish(_ message: MqttMessage) async throws -> MessageID {
            let id = try exchange.publish(message)
            for order in exchange.takeOrders() { conversation.carryOut(order) }
            return id
        }
    }

    /// Why the connection ends at `bytes`; nil when it goes on.
    private func breach(_ bytes: [UInt8], welcome: [UInt8]? = []) throws -> String? {
        var talk = try Talk(welcome: welcome)
        do {
            try talk.hear(bytes)
        } catch let error as MalformedPacket {
            return error.detail
        }
        return nil
    }

    @Test(arguments: Wire.withUnknownProperty)
    func `an unknown property in any packet ends the connection and is named`(
        _ name: String, _ packet: [UInt8]
    ) throws {
        let words = try breach(packet, welcome: name == "CONNACK" ? nil : [])
        #expect(words == "\(name): unknown property 0x7f")
    }

    @Test(
        arguments: [
            ("a SUBACK without a reason", [0x90, 3, 0, 1, 0]),
            ("a SUBACK with two", [0x90, 5, 0, 1, 0, 1, 1]),
            ("an UNSUBACK", [0xB0, 4, 0, 1, 0, 0]),
            ("a PUBACK of nothing", [0x40, 0]),
            ("a PUBACK with flags", [0x42, 2, 0, 1]),
            ("a packet identifier of 0", [0x32, 6, 0, 1, 0x61, 0, 0, 0]),
            ("quality of service 3", [0x36, 6, 0, 1, 0x61, 0, 1, 0]),
            ("a topic alias", [0x30, 7, 0, 0, 3, 0x23, 0, 1, 7]),
            (
                "a property twice",
                [0xE0, 12, 0, 10] + [0x1F, 0, 2, 0x61, 0x61] + [0x1F, 0, 2, 0x61, 0x61]
            ),
            ("a property of another packet", [0xE0, 5, 0, 3, 0x21, 0, 1]),
            ("a length of five bytes", [0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
            ("properties beyond the packet", [0xE0, 2, 0, 99]),
            ("a second CONNACK", Wire.welcome([])),
            ("an AUTH", [0xF0, 0]), ("a CONNECT", [0x10, 0]), ("a type of 0", [0, 0]),
        ] as [(String, [UInt8])])
    func `what is no packet of a broker's ends the connection`(
        _ name: String, _ packet: [UInt8]
    ) throws {
        #expect(try breach(packet) != nil, "\(name)")
    }

    @Test(
        arguments: [
            ("a receive maximum of 0", [0x21, 0, 0]), ("a packet size of 0", [0x27, 0, 0, 0, 0]),
            ("a maximum quality of service of 2", [0x24, 2]),
        ] as [(String, [UInt8])])
    func `a welcome with limits that none has is none`(
        _ name: String, _ properties: [UInt8]
    ) throws {
        #expect(try breach(Wire.welcome(properties), welcome: nil) != nil, "\(name)")
    }

    @Test func `a welcome with everything that MQTT knows is one`() async throws {
        let text: [UInt8] = [0, 1, 0x61]
        let user: [UInt8] = [0x26] + text + text
        var all: [UInt8] = [0x11, 255, 255, 255, 255, 0x21, 0, 9, 0x22, 255, 255, 0x24, 1, 0x25, 1]
        all += [0x27, 0, 1, 0, 0, 0x28, 1, 0x29, 1, 0x2A, 1, 0x13, 0, 0]
        for name: UInt8 in [0x12, 0x15, 0x1A, 0x1C, 0x1F] { all += [name] + text }
        all += [0x16, 0, 2, 255, 0]
        for _ in 0..<400 { all += user }
        let talk = try Talk(welcome: all)
        #expect(talk.exchange.maximumPacketSize == 65_536)
        #expect(await talk.news() == [.connected(sessionPresent: false)])
    }

    @Test func `an answer in the form of MQTT 3 names the version`() async throws {
        for code: UInt8 in [0, 1] {
            var talk = try Talk(welcome: nil)
            try talk.hear([0x20, 2, 0, code])
            #expect(talk.conversation.refusal?.contains("another version of MQTT") == true)
        }
        var talk = try Talk(welcome: nil)
        try talk.hear([0x20, 2, 0, 4])
        #expect(talk.conversation.refusal?.contains("password") == true)
    }

    @Test func `a claimed length costs no memory, and what was too large is passed over`()
        async throws
    {
        var talk = try Talk(largestPayload: 1_000)
        // 256 MiB of a message of QoS 1 to the topic "a", as far as its head says.
        try talk.hear([0x32, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 0x61, 0, 7, 0])
        let noise = [UInt8](repeating: 0x7F, count: 1 << 20)
        var left = 268_435_455 - 6
        while left > 0 {
            try talk.hear(Array(noise.prefix(left)))
            left -= min(left, noise.count)
            #expect(talk.conversation.heldBytes < 4 << 20)
        }
        try talk.hear(Wire.message("b", "next", number: 8))
        #expect(talk.said() == [0x40, 2, 0, 7, 0x40, 2, 0, 8])
        let payload = Array("next".utf8)
        #expect(
            await talk.news() == [
                .connected(sessionPresent: false), .dropped(1),
                .received(MqttMessage(topic: "b", payload: payload)),
            ])
        // Only messages may be so large.
        #expect(try breach([0xE0, 0xFF, 0xFF, 0xFF, 0x7F]) != nil)
    }

    @Test func `a message that a stranger spoilt is dropped, and the next one is heard`()
        async throws
    {
        var talk = try Talk(largestPayload: 4)
        let spoilt: [[UInt8]] = [
            [0x32, 6, 0, 1, 0xFF, 0, 1, 0], [0x32, 6, 0, 1, 0, 0, 2, 0],
            [0x32, 5, 0, 0, 0, 3, 0], [0x32, 10, 0, 1, 0x61, 0, 4, 4, 0x08, 0, 1, 0xFF],
            Wire.message("a", "large", number: 5),
        ]
        for bytes in spoilt { try talk.hear(bytes) }
        try talk.hear(Wire.message("a", "good", number: 6))
        #expect(talk.said().count == 6 * 4)
        #expect(
            await talk.news() == [
                .connected(sessionPresent: false), .dropped(5),
                .received(MqttMessage(topic: "a", payload: Array("good".utf8))),
            ])
    }

    @Test func `packets in any pieces are the same packets`() async throws {
        let bytes =
            Wire.message("a/b", "21.5", number: 1) + [0xD0, 0] + Wire.message("c", "", number: 2)
        for size in 1...bytes.count {
            var talk = try Talk()
            for start in stride(from: 0, to: bytes.count, by: size) {
                try talk.hear(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(await talk.news().count == 3, "pieces of \(size)")
        }
    }

    @Test func `a message of QoS 2 comes once, however often it is sent before its release`()
        async throws
    {
        var talk = try Talk()
        var message = Wire.message("a", "once", number: 9)
        message[0] = 0x34
        try talk.hear(message)
        message[0] = 0x3C
        try talk.hear(message)
        try talk.hear([0x62, 2, 0, 9])
        #expect(talk.said() == [0x50, 2, 0, 9, 0x50, 2, 0, 9, 0x70, 2, 0, 9])
        #expect(await talk.news().count == 2)
    }

    @Test func `no more is in flight than the broker takes`() async throws {
        var talk = try Talk(welcome: [0x21, 0, 2])
        _ = await talk.exchange.next()
        let sent = try await talk.publishAll(["1", "2", "3"])
        #expect(Wire.publishes(in: talk.said()) == ["1", "2"])
        // The first number is free again and the third message takes the next one.
        try talk.hear([0x40, 2, 0, 1])
        #expect(Wire.publishes(in: talk.said()) == ["3"])
        #expect(await talk.news() == [.acknowledged(sent[0])])
    }

    @Test func `what the broker would hang up at is refused and not sent`() async throws {
        let message = MqttMessage(topic: "a", payload: Array(repeating: 7, count: 50))
        let size = UInt8(message.packetSize)
        var talk = try Talk(welcome: [0x27, 0, 0, 0, size, 0x24, 0, 0x25, 0])
        _ = await talk.exchange.next()
        var plain = message
        plain.qos = .atMostOnce
        // QoS 0 has no packet identifier, so there is room for two bytes more.
        plain.payload += [7, 7]
        #expect(plain.packetSize == Int(size))
        var (large, kept) = (plain, plain)
        large.payload.append(7)
        kept.isRetained = true
        for refused in [message, large, kept] { _ = try await talk.publish(refused) }
        #expect(talk.said().isEmpty)
        _ = try await talk.publish(plain)
        #expect(talk.said().count == Int(size))
        #expect(
            await talk.news().count { if case .publishRefused = $0 { true } else { false } } == 3)
    }

    @Test func `a silent broker is pinged, and given up when it stays silent`() throws {
        var talk = try Talk(keepAliveSeconds: 10)
        let at = { (seconds: Int64) in Self.start.advanced(by: .seconds(seconds)) }
        #expect(talk.conversation.keepUp(at: at(9)) == nil)
        #expect(talk.said(at: at(9)).isEmpty)
        #expect(talk.conversation.keepUp(at: at(10)) == nil)
        #expect(talk.said(at: at(10)) == [0xC0, 0])
        try talk.hear([0xD0, 0], at: at(11))
        #expect(talk.conversation.keepUp(at: at(20)) == nil)
        #expect(talk.said(at: at(20)) == [0xC0, 0])
        #expect(talk.conversation.keepUp(at: at(29)) == nil)
        #expect(talk.conversation.keepUp(at: at(30)) != nil)
    }

    @Test func `a broker that answers pings and acknowledges nothing is given up`() async throws {
        var talk = try Talk(keepAliveSeconds: 10)
        _ = await talk.exchange.next()
        let at = { (seconds: Int64) in Self.start.advanced(by: .seconds(seconds)) }
        // It owes nothing, for as long as it likes.
        for second in stride(from: Int64(0), through: 300, by: 5) {
            try talk.hear([0xD0, 0], at: at(second))
            #expect(talk.conversation.keepUp(at: at(second)) == nil)
        }
        let message = MqttMessage(topic: "a", payload: [1])
        for _ in 0..<3 { _ = try await talk.publish(message) }
        _ = talk.said()
        // Each one that it acknowledges gives it time for the next.
        for second in stride(from: Int64(305), through: 355, by: 5) {
            try talk.hear([0xD0, 0], at: at(second))
            #expect(talk.conversation.keepUp(at: at(second)) == nil)
        }
        try talk.hear([0x40, 2, 0, 1], at: at(356))
        for second in stride(from: Int64(360), through: 415, by: 5) {
            try talk.hear([0xD0, 0], at: at(second))
            #expect(talk.conversation.keepUp(at: at(second)) == nil)
        }
        #expect(talk.conversation.keepUp(at: at(420))?.contains("2 owed") == true)
    }

    @Test(arguments: [(1, 1), (0, 30), (600, 30)])
    func `a broker's own keep-alive counts where it is shorter, and none is no reason for silence`(
        _ theirs: UInt16, _ due: Int64
    ) throws {
        var talk = try Talk(welcome: [0x13, UInt8(theirs >> 8), UInt8(theirs & 255)])
        #expect(
            talk.conversation.keepUp(at: Self.start.advanced(by: .seconds(due) - .nanoseconds(1)))
                == nil)
        #expect(talk.said().isEmpty)
        #expect(talk.conversation.keepUp(at: Self.start.advanced(by: .seconds(due))) == nil)
        #expect(talk.said() == [0xC0, 0])
    }

    @Test func `a broker that never answers the login is given up`() throws {
        var talk = try Talk(welcome: nil, keepAliveSeconds: 65_535)
        #expect(talk.conversation.keepUp(at: Self.start.advanced(by: .seconds(29))) == nil)
        #expect(talk.conversation.keepUp(at: Self.start.advanced(by: .seconds(30))) != nil)
    }

    @Test func `a broker that answers the login byte by byte has no more time for it`() throws {
        var talk = try Talk(welcome: nil)
        for (index, byte) in Wire.welcome([]).dropLast().enumerated() {
            let now = Self.start.advanced(by: .seconds(10 * (index + 1)))
            try talk.hear([byte], at: now)
            #expect((talk.conversation.keepUp(at: now) == nil) == (index < 2))
        }
    }

    @Test func `what is too long for a login is named`() {
        let long = String(repeating: "x", count: 65_536)
        let broker = BrokerAddress(host: "broker", port: 1883)
        func with(_ will: MqttMessage) -> MqttSettings {
            var settings = MqttSettings(broker: broker, clientID: "one")
            settings.will = will
            return settings
        }
        for settings in [
            MqttSettings(broker: broker, clientID: "one", user: long),
            MqttSettings(broker: broker, clientID: "one", password: long),
            MqttSettings(broker: broker, clientID: long),
            with(MqttMessage(topic: long, payload: [])),
            with(MqttMessage(topic: "a", payload: Array(long.utf8))),
        ] {
            #expect {
                try MqttWriting.login(settings, .v5, keepAliveSeconds: 30, largestPacket: 1_000)
            } throws: {
                ($0 as? UpstreamError)?.kind == .badMessage
            }
        }
    }
}

extension `A conversation with a broker`.Talk {
    mutating func publishAll(_ texts: [String]) async throws -> [MessageID] {
        var ids: [MessageID] = []
        for text in texts {
            ids.append(try await publish(MqttMessage(topic: "a", payload: Array(text.utf8))))
        }
        return ids
    }
}

/// Packets as a broker sends them.
enum Wire {
    static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        var packet = [first]
        packet.append(length: body.count)
        return packet + body
    }

    static func welcome(_ properties: [UInt8]) -> [UInt8] {
        var body: [UInt8] = [0, 0]
        body.append(length: properties.count)
        return packet(0x20, body + properties)
    }

    /// Of QoS 1.
    static func message(
        _ topic: String, _ text: String, number: UInt16, properties: [UInt8] = []
    ) -> [UInt8] {
        var body: [UInt8] = []
        body.append(counted: topic.utf8)
        body.append(word: number)
        body.append(length: properties.count)
        return packet(0x32, body + properties + text.utf8)
    }

    /// Each packet that a broker sends to a session with topic and message number 1, with a property that
    /// MQTT does not know.
    static let withUnknownProperty: [(String, [UInt8])] = [
        ("CONNACK", packet(0x20, [0, 0, 2, 0x7F, 0])),
        ("SUBACK", packet(0x90, [0, 1, 2, 0x7F, 0, 1])),
        ("PUBACK", packet(0x40, [0, 1, 0, 2, 0x7F, 0])),
        ("PUBLISH", message("a", "x", number: 1, properties: [0x7F, 0])),
        ("DISCONNECT", packet(0xE0, [0x8B, 2, 0x7F, 0])),
    ]

    /// The payloads of the messages of QoS 1 among packets that a client sent without properties.
    static func publishes(in bytes: [UInt8]) -> [String] {
        var frames = MqttFrames(limit: 1 << 20)
        frames.append(bytes[...])
        var texts: [String] = []
        while let frame = try? frames.next() {
            guard frame.first == 0x32,
                case .message(let message?, _, _)? = try? MqttPacket(
                    frame, .v5, largestPayload: 1 << 20)
            else { continue }
            texts.append(message.text)
        }
        return texts
    }
}
