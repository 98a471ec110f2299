import Fakes
import Synchronization
import TestMachine
import Testing
import Vocabulary

@testable import Mqtt

/// Which version of MQTT a broker is spoken to in.
@Suite struct `The choice of an MQTT version` {
    private let start = MonotonicInstant(nanoseconds: 0)

    @Test func `is 3.1.1 for a broker that says that it does not speak 5, and 5 a day later`() {
        var choice = MqttVersionChoice(nil)
        #expect(choice.next(at: start) == .v5)
        choice.rejected(.v5, at: start)
        let nearly = start.advanced(by: .seconds(24 * 3_600 - 1))
        for now in [start, nearly] {
            #expect(choice.next(at: now) == .v3)
            #expect(!choice.isTrial)
            choice.accepted(.v3)
        }
        #expect(choice.next(at: start.advanced(by: .seconds(24 * 3_600))) == .v5)
    }

    @Test func `is 3.1.1 where a login is accepted between two that have no answer in 5`() {
        var choice = MqttVersionChoice(nil)
        #expect(choice.next(at: start) == .v5)
        unanswered(&choice, isNextAtOnce: true)
        #expect(choice.next(at: start) == .v3)
        #expect(choice.isTrial)
        choice.accepted(.v3)
        #expect(choice.next(at: start) == .v5)
        #expect(!choice.isTrial)
        unanswered(&choice, isNextAtOnce: true)
        #expect(choice.next(at: start) == .v3)
        #expect(!choice.isTrial)
    }

    @Test func `stays 5 where a broker only starts slowly, or has spoken it before`() {
        var choice = MqttVersionChoice(nil)
        for _ in 0..<3 {
            unanswered(&choice, isNextAtOnce: true)
            unanswered(&choice, isNextAtOnce: false)
        }
        unanswered(&choice, isNextAtOnce: true)
        // It has come up meanwhile.
        choice.accepted(.v3)
        #expect(choice.next(at: start) == .v5)
        choice.accepted(.v5)
        for _ in 0..<9 {
            unanswered(&choice, isNextAtOnce: false)
            #expect(choice.next(at: start) == .v5)
        }
    }

    private func unanswered(_ choice: inout MqttVersionChoice, isNextAtOnce: Bool) {
        let isAtOnce = choice.unanswered(at: start)
        #expect(isAtOnce == isNextAtOnce)
    }

    @Test func `is what the settings say`() {
        for version in MqttVersion.allCases {
            var choice = MqttVersionChoice(version)
            for _ in 0..<9 {
                unanswered(&choice, isNextAtOnce: false)
                #expect(choice.next(at: start) == version)
                #expect(!choice.isTrial)
            }
            choice.rejected(version, at: start)
            #expect(choice.next(at: start) == version)
        }
        #expect(MqttVersion(words: "5") == .v5)
        #expect(MqttVersion(words: "3.1.1") == .v3)
        #expect(MqttVersion(words: "3.1") == nil)
    }
}

/// What is said in MQTT 3.1.1.
@Suite struct `A conversation in MQTT 3.1.1` {
    private let start = MonotonicInstant(nanoseconds: 0)
    private let exchange = MqttExchange(window: 9, inboxCapacity: 9)

    private func conversation(
        will: MqttMessage? = nil
    ) throws -> MqttConversation {
        var settings = MqttSettings(
            broker: BrokerAddress(host: "broker", port: 1883), clientID: "one", user: "u",
            password: "p")
        settings.will = will
        return try MqttConversation(
            settings: settings, .v3, exchange: exchange, keepAliveSeconds: 30, at: start)
    }

    private func said(by conversation: inout MqttConversation) -> [UInt8] {
        let bytes = Array(conversation.output)
        conversation.wrote(bytes.count, at: start)
        return bytes
    }

