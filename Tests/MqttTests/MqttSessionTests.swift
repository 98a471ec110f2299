import Fakes
import Glibc
import Synchronization
import Testing
import Vocabulary

@testable import Brokers
@testable import Mqtt

/// Sessions with a real broker, and a scripted one for what a real one does too seldom.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct MqttSessionTests {
    let clock = ManualClock()

    /// A session that has connected, with its news.
    func connect(
        _ settings: MqttSettings, will: MqttMessage? = nil
    ) async throws -> (MqttSession, NewsReader) {
        let (session, news) = begin(settings, will: will)
        #expect(await news.next() == .connected(sessionPresent: false))
        return (session, news)
    }

    /// A session that begins to connect, with its news.
    func begin(
        _ settings: MqttSettings, will: MqttMessage? = nil
    ) -> (MqttSession, NewsReader) {
        let session = MqttSession(settings: settings, clock: clock)
        let news = NewsReader(session)
        session.connect { will }
        return (session, news)
    }

    /// Lets the next try to connect happen, after the last one has failed.
    func letTryAgain() async {
        await clock.sleepers(1)
        clock.advance(by: .seconds(60))
    }

    @Test func `what is published is acknowledged and comes to those who subscribed`() async throws
    {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "one"))
        try session.subscribe("a/#")
        #expect(await news.next() == .subscribed(topic: "a/#"))
        let id = try session.publish(MqttMessage(topic: "a/b", payload: Array("21.5".utf8)))
        let both = [await news.next(), await news.next()]
        #expect(both.contains(.acknowledged(id)))
        #expect(both.contains(.received(MqttMessage(topic: "a/b", payload: Array("21.5".utf8)))))
        session.close()
        #expect(await news.next() == nil)
    }

    @Test func `nothing is handed over while there is no connection`() async throws {
        let session = MqttSession(
            settings: MqttSettings(
                broker: BrokerAddress(host: "127.0.0.1", port: 1), clientID: "one"), clock: clock)
        #expect {
            try session.publish(MqttMessage(topic: "a", payload: []))
        } throws: {
            ($0 as? UpstreamError)?.kind == .notConnected
        }
        #expect(throws: UpstreamError.self) { try session.subscribe("a") }
        session.close()
    }

    @Test func `a wrong password is reported once, and the tries go on`() async throws {
        let broker = try TestBroker(
            ["allow_anonymous false", "password_file FOLDER/passwords"],
            files: ["passwords": "gateway:$7$101$never$matches\n"])
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = begin(
            MqttSettings(
                broker: broker.address, clientID: "one", user: "gateway", password: "wrong"))
        let first = await news.next()
        guard case .refused(let reason) = first else {
            Issue.record("\(String(describing: first))")
            return
        }
        #expect(reason.contains("check user, password") || reason.contains("password"))
        for _ in 0..<3 { await letTryAgain() }
        await clock.sleepers(1)
        await broker.kill()
        clock.advance(by: .seconds(60))
        let heard = await news.next()
        guard case .unreachable = heard else {
            Issue.record("the refusal was told again: \(String(describing: heard))")
            return
        }
        session.close()
    }

    @Test func `a publish that the access list denies is refused and not acknowledged`()
        async throws
    {
        let broker = try TestBroker(
            ["allow_anonymous true", "acl_file FOLDER/acl"],
            files: ["acl": "topic readwrite open/#\n"])
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "one"))
        let denied = try session.publish(MqttMessage(topic: "closed/a", payload: [1]))
        let heard = await news.next()
        guard case .publishRefused(denied, let reason, "closed/a", true) = heard else {
            Issue.record("the broker took it: \(String(describing: heard))")
            return
        }
        #expect(reason.contains("not authorized"))
        let taken = try session.publish(MqttMessage(topic: "open/a", payload: [1]))
        #expect(await news.next() == .acknowledged(taken))
        session.close()
    }

    @Test func `a subscription that the broker refuses is reported with its reason`() async throws {
        let broker = ScriptedBroker { packet in
            switch packet.type {
            case ScriptedBroker.connect: ScriptedBroker.welcome
            case ScriptedBroker.subscribe:
                [0x90, 4, packet.body[0], packet.body[1], 0, 0x87]
            default: []
            }
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = try await connect(broker.settings)
        try session.subscribe("a/#")
        let heard = await news.next()
        guard case .subscriptionRefused("a/#", let reason) = heard else {
            Issue.record("not refused: \(String(describing: heard))")
            return
        }
        #expect(reason.contains("not authorized"))
        session.close()
    }

    @Test func `a login refused with the broker's own words is reported in them`() async throws {
        let words = Array("come back tomorrow".utf8)
        let broker = ScriptedBroker { packet in
            let properties = [0x1F, 0, UInt8(words.count)] + words
            let body = [0, 0x86, UInt8(properties.count)] + properties
            return packet.type == ScriptedBroker.connect ? [0x20, UInt8(body.count)] + body : nil
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = begin(broker.settings)
        let heard = await news.next()
        guard case .refused(let reason) = heard else {
            Issue.record("not refused: \(String(describing: heard))")
            return
        }
        #expect(reason.contains("bad user name or password"))
        #expect(reason.contains("come back tomorrow"))
        session.close()
    }

    @Test func `a broker that sends malformed packets is tried again`() async throws {
        let count = Atomic<Int>(0)
        let broker = ScriptedBroker { packet in
            let round = count.add(1, ordering: .relaxed).newValue
            return round == 1 ? [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00] : ScriptedBroker.welcome
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = begin(broker.settings)
        let heard = await news.next()
        guard case .unreachable = heard else {
            Issue.record("nonsense was accepted: \(String(describing: heard))")
            return
        }
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        session.close()
    }

    @Test func `a broker that comes up later is found`() async throws {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = begin(MqttSettings(broker: broker.address, clientID: "one"))
        let heard = await news.next()
        guard case .unreachable(let reason) = heard else {
            Issue.record("reached: \(String(describing: heard))")
            return
        }
        #expect(reason == "mqtt://127.0.0.1:\(broker.port): Connection refused")
        try await broker.start()
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        session.close()
    }

    @Test func `after the broker was killed the session connects and subscribes again`()
        async throws
    {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "one"))
        try session.subscribe("a")
        #expect(await news.next() == .subscribed(topic: "a"))
        await broker.kill()
        let heard = await news.next()
        guard case .disconnected = heard else {
            Issue.record("still connected: \(String(describing: heard))")
            return
        }
        #expect(throws: UpstreamError.self) {
            try session.publish(MqttMessage(topic: "a", payload: []))
        }
        try await broker.start()
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        try session.subscribe("a")
        #expect(await news.next() == .subscribed(topic: "a"))
        let message = MqttMessage(topic: "a", payload: [7])
        let id = try session.publish(message)
        #expect(
            Set([await news.next(), await news.next()]) == [.acknowledged(id), .received(message)])
        session.close()
    }

    @Test func `what was not acknowledged is not sent again by itself`() async throws {
        let seen = Mutex<[UInt8]>([])
        let broker = ScriptedBroker { packet in
            switch packet.type {
            case ScriptedBroker.connect: return ScriptedBroker.welcome
            case ScriptedBroker.publish:
                let payload = packet.body.last ?? 0
                seen.withLock { $0.append(payload) }
                guard payload == 2 else { return nil }
                // The packet identifier stands behind the topic "a".
                return [0x40, 2, packet.body[3], packet.body[4]]
            default: return []
            }
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = try await connect(broker.settings)
        try session.publish(MqttMessage(topic: "a", payload: [1]))
        let heard = await news.next()
        guard case .disconnected = heard else {
            Issue.record("still connected: \(String(describing: heard))")
            return
        }
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        let id = try session.publish(MqttMessage(topic: "a", payload: [2]))
        #expect(await news.next() == .acknowledged(id))
        #expect(seen.withLock(\.self) == [1, 2])
        session.close()
    }

    @Test func `retained messages are distinguished, old ones and new ones`() async throws {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "one"))
        let old = MqttMessage(topic: "set/a", payload: [1], isRetained: true)
        let id = try session.publish(old)
        #expect(await news.next() == .acknowledged(id))
        try session.subscribe("set/+")
        let first = [await news.next(), await news.next()]
        #expect(first.contains(.received(old)))
        let new = MqttMessage(topic: "set/b", payload: [2], isRetained: true)
        try session.publish(new)
        #expect([await news.next(), await news.next()].contains(.received(new)))
        let plain = MqttMessage(topic: "set/c", payload: [3])
        try session.publish(plain)
        #expect([await news.next(), await news.next()].contains(.received(plain)))
        session.close()
    }

    @Test func `response topic, correlation data and expiry travel with a message`() async throws {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "one"))
        try session.subscribe("set")
        _ = await news.next()
        let question = MqttMessage(
            topic: "set", payload: Array("on".utf8), responseTopic: "answers/me",
            correlationData: [0, 255, 1], expirySeconds: 60)
        try session.publish(question)
        let both = [await news.next(), await news.next()]
        let received = both.compactMap { news in
            if case .received(let message) = news { message } else { nil }
        }
        #expect(received.first?.responseTopic == "answers/me")
        #expect(received.first?.correlationData == [0, 255, 1])
        // The broker takes off the time it held the message.
        #expect((59...60).contains(received.first?.expirySeconds ?? 0))
        session.close()
    }

    @Test func `the last will is published when the connection breaks`() async throws {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (watcher, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "watcher"))
        try watcher.subscribe("status")
        _ = await news.next()
        let before = openSockets(to: broker.port)
        let will = MqttMessage(topic: "status", payload: Array("offline".utf8))
        var settings = MqttSettings(broker: broker.address, clientID: "gateway")
        let (lost, lostNews) = try await connect(settings, will: will)
        for socket in openSockets(to: broker.port).subtracting(before) {
            shutdown(socket, Int32(SHUT_RDWR))
        }
        #expect(await news.next() == .received(will))
        let heard = await lostNews.next()
        guard case .disconnected = heard else {
            Issue.record("still connected: \(String(describing: heard))")
            return
        }
        lost.close()
        // One that says that it goes offline has no last will.
        settings.clientID = "polite"
        let (polite, politeNews) = try await connect(settings, will: will)
        polite.close()
        #expect(await politeNews.next() == nil)
        let id = try watcher.publish(MqttMessage(topic: "end", payload: []))
        #expect(await news.next() == .acknowledged(id))
        watcher.close()
    }

    @Test func `a broker that hangs up with a reason is understood`() async throws {
        let broker = ScriptedBroker { packet in
            packet.type == ScriptedBroker.connect
                ? ScriptedBroker.welcome + [0xE0, 2, 0x8E, 0] : nil
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = begin(
            MqttSettings(
                broker: BrokerAddress(host: "127.0.0.1", port: broker.port), clientID: "same"))
        var heard = await news.next()
        // Whether the connection itself is reported depends on who comes first.
        if heard == .connected(sessionPresent: false) { heard = await news.next() }
        switch heard {
        case .disconnected(let reason), .unreachable(let reason):
            #expect(reason.contains("another client") && reason.contains("same"))
            #expect(await news.next() == .nameTaken(reason))
        default: Issue.record("still connected: \(String(describing: heard))")
        }
        session.close()
    }
}

/// The news of one session, one after the other.
final class NewsReader {
    private var iterator: AsyncStream<MqttEvent>.Iterator

    init(_ session: some Upstream) { iterator = session.news.makeAsyncIterator() }

    func next(isolation: isolated (any Actor)? = #isolation) async -> MqttEvent? {
        await iterator.next(isolation: isolation)
    }
}
