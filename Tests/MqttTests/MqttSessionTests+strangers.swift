import Synchronization
import Testing
import Vocabulary

@testable import Mqtt

// Brokers that are none, or not ours.
extension MqttSessionTests {
    @Test(arguments: Wire.withUnknownProperty)
    func `an unknown property costs the connection, is named, and the next one is made`(
        _ name: String, _ packet: [UInt8]
    ) async throws {
        let isSpoilt = Atomic(true)
        let broker = ScriptedBroker { received in
            let spoilt = isSpoilt.load(ordering: .relaxed)
            switch received.type {
            case ScriptedBroker.connect:
                guard spoilt, name != "SUBACK", name != "PUBACK" else {
                    return ScriptedBroker.welcome
                }
                return name == "CONNACK" ? packet : ScriptedBroker.welcome + packet
            case ScriptedBroker.subscribe:
                return spoilt
                    ? [packet[0], packet[1], received.body[0], received.body[1]] + packet[4...]
                    : [0x90, 4, received.body[0], received.body[1], 0, 1]
            case ScriptedBroker.publish:
                return [packet[0], packet[1], received.body[3], received.body[4]] + packet[4...]
            default: return []
            }
        }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = begin(broker.settings)
        var reason: String?
        while reason == nil {
            switch await news.next() {
            case .connected where name == "SUBACK": try session.subscribe("a")
            case .connected where name == "PUBACK":
                try session.publish(MqttMessage(topic: "a", payload: [1]))
            case .connected: break
            case .unreachable(let why), .disconnected(let why): reason = why
            case let other:
                Issue.record("\(String(describing: other))")
                return
            }
        }
        #expect(reason?.contains("malformed packet: \(name): unknown property 0x7f") == true)
        isSpoilt.store(false, ordering: .relaxed)
        await letTryAgain()
        #expect(await news.next() == .connected(sessionPresent: false))
        try session.subscribe("a")
        #expect(await news.next() == .subscribed(topic: "a"))
        session.close()
    }

    @Test(
        arguments: [
            (nil, "may not support MQTT"),
            ([0x20, 2, 0, 1], "another version of MQTT"),
            (
                Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) + [UInt8](repeating: 32, count: 99),
                "check that an MQTT broker without TLS listens"
            ),
            // A TLS alert.
            ([0x15, 3, 1, 0, 2, 2, 70], "check that an MQTT broker without TLS listens"),
        ] as [([UInt8]?, String)])
    func `whatever is no broker of MQTT is distinguished from one that is down`(
        _ answer: [UInt8]?, _ words: String
    ) async throws {
        let broker = ScriptedBroker { _ in answer }
        defer { withExtendedLifetime(broker) {} }
        let (session, news) = begin(broker.settings)
        switch await news.next() {
        case .unreachable(let why), .refused(let why): #expect(why.contains(words), "\(why)")
        case let other: Issue.record("\(String(describing: other))")
        }
        session.close()
    }

    @Test func `two sessions of one name take turns, slower and slower, and suspect it`()
        async throws
    {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let settings = MqttSettings(broker: broker.address, clientID: "same")
        let (first, firstNews) = try await connect(settings)
        var waits: [Duration] = []
        for _ in 0..<3 {
            let (second, _) = try await connect(settings)
            let heard = await firstNews.next()
            guard case .disconnected(let why) = heard else {
                Issue.record("both are connected: \(String(describing: heard))")
                return
            }
            // mosquitto says nothing when it pushes one out; the third time in a row it is suspicious.
            #expect(why.contains("another client may use the same") == (waits.count == 2))
            if waits.count == 2 { #expect(await firstNews.next() == .nameTaken(why)) }
            await clock.sleepers(1)
            let wait = clock.now.duration(to: try #require(clock.nextDeadline))
            waits.append(wait)
            second.close()
            clock.advance(by: wait)
            #expect(await firstNews.next() == .connected(sessionPresent: false))
        }
        for (wait, longest) in zip(waits, [1, 2, 4].map { Duration.seconds($0) }) {
            #expect(wait > longest / 2 - .milliseconds(1) && wait <= longest)
        }
        first.close()
    }

    @Test func `a message larger than is taken does not come in the way of the next one`()
        async throws
    {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        var settings = MqttSettings(broker: broker.address, clientID: "one")
        settings.largestPayload = 1_000
        let (session, news) = try await connect(settings)
        try session.subscribe("a/#")
        #expect(await news.next() == .subscribed(topic: "a/#"))
        // One that the broker may send and is dropped here, and one that it must not send.
        for size in [100_000, 400_000] {
            let id = try session.publish(
                MqttMessage(topic: "a/large", payload: [UInt8](repeating: 7, count: size)))
            var heard = [await news.next()]
            if size < 262_144 { heard.append(await news.next()) }
            #expect(heard.contains(.acknowledged(id)))
            if size < 262_144 { #expect(heard.contains(.dropped(1))) }
        }
        let small = MqttMessage(topic: "a/small", payload: [1])
        let id = try session.publish(small)
        let heard = [await news.next(), await news.next()]
        #expect(heard.contains(.acknowledged(id)) && heard.contains(.received(small)))
        session.close()
    }
}
