import Testing
import Vocabulary

@testable import Upstreams

extension MqttSessionTests {
    @Test func `a broker that comes back elsewhere is found, and its absence is told once`()
        async throws
    {
        let (old, new) = (try TestBroker(), try TestBroker())
        defer { withExtendedLifetime((old, new)) {} }
        try await old.start()
        try await new.start()
        let place = Guarded<BrokerAddress?>(nil)
        var settings = MqttSettings(
            broker: BrokerAddress(host: "127.0.0.1", port: 1), clientID: "one")
        settings.whereabouts = { () throws(UpstreamError) in
            guard let broker = place.withLock(\.self) else {
                throw UpstreamError(kind: .notConnected, detail: "the house does not run here now")
            }
            return MqttWhereabouts(broker: broker, user: nil, password: nil)
        }
        let session = MqttSession(settings: settings, clock: clock)
        let news = NewsReader(session)
        session.connect()
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
}
