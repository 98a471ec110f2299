import Simulators
import Testing
import Vocabulary

@testable import Upstreams

/// Brokers that say what no broker should, a byte or a few at a time.
@Suite(.timeLimit(.minutes(10)))
struct MqttMutationTests {
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

    private static func mangled(_ bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &chance) {
            let at = Int.random(in: 0..<max(1, bytes.count), using: &chance)
            switch Int.random(in: 0..<6, using: &chance) {
            case 0: bytes.removeSubrange(min(at, bytes.count)...)
            case 1 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &chance)
            case 2 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &chance)
            case 3:
                bytes.insert(contentsOf: bytes.dropFirst(at).prefix(9), at: min(at, bytes.count))
            case 4 where at < bytes.count: bytes.remove(at: at)
            default: bytes.insert(contentsOf: [0xFF, 0xFF, 0xFF, 0x7F], at: min(at, bytes.count))
            }
        }
        return bytes
    }

    /// `MUTATIONS` sets how many there are.
    @Test func `mangled packets end the connection at most, and cost little memory`() throws {
        var chance = SeededGenerator(seed: 20_261_122)
        var (broken, over) = (0, 0)
        for round in 0..<mutations {
            let spoilt = round % Self.samples.count
            let exchange = MqttExchange(window: 10, inboxCapacity: 10)
            var conversation = try MqttConversation(
                settings: MqttSettings(
                    broker: BrokerAddress(host: "broker", port: 1883), clientID: "one"),
                exchange: exchange, keepAliveSeconds: 30, at: MonotonicInstant(nanoseconds: 0))
            do {
                for (index, sample) in Self.samples.enumerated() {
                    let bytes = index == spoilt ? Self.mangled(sample, &chance) : sample
                    try conversation.receive(bytes[...], at: MonotonicInstant(nanoseconds: 1))
                }
                over += conversation.ending == nil && conversation.refusal == nil ? 0 : 1
            } catch {
                broken += 1
            }
            #expect(conversation.heldBytes < 4_096 && conversation.output.count < 4_096)
        }
        #expect(broken > mutations / 4 && over > 0)
    }

    @Test func `whatever a broker answers, the session tells why and connects to the next one`()
        async throws
    {
        let clock = ManualClock()
        let chance = Guarded(SeededGenerator(seed: 20_261_123))
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
            return isSpoilt(packet) ? chance.withLock { Self.mangled(answer, &$0) } : answer
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
