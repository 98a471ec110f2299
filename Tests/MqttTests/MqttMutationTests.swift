import Fakes
import Fuzzing
import TestMachine
import Testing
import Vocabulary

@testable import Mqtt

/// Brokers that say what no broker should, a byte or a few at a time.
@Suite struct MqttMutationTests {
    /// One whole conversation in packets, of every kind that a broker sends.
    private static let samples: [[UInt8]] = [
        Wire.welcome([0x21, 0, 9, 0x27, 0, 1, 0, 0, 0x26, 0, 1, 0x61, 0, 1, 0x62, 0x13, 0, 20]),
        Wire.packet(0x90, [0, 1, 0, 1]),
        Wire.packet(0x40, [0, 1, 0x10, 6, 0x1F, 0, 3, 0x61, 0x62, 0x63]),
        Wire.message(
            "set/a", "on", number: 3,
            properties: [2, 0, 0, 0, 9, 8, 0, 1, 0x72, 9, 0, 2, 0, 1, 0x0B, 0x80, 1, 3, 0, 0]),
        [0x34, 7, 0, 2, 0x61, 0x62, 0, 5, 0], [0x62, 2, 0, 5], [0xD0, 0],
        Wire.packet(0xE0, [0x8E, 4, 0x1F, 0, 1, 0x78]),
    ]

    /// Pieces that mean something to a reader of packets: numbers of the most bytes, and with one too
    /// many, and long texts.
    private static let tokens: [[UInt8]] = [
        [0xFF, 0xFF, 0xFF, 0x7F], [0x80, 0x80, 0x80, 0x80, 1], [0xFF, 0xFF], [0, 0],
        [0x26, 0, 1, 0x61],
        [0x1F, 0, 3],
    ]

    private static let samplesOfVersion3: [[UInt8]] = [
        [0x20, 2, 0, 0], [0x90, 3, 0, 1, 1], [0x40, 2, 0, 1],
        [0x32, 10] + Array("\0\u{05}set/a\0\u{03}x".utf8), [0x34, 7, 0, 2, 0x61, 0x62, 0, 5, 0],
        [0x62, 2, 0, 5], [0xD0, 0],
    ]

    @Test(.ownThread, arguments: MqttVersion.allCases)
    func `mangled packets end the connection at most, and cost little memory`(
        version: MqttVersion
    ) throws {
        let samples = version == .v5 ? Self.samples : Self.samplesOfVersion3
        let rounds = Mangler.rounds(20_000)
        var mangler = Mangler(seed: 20_261_122, limit: 1_024, tokens: Self.tokens)
        var (broken, over) = (0, 0)
        for round in 0..<rounds {
            let spoilt = round % samples.count
            let exchange = MqttExchange(window: 10, inboxCapacity: 10)
            var conversation = try MqttConversation(
                settings: MqttSettings(
                    broker: BrokerAddress(host: "broker", port: 1883), clientID: "one"),
                version, exchange: exchange, keepAliveSeconds: 30,
                at: MonotonicInstant(nanoseconds: 0))
            do {
                for (index, sample) in samples.enumerated() {
                    let bytes = index == spoilt ? mangler.mangled(sample) : sample
                    try conversation.receive(bytes[...], at: MonotonicInstant(nanoseconds: 1))
                }
                over += conversation.ending == nil && conversation.refusal == nil ? 0 : 1
            } catch {
                broken += 1
            }
            #expect(conversation.heldBytes < 4_096 && conversation.output.count < 4_096)
        }
        #expect(broken > rounds / 8 && (over > 0 || version == .v3))
    }

    @Test(.timeLimit(.minutes(10)))
    func `whatever a broker answers, the session reports why and connects to the next one`()
        async throws
    {
        let clock = ManualClock()
        let mangler = Guarded(Mangler(seed: 20_261_123, limit: 64, tokens: Self.tokens))
        let rounds = 200
        let logins = Guarded(0)
        let kinds = [ScriptedBroker.connect, ScriptedBroker.subscribe, ScriptedBroker.publish]
        let isSpoilt = { @Sendable (packet: ScriptedBroker.Packet) in
            let login = logins.withLock(\.self)
            return login <= rounds && packet.type == kinds[login % 3]
        }
        let broker = ScriptedBroker(isLast: isSpoilt) { packet in
            if packet.type == ScriptedBroker.connect { logins.withLock { $0 += 1 } }
            let answer: [UInt8] =
                switch packet.type {
                case ScriptedBroker.connect: Self.samples[0]
                case ScriptedBroker.subscribe:
                    [0x90, 4, packet.body[0], packet.body[1], 0, 1] + Self.samples[3]
                case ScriptedBroker.publish: [0x40, 2, packet.body[3], packet.body[4]]
                default: []
                }
            return isSpoilt(packet) ? mangler.withLock { $0.mangled(answer) } : answer
        }
        defer { withExtendedLifetime(broker) {} }
        let session = MqttSession(
            settings: MqttSettings(
                broker: BrokerAddress(host: "127.0.0.1", port: broker.port), clientID: "one",
                keepAlive: .seconds(5)),
            clock: clock)
        session.connect()
        // Whatever the session rests for is over at once.
        let hurry = Task {
            while !Task.isCancelled {
                await clock.sleepers(1)
                clock.advance(by: .seconds(60))
            }
        }
        defer { hurry.cancel() }
        var reasons: Set<String> = []
        loop: for await news in session.news {
            switch news {
            case .connected: try? session.subscribe("a")
            case .subscribed: _ = try? session.publish(MqttMessage(topic: "a", payload: [1]))
            case .unreachable(let why), .refused(let why), .disconnected(let why):
                reasons.insert(why)
            case .acknowledged where logins.withLock(\.self) > rounds: break loop
            case .acknowledged, .publishRefused, .received, .dropped, .subscriptionRefused,
                .nameTaken:
                break
            }
        }
        #expect(logins.withLock(\.self) > rounds)
        #expect(reasons.count > 10 && !reasons.contains(""))
        session.close()
    }
}