    @Test func `logs in, subscribes and publishes without properties`() async throws {
        let full = MqttMessage(
            topic: "a", payload: [7], isRetained: true, responseTopic: "r", correlationData: [1],
            expirySeconds: 9)
        var conversation = try conversation(will: full)
        let login = said(by: &conversation)
        #expect(
            login == [0x10, 27] + Array("\0\u{04}MQTT".utf8) + [4, 0xEE, 0, 30]
                + Array("\0\u{03}one\0\u{01}a\0\u{01}\u{07}\0\u{01}u\0\u{01}p".utf8))
        try conversation.receive([0x20, 2, 0, 0], at: start)
        #expect(await exchange.next() == .connected(sessionPresent: false))
        #expect(exchange.version == .v3)
        try exchange.subscribe("a")
        _ = try exchange.publish(full)
        for order in exchange.takeOrders() { conversation.carryOut(order) }
        let both = said(by: &conversation)
        #expect(both == [0x82, 6, 0, 1, 0, 1, 0x61, 1] + [0x33, 6, 0, 1, 0x61, 0, 2, 7])
    }

    @Test func `understands what comes without properties`() async throws {
        var conversation = try conversation()
        _ = said(by: &conversation)
        try conversation.receive([0x20, 2, 1, 0], at: start)
        #expect(await exchange.next() == .connected(sessionPresent: true))
        try exchange.subscribe("a")
        try exchange.subscribe("b")
        let id = try exchange.publish(MqttMessage(topic: "a", payload: []))
        for order in exchange.takeOrders() { conversation.carryOut(order) }
        _ = said(by: &conversation)
        try conversation.receive([0x90, 3, 0, 1, 1, 0x90, 3, 0, 2, 0x80, 0x40, 2, 0, 3], at: start)
        // A payload that reads as properties is one.
        try conversation.receive([0x33, 7, 0, 1, 0x61, 0, 5, 0, 1], at: start)
        #expect(said(by: &conversation) == [0x40, 2, 0, 5])
        #expect(await exchange.next() == .subscribed(topic: "a"))
        #expect(
            await exchange.next()
                == .subscriptionRefused(topic: "b", reason: MqttReason(128).description))
        #expect(await exchange.next() == .acknowledged(id))
        #expect(
            await exchange.next()
                == .received(MqttMessage(topic: "a", payload: [0, 1], isRetained: true)))
    }

    @Test(
        arguments: [
            ("a DISCONNECT", [0xE0, 0]), ("a CONNACK with properties", [0x20, 3, 0, 0, 0]),
            ("a PUBACK with a reason", [0x40, 3, 0, 1, 0]),
            ("a SUBACK with properties", [0x90, 4, 0, 1, 0, 1]),
        ] as [(String, [UInt8])])
    func `ends at a packet of MQTT 5`(_ name: String, _ packet: [UInt8]) throws {
        var conversation = try conversation()
        if packet[0] != 0x20 { try conversation.receive([0x20, 2, 0, 0], at: start) }
        #expect(throws: MalformedPacket.self, "\(name)") {
            try conversation.receive(packet[...], at: start)
        }
    }
}

extension MqttSessionTests {
    /// The versions of the logins, in order.
    private func logins(
        _ answer: @escaping @Sendable (MqttVersion) -> [UInt8]?
    ) async throws -> (versions: [MqttVersion], of: MqttVersion?) {
        let versions = Mutex<[MqttVersion]>([])
        let broker = ScriptedBroker { packet in
            guard packet.type == ScriptedBroker.connect,
                let version = MqttVersion(rawValue: packet.body[6])
            else { return [] }
            versions.withLock { $0.append(version) }
            return answer(version)
        }
        defer { withExtendedLifetime(broker) {} }
        let session = MqttSession(
            settings: MqttSettings(
                broker: BrokerAddress(host: "127.0.0.1", port: broker.port), clientID: "one"),
            clock: clock)
        let news = NewsReader(session)
        session.connect()
        let hurry = Task {
            while !Task.isCancelled {
                await clock.sleepers(1)
                clock.advance(by: .seconds(60))
            }
        }
        defer { hurry.cancel() }
        while case let heard = await news.next(), heard != .connected(sessionPresent: false) {
            guard case .unreachable = heard else {
                Issue.record("\(String(describing: heard))")
                break
            }
        }
        let version = session.version
        session.close()
        return (versions.withLock(\.self), version)
    }

    @Test(arguments: [[0x20, 2, 0, 1], [0x20, 3, 0, 0x84, 0]] as [[UInt8]])
    func `a broker that rejects MQTT 5 is spoken to in 3.1.1 at once`(
        rejection: [UInt8]
    ) async throws {
        let (versions, version) = try await logins { $0 == .v3 ? [0x20, 2, 0, 0] : rejection }
        #expect(versions == [.v5, .v3])
        #expect(version == .v3)
    }

    @Test func `a broker that hangs up at MQTT 5 is spoken to in 3.1.1 once that is sure`()
        async throws
    {
        let (versions, version) = try await logins { $0 == .v3 ? [0x20, 2, 0, 0] : nil }
        #expect(versions == [.v5, .v3, .v5, .v3])
        #expect(version == .v3)
    }

    @Test func `a real broker takes and delivers in MQTT 3.1.1`() async throws {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        var settings = MqttSettings(broker: broker.address, clientID: "one")
        settings.version = .v3
        let (session, news) = try await connect(settings)
        try session.subscribe("a/#")
        #expect(await news.next() == .subscribed(topic: "a/#"))
        let message = MqttMessage(topic: "a/b", payload: Array("21.5".utf8), expirySeconds: 9)
        let id = try session.publish(message)
        let both = [await news.next(), await news.next()]
        #expect(both.contains(.acknowledged(id)))
        #expect(both.contains(.received(MqttMessage(topic: "a/b", payload: Array("21.5".utf8)))))
        session.close()
        #expect(await news.next() == nil)
    }
}
