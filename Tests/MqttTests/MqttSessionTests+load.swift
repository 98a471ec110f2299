import Glibc
import Testing
import Vocabulary

@testable import Brokers
@testable import Mqtt

// Sessions with much to carry.
extension MqttSessionTests {
    @Test func `a full window refuses further messages until outcomes are taken`() async throws {
        let broker = try TestBroker()
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(broker: broker.address, clientID: "one", window: 2))
        let message = MqttMessage(topic: "a", payload: [])
        let ids = [try session.publish(message), try session.publish(message)]
        #expect {
            try session.publish(message)
        } throws: {
            ($0 as? UpstreamError)?.kind == .full
        }
        #expect(await news.next() == .acknowledged(ids[0]))
        let third = try session.publish(message)
        #expect(await news.next() == .acknowledged(ids[1]))
        #expect(await news.next() == .acknowledged(third))
        session.close()
    }

    @Test func `ten thousand messages arrive once each and in order`() async throws {
        let broker = try TestBroker(["allow_anonymous true", "max_queued_messages 0"])
        defer { withExtendedLifetime(broker) {} }
        try await broker.start()
        let (session, news) = try await connect(
            MqttSettings(
                broker: broker.address, clientID: "one", window: 50, inboxCapacity: 20_000))
        try session.subscribe("n")
        _ = await news.next()
        var (sent, acknowledged, received) = (0, 0, [Int]())
        while acknowledged < 10_000 || received.count < 10_000 {
            while sent < 10_000, sent - acknowledged < 50 {
                try session.publish(MqttMessage(topic: "n", payload: Array("\(sent)".utf8)))
                sent += 1
            }
            switch await news.next() {
            case .acknowledged: acknowledged += 1
            case .received(let message): received.append(Int(message.text) ?? -1)
            case let other:
                Issue.record("\(String(describing: other))")
                return
            }
        }
        #expect(received == Array(0..<10_000))
        session.close()
    }

    /// Sockets of this process that are connected to `port`.
    func openSockets(to port: UInt16) -> Set<Int32> {
        Set(
            (3..<4096).filter { descriptor in
                var address = sockaddr_in()
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                let status = withUnsafeMutablePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        getpeername(descriptor, $0, &size)
                    }
                }
                return status == 0 && UInt16(bigEndian: address.sin_port) == port
            })
    }
}
