import Testing
import Vocabulary

@testable import Mqtt

extension MqttSessionTests {
    @Test func `a broker that comes back elsewhere is found, and its absence is reported once`()
        async throws
    {
        let (old, new) = (try TestBroker(), try TestBroker())
        defer { withExtendedLifetime((old, new)) {} }
        try await old.start()
        try await new.start()
        let place = Guarded<BrokerAddress?>(nil)
        var settings = MqttSettings(
            broker: BrokerAddress(host: "127.0.0.1", port: 1), clientID: "one")
        settings.endpointProvider = { () throws(UpstreamError) in
            guard let broker = place.withLock(\.self) else {
                throw UpstreamError(kind: .notConnected, detail: "the house does not run here now")
            }
            return EndpointProvider(broker: broker, user: nil, password: nil)
        }
        let (session, news) = begin(settings)
        #expect(await news.next() == .unreachable("the house does not run here now"))
        await letTryAgain()
        await clock.sleepers(1)
        place.withLock { $0 = old.address }
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        place.withLock { $0 = new.address }
        await old.kill()
        guard case .disconnected? = await news.next() else {
            Issue.record("the broker's end was not told")
            return
        }
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        let id = try session.publish(MqttMessage(topic: "a/b", payload: []))
        #expect(await news.next() == .acknowledged(id))
        session.close()
    }

    @Test func `the largest packet that a broker announces is known while it is connected`()
        async throws
    {
        // What the message takes on the wire is exactly the limit.
        let message = MqttMessage(
            topic: "a", payload: Array(repeating: 7, count: 200), responseTopic: "b",
            correlationData: [1, 2], expirySeconds: 3)
        let sizes = Guarded<[Int]>([])
        let size = message.packetSize
        let broker = ScriptedBroker { packet in
            switch packet.type {
            case ScriptedBroker.connect:
                return [0x20, 8, 0, 0, 5, 0x27, 0, 0, UInt8(size >> 8), UInt8(size & 0xFF)]
            case ScriptedBroker.publish:
                sizes.withLock { $0.append(packet.body.count + 3) }
                return nil
            default: return []
            }
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = try await connect(broker.settings)
        #expect(session.maximumPacketSize == size)
        var larger = message
        larger.payload.append(7)
        let refused = try session.publish(larger)
        guard case .publishRefused(refused, _, "a", false) = await news.next() else {
            Issue.record("a packet above the limit was not refused")
            return
        }
        try session.publish(message)
        guard case .disconnected = await news.next() else {
            Issue.record("the message did not reach the broker")
            return
        }
        #expect(sizes.withLock(\.self) == [size])
        #expect(session.maximumPacketSize == nil)
        session.close()
    }
}
