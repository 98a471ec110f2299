import Fakes
import Glibc
import NIOCore
import NIOPosix
import Peers
import Synchronization
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(10))) struct `A node on the direct link` {
    private let hello = ByteBuffer(string: "hello")

    @Test(arguments: PeerSettings.Mode.allCases, PeerSettings.Mode.allCases)
    func `is answered by an echo in every mix of modes`(
        mine: PeerSettings.Mode, theirs: PeerSettings.Mode
    ) async throws {
        let echo = try await Listening(PeerSettings(mode: theirs, echoes: true))
        let node = requester(PeerSettings(mode: mine))
        try await withThrowingTaskGroup { group in
            for lane in 0..<20 {
                group.addTask {
                    for round in 0..<100 {
                        let data = ByteBuffer(string: "\(lane)-\(round)")
                        let header = ByteBuffer(bytes: [9, 9, 9])
                        let answer = try await node.request(data, header: header, to: echo.address)
                        #expect(answer.data == data)
                        #expect(answer.header == header)
                    }
                }
            }
            try await group.waitForAll()
        }
        await node.stop()
        await echo.node.stop()
    }

    @Test func `fails at once without a listener, and again until a new try is due`()
        async throws
    {
        let echo = try await Listening()
        await echo.node.stop()
        let node = requester()
        for _ in 0..<20 {
            let error = await #expect(throws: PeerError.self) {
                try await node.request(hello, to: echo.address)
            }
            #expect(error?.kind == .unreachable)
        }
        await node.stop()
    }

    @Test func `reaches a peer that comes back`() async throws {
        let settings = PeerSettings(echoes: true)
        let first = try await Listening(settings)
        let node = requester()
        _ = try await node.request(hello, to: first.address)
        await first.node.stop()
        let second = PeerNode(
            settings: settings, clock: ManualClock.noon, chance: SystemRandomNumberGenerator())
        try await second.listen(on: first.address)
        try await node.untilClosed()
        _ = try await node.request(hello, to: first.address)
        await node.stop()
        await second.stop()
    }

    @Test func `gives exactly one outcome when the link is pulled`() async throws {
        let asked = AsyncStream<Void>.makeStream()
        let service = ScriptedService { _ in
            asked.continuation.yield()
            await forEver()
            return []
        }
        let gateway = try await Listening(service: service)
        let node = requester()
        let outcome = Task { try await node.ask(.status, of: gateway.address) }
        for await _ in asked.stream { break }
        await gateway.node.stop()
        let error = await #expect(throws: PeerError.self) { try await outcome.value }
        #expect(error?.kind == .lost)
        await node.stop()
    }

    @Test func `closes on a silent caller after five seconds, and not before`() async throws {
        let clock = ManualClock()
        let gateway = try await Listening(PeerSettings(echoes: true), clock: clock)
        let silent = try await RawSocket(gateway.address)
        let theirs = try await silent.read(ChirpHello.size)
        #expect(theirs.readableBytes == ChirpHello.size, "it speaks first and waits for nobody")
        let good = requester()
        _ = try await good.request(hello, to: gateway.address)
        clock.advance(by: .milliseconds(4_999))
        _ = try await good.request(hello, to: gateway.address)
        #expect(await gateway.node.connectionCount == 2)
        clock.advance(by: .milliseconds(1))
        try await silent.end()
        _ = try await good.request(hello, to: gateway.address)
        await good.stop()
        await gateway.node.stop()
    }

    @Test
    func `evicts the oldest silent caller, then the longest unused of the peer that has most`()
        async throws
    {
        var settings = PeerSettings(echoes: true)
        settings.connectionLimit = 3
        let clock = ManualClock()
        let gateway = try await Listening(settings, clock: clock)
        let silent = try await RawSocket(gateway.address)
        _ = try await silent.read(ChirpHello.size)
        var friends: [PeerNode] = []
        for _ in 0..<3 {
            clock.advance(by: .milliseconds(1))
            let friend = requester()
            _ = try await friend.request(hello, to: gateway.address)
            friends.append(friend)
        }
        try await silent.end()
        // All come from one address. Whoever has given way dials again and is let in.
        let late = requester()
        clock.advance(by: .milliseconds(1))
        _ = try await late.request(hello, to: gateway.address)
        #expect(await gateway.node.connectionCount == 3)
        for friend in friends {
            try await friend.untilClosed()
            clock.advance(by: .milliseconds(1))
            _ = try await friend.request(hello, to: gateway.address)
        }
        for node in friends + [late, gateway.node] { await node.stop() }
    }

    @Test func `reads no more of a peer that floods than its slots, and serves others meanwhile`()
        async throws
    {
        let (gate, open) = AsyncStream<Void>.makeStream()
        let service = ScriptedService { question in
            if question == .status { for await _ in gate { break } }
            return Array("{}".utf8)
        }
        let gateway = try await Listening(
            PeerSettings(mode: .asynchronous, slots: 4), service: service)
        let flooder = try await RawSocket(gateway.address)
        var flood = helloBytes()
        let question = Array(#"{"ask": "status"}"#.utf8)
        for id in 0..<20_000 {
            flood =
                flood
                + frameBytes(
                    ChirpIdentity(high: 5, low: UInt64(id)), header: [1, 1], data: question)
            if flood.readableBytes > 60_000 {
                flooder.pour(flood)
                flood = ByteBuffer()
            }
        }
        let good = requester()
        for _ in 0..<50 {
            _ = try await good.ask(.read("tank-top"), of: gateway.address)
        }
        #expect(service.asked.withLock { $0.count { $0 == .status } } == 4)
        flooder.close()
        open.finish()
        await good.stop()
        await gateway.node.stop()
    }

    @Test func `takes frames cut at every byte`() async throws {
        let gateway = try await Listening(PeerSettings(mode: .asynchronous, echoes: true))
        let identity = ChirpIdentity(high: 3, low: 4)
        let all = helloBytes() + frameBytes(identity, .wantsAcknowledgement, data: [1, 2, 3, 4, 5])
        for cut in 1..<all.readableBytes {
            let socket = try await RawSocket(gateway.address)
            try await socket.write(all.getSlice(at: 0, length: cut)!)
            try await socket.write(all.getSlice(at: cut, length: all.readableBytes - cut)!)
            // Hello, the echo, the acknowledgement.
            let reply = try await socket.read(ChirpHello.size + ChirpFrame.size * 2 + 5)
            #expect(reply.readableBytes == ChirpHello.size + ChirpFrame.size * 2 + 5)
            #expect(reply.bytes.suffix(5) == [0, 0, 0, 0, 2])
            socket.close()
        }
        await gateway.node.stop()
    }

    @Test func `leaks neither descriptors nor connections when callers vanish mid-frame`()
        async throws
    {
        let gateway = try await Listening(PeerSettings(connectionLimit: 1_000, echoes: true))
        let part = helloBytes() + frameBytes(.zero, data: [UInt8](repeating: 1, count: 100))
        let piece = part.getSlice(at: 0, length: 60)!
        for _ in 0..<20 {
            try await withThrowingTaskGroup { group in
                for _ in 0..<25 {
                    group.addTask {
                        let socket = try await RawSocket(gateway.address)
                        try await socket.write(piece)
                        socket.close()
                        try await socket.end()
                    }
                }
                try await group.waitForAll()
            }
        }
        // All of them have seen their ends closed, and the loop has served one more since.
        let good = requester()
        _ = try await good.request(hello, to: gateway.address)
        #expect(await gateway.node.connectionCount == 1)
        #expect(descriptors(of: gateway.address) == 2, "the one that listens, and the good one's")
        await good.stop()
        await gateway.node.stop()
    }

    @Test func `refuses a message too large without sending it`() async throws {
        let echo = try await Listening(PeerSettings(echoes: true))
        let node = requester()
        let big = ByteBuffer(repeating: 1, count: (1 << 20) + 1)
        let error = await #expect(throws: PeerError.self) {
            try await node.request(big, to: echo.address)
        }
        #expect(error?.kind == .tooLarge)
        let largest = ByteBuffer(repeating: 1, count: 1 << 20)
        #expect(try await node.request(largest, to: echo.address).data == largest)
        await node.stop()
        await echo.node.stop()
    }

    @Test func `has no way beyond this machine without TLS`() async throws {
        let node = requester()
        let error = await #expect(throws: PeerError.self) {
            try await node.request(hello, to: PeerAddress(host: "192.0.2.1"))
        }
        #expect(error?.kind == .setting)
        await #expect(throws: PeerError.self) {
            try await node.listen(on: PeerAddress(host: "0.0.0.0", port: 0))
        }
        await node.stop()
    }

    /// Descriptors of this process whose end is that address.
    private func descriptors(of address: PeerAddress) -> Int {
        (0..<Int32(4096)).count { descriptor in
            var place = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isSocket = withUnsafeMutablePointer(to: &place) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(descriptor, $0, &size) == 0
                }
            }
            return isSocket && UInt16(bigEndian: place.sin_port) == address.port
        }
    }
}
