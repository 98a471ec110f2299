import Testing
import Vocabulary

@testable import Mqtt

/// The bounds of the news and of the outbox, without a broker.
@Suite(.timeLimit(.minutes(10)))
struct MqttExchangeTests {
    let exchange = MqttExchange(window: 3, inboxCapacity: 2)

    func message(_ number: UInt8) -> MqttMessage { MqttMessage(topic: "a", payload: [number]) }

    /// All news that wait, up to the end.
    func rest() async -> [MqttEvent] {
        exchange.finish()
        var news: [MqttEvent] = []
        while let next = await exchange.next() { news.append(next) }
        return news
    }

    @Test func `messages that are not taken are dropped beyond the capacity and counted`() async {
        exchange.connected(sessionPresent: false)
        for number: UInt8 in 1...5 { exchange.received(message(number)) }
        #expect(
            await rest() == [
                .connected(sessionPresent: false), .received(message(1)), .received(message(2)),
                .dropped(3),
            ])
    }

    @Test func `a consumer that is cancelled right before it waits, waits for nothing`() async {
        exchange.connected(sessionPresent: false)
        exchange.dismissConsumer()
        #expect(await exchange.next() == nil)
    }

    @Test func `a flood of messages costs no acknowledgement and no loss of connection`()
        async throws
    {
        exchange.connected(sessionPresent: false)
        _ = await exchange.next()
        let id = try exchange.publish(message(0))
        for number: UInt8 in 0..<100 { exchange.received(message(number)) }
        exchange.acknowledged(id)
        exchange.disconnected("gone")
        #expect(
            await rest() == [
                .received(message(0)), .received(message(1)), .dropped(98), .acknowledged(id),
                .disconnected("gone"),
            ])
    }

    @Test func `a connection that came and went unseen is reported as a try that failed`() async {
        exchange.failed(.unreachable("down"))
        for _ in 0..<50 {
            exchange.connected(sessionPresent: false)
            exchange.received(message(1))
            exchange.disconnected("gone")
        }
        #expect(await rest() == [.dropped(50), .unreachable("gone")])
    }

    @Test func `a broker that hangs up again and again is reported once, and piles up nothing`()
        async
    {
        exchange.connected(sessionPresent: false)
        exchange.disconnected("gone")
        #expect(await exchange.next() == .unreachable("gone"))
        for round in 0..<50 {
            exchange.connected(sessionPresent: false)
            exchange.disconnected(round < 49 ? "gone" : "banned")
        }
        #expect(await rest() == [.unreachable("banned")])
    }

    @Test func `a failure is reported once until it changes`() async {
        exchange.failed(.unreachable("down"))
        #expect(await exchange.next() == .unreachable("down"))
        exchange.failed(.unreachable("down"))
        exchange.failed(.refused("wrong password"))
        #expect(await exchange.next() == .refused("wrong password"))
        exchange.failed(.unreachable("a"))
        exchange.failed(.unreachable("b"))
        #expect(await rest() == [.unreachable("b")])
    }

    @Test func `nothing is taken for a connection that the caller has not heard of`() async throws {
        exchange.connected(sessionPresent: false)
        #expect(throws: UpstreamError.self) { try exchange.publish(message(1)) }
        _ = await exchange.next()
        _ = try exchange.publish(message(1))
        exchange.disconnected("gone")
        #expect(throws: UpstreamError.self) { try exchange.publish(message(1)) }
        #expect(exchange.takeOrders().isEmpty)
    }

    @Test func `outcomes that are not taken count against the window`() async throws {
        exchange.connected(sessionPresent: false)
        _ = await exchange.next()
        for _ in 0..<3 { exchange.acknowledged(try exchange.publish(message(1))) }
        #expect {
            try exchange.publish(message(1))
        } throws: {
            ($0 as? UpstreamError)?.kind == .full
        }
        _ = await exchange.next()
        _ = try exchange.publish(message(1))
    }

    @Test func `no two publishes share an identity, not even across connections`() async throws {
        var ids: Set<MessageID> = []
        for _ in 0..<4 {
            exchange.connected(sessionPresent: false)
            _ = await exchange.next()
            for _ in 0..<3 { ids.insert(try exchange.publish(message(1))) }
            exchange.disconnected("gone")
            _ = await exchange.next()
        }
        #expect(ids.count == 12)
    }

    @Test(arguments: ["", "a/+", "#", "a\0b"])
    func `a topic that cannot be published to is refused at once`(topic: String) throws {
        #expect {
            try exchange.publish(MqttMessage(topic: topic, payload: []))
        } throws: {
            ($0 as? UpstreamError)?.kind == .badMessage
        }
    }

    @Test(arguments: ["", "a#", "#/a", "a/b+"])
    func `a subscription that is no filter is refused at once`(filter: String) throws {
        #expect {
            try exchange.subscribe(filter)
        } throws: {
            ($0 as? UpstreamError)?.kind == .badMessage
        }
    }

    @Test func `a consumer that is cancelled stops waiting`() async {
        let exchange = exchange
        let news = AsyncStream {
            await exchange.next()
        } onCancel: {
            exchange.dismissConsumer()
        }
        let task = Task {
            var count = 0
            for await _ in news { count += 1 }
            return count
        }
        task.cancel()
        #expect(await task.value == 0)
        // Whoever was sent away hears nothing of what comes afterwards.
        exchange.received(message(1))
        #expect(await exchange.next() == nil)
    }

    @Test func `takes in so many bytes and no more, and one message of any size`() async {
        let exchange = MqttExchange(window: 3, inboxCapacity: 100, inboxBytes: 10)
        func received(_ count: Int) {
            exchange.received(MqttMessage(topic: "a", payload: Array(repeating: 1, count: count)))
        }
        for count in [20, 1] { received(count) }
        #expect(await exchange.next()?.size == 20)
        #expect(await exchange.next() == .dropped(1))
        for count in [6, 4, 1] { received(count) }
        #expect(await exchange.next()?.size == 6)
        #expect(await exchange.next()?.size == 4)
        #expect(await exchange.next() == .dropped(1))
    }
}

extension MqttEvent {
    fileprivate var size: Int? {
        if case .received(let message) = self { message.payload.count } else { nil }
    }
}

@Suite struct `What a broker refuses` {
    @Test func `is at fault itself only for its topic, its size or its form`() {
        let lasting = (128...162).filter { !MqttReason(Int32($0)).isTemporary }
        #expect(lasting == [144, 149, 153])
    }
}
