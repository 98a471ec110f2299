import NIOCore
import NIOPosix
import Synchronization
import Testing
import Vocabulary

@testable import Peers

extension PeerNode {
    /// How many watches of others each connection feeds.
    fileprivate var watchCounts: [Int] { connections.values.map(\.watches.count) }

    /// What each connection's socket is set to.
    fileprivate func socketOptions(_ numbers: [CInt]) async throws -> [[Int]] {
        var all: [[Int]] = []
        for channel in connections.values.map(\.channel) {
            var values: [Int] = []
            for number in numbers {
                let option = ChannelOptions.Types.SocketOption.tcpOption(
                    NIOBSDSocket.Option(rawValue: number))
                values.append(Int(try await channel.getOption(option).get()))
            }
            all.append(values)
        }
        return all
    }
}

/// News without end.
private final class Flood: Sendable {
    private let count = Mutex(0)

    var news: @Sendable () async -> [[UInt8]]? {
        {
            let number = self.count.withLock { count in
                count += 1
                return count
            }
            return [Array("\(number)".utf8)]
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `One peer on the direct link` {
    private let hello = ByteBuffer(string: "hello")

    // MARK: - Who it is

    @Test func `is not believed its name where no authority is checked, whatever the list says`()
        async throws
    {
        let (ours, stranger) = (try newKey("gateway"), try newKey("laptop"))
        // The list was edited after the start; no authority checks anything yet.
        let list = PeerList(
            ca: "/ca.pem",
            entries: [.init(name: "laptop", fingerprint: nil, rights: [.read])])
        let tls = try PeerTls(pem: Array(ours.secret.utf8), ca: nil) { list }
        let service = ScriptedService()
        let gateway = try await Listening(tls: tls, service: service)
        let thief = requester(tls: try .knowing(stranger, ours))
        await #expect(throws: PeerError.self) {
            try await thief.ask(.status, of: gateway.address)
        }
        #expect(service.asked.withLock { $0 } == [])
        for node in [thief, gateway.node] { await node.stop() }
    }

    @Test func `loses its rights, and then its connection, when the list says so`() async throws {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let rights = Guarded<Set<PeerRight>?>([.read])
        let tls = try PeerTls(pem: Array(ours.secret.utf8), ca: nil) {
            PeerList(
                entries: rights.withLock(\.self).map {
                    [.init(name: "laptop", fingerprint: theirs.fingerprint, rights: $0)]
                } ?? [])
        }
        let gateway = try await Listening(
            tls: tls, service: ScriptedService(news: Flood().news))
        let laptop = requester(tls: try .knowing(theirs, ours))
        let watch = await laptop.watch(gateway.address)
        #expect(try await watch.next() != nil)
        _ = try await laptop.ask(.status, of: gateway.address)
        rights.withLock { $0 = [.switch] }
        let answer = try await laptop.ask(.status, of: gateway.address)
        #expect(String(decoding: answer, as: UTF8.self).contains("no right to read"))
        // What was in flight still comes, then the watch is over.
        while try await watch.next() != nil {}
        rights.withLock { $0 = nil }
        await #expect(throws: PeerError.self) {
            try await laptop.ask(.status, of: gateway.address)
        }
        for node in [laptop, gateway.node] { await node.stop() }
    }

    // MARK: - Watching and asking at once

    @Test(arguments: PeerSettings.Mode.allCases)
    func `asks while it watches and does not read`(mode: PeerSettings.Mode) async throws {
        let settings = PeerSettings(mode: mode, timeout: .seconds(20))
        let gateway = try await Listening(
            settings, service: ScriptedService(news: Flood().news))
        let node = requester(settings)
        let watch = await node.watch(gateway.address)
        _ = try await watch.next()
        for _ in 0..<3 { _ = try await node.ask(.status, of: gateway.address) }
        #expect(try await watch.next() != nil)
        for node in [node, gateway.node] { await node.stop() }
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `releases watches with news unread, again and again`(mode: PeerSettings.Mode)
        async throws
    {
        let service = ScriptedService(news: Flood().news)
        let gateway = try await Listening(PeerSettings(mode: mode), service: service)
        let node = requester(PeerSettings(mode: mode))
        var ends = service.watchEnds.makeAsyncIterator()
        for _ in 0..<20 {
            let watch = await node.watch(gateway.address)
            #expect(try await watch.next() != nil)
            withExtendedLifetime(watch) {}
            _ = consume watch
            await ends.next()
        }
        #expect(await node.connectionCount == 1, "each uses the connection of the last")
        for node in [node, gateway.node] { await node.stop() }
    }

    @Test func `that asks again for a watch that it has just ended has one watch`() async throws {
        let hanging = ScriptedService(news: {
            await forEver()
            return nil
        })
        let gateway = try await Listening(
            PeerSettings(mode: .asynchronous), service: hanging)
        let socket = try await RawSocket(gateway.address)
        let identity = ChirpIdentity(high: 3, low: 4)
        let question = frameBytes(
            identity, header: [1, 1], data: PeerQuestion.watch.text)
        let end = frameBytes(identity, header: [4, 1])
        try await socket.write(helloBytes() + question + end + question)
        for await _ in hanging.watchEnds { break }
        // The first watch's end is nobody's but its own.
        for low in 0..<5 as Range<UInt64> {
            try await socket.write(
                frameBytes(
                    ChirpIdentity(high: 9, low: low), header: [1, 1], data: PeerQuestion.status.text
                ))
            _ = try await socket.read((low == 0 ? ChirpHello.size : 0) + ChirpFrame.size + 2 + 2)
        }
        #expect(await gateway.node.watchCounts == [1])
        socket.close()
        await gateway.node.stop()
    }

    // MARK: - Places

    @Test func `that is gone without a word is found out by the operating system`() async throws {
        let gateway = try await Listening(PeerSettings(echoes: true))
        let node = requester()
        _ = try await node.request(hello, to: gateway.address)
        // Idle, interval, count, and the longest time without an acknowledgement.
        for end in [node, gateway.node] {
            let timeout = max(6_000, Int(end.settings.timeout / .milliseconds(1)))
            #expect(try await end.socketOptions([4, 5, 6, 18]) == [[2, 2, 2, timeout]])
        }
        for node in [node, gateway.node] { await node.stop() }
    }

    @Test func `that has taken all places makes room for another`() async throws {
        let (ours, theirs) = (try newKey("gateway"), try newKey("laptop"))
        let other = try newKey("other")
        let list = PeerList(entries: [
            .init(name: "laptop", fingerprint: theirs.fingerprint, rights: [.read]),
            .init(name: "other", fingerprint: other.fingerprint, rights: [.read]),
        ])
        let tls = try PeerTls(pem: Array(ours.secret.utf8), ca: nil) { list }
        let gateway = try await Listening(
            PeerSettings(connectionLimit: 3), tls: tls, service: ScriptedService())
        let first = requester(tls: try .knowing(other, ours))
        _ = try await first.ask(.status, of: gateway.address)
        var sockets: [RawSocket] = []
        for _ in 0..<3 {
            let socket = try await RawSocket(
                gateway.address, tls: try .knowing(theirs, ours))
            try await socket.write(helloBytes())
            #expect(try await socket.read(ChirpHello.size).readableBytes == ChirpHello.size)
            sockets.append(socket)
        }
        // The third came in place of the same peer's first; whoever has one connection keeps it.
        try await sockets[0].end()
        _ = try await first.ask(.status, of: gateway.address)
        #expect(await first.connectionCount == 1)
        for socket in sockets { socket.close() }
        for node in [first, gateway.node] { await node.stop() }
    }

    @Test func `is turned away when each place is taken by another`() async throws {
        let ours = try newKey("gateway")
        let keys = try ["one", "other", "third"].map(newKey)
        let list = PeerList(
            entries: keys.enumerated().map { index, key in
                .init(name: "peer\(index)", fingerprint: key.fingerprint, rights: [.read])
            })
        let tls = try PeerTls(pem: Array(ours.secret.utf8), ca: nil) { list }
        let gateway = try await Listening(
            PeerSettings(connectionLimit: 2), tls: tls, service: ScriptedService())
        let nodes = try keys.map { requester(tls: try .knowing($0, ours)) }
        for node in nodes.prefix(2) { _ = try await node.ask(.status, of: gateway.address) }
        await #expect(throws: PeerError.self) {
            try await nodes[2].ask(.status, of: gateway.address)
        }
        for node in nodes.prefix(2) {
            _ = try await node.ask(.status, of: gateway.address)
            #expect(await node.connectionCount == 1)
        }
        for node in nodes + [gateway.node] { await node.stop() }
    }

    // MARK: - Giving up

    @Test func `is asked nothing by a task that was cancelled before`() async throws {
        let gateway = try await Listening(PeerSettings(echoes: true))
        let node = requester()
        let (never, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in never {}
            return try await node.request(hello, to: gateway.address)
        }
        task.cancel()
        let error = await #expect(throws: PeerError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(await node.connectionCount == 0)
        continuation.finish()
        for node in [node, gateway.node] { await node.stop() }
    }
}
