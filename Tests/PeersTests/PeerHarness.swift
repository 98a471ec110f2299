import Fakes
import NIOCore
import NIOPosix
import Synchronization
import Vocabulary

@testable import Peers

extension ManualClock {
    /// One at noon on the 21st of November 2026. What needs no time happens on it, and nothing ends by
    /// time that a test does not let pass.
    static var noon: ManualClock {
        ManualClock(wall: WallTime(nanoseconds: 1_795_225_660_000_000_000))
    }
}

/// Waits until its task is cancelled.
func forEver() async {
    // Cancelling is how it ends.
    try? await ManualClock().sleep(until: MonotonicInstant(nanoseconds: .max))
}

/// Answers as a test wants. Counts what it was asked.
final class ScriptedService: PeerService {
    let asked = Mutex<[PeerQuestion]>([])
    let requesters = Mutex<[PeerRequester]>([])
    /// Rings each time that a watch was released on this side.
    let watchEnds: AsyncStream<Void>
    private let watchEnd: AsyncStream<Void>.Continuation
    private let reply: @Sendable (PeerQuestion) async -> [UInt8]
    private let news: @Sendable () async -> [[UInt8]]?

    init(
        reply: @escaping @Sendable (PeerQuestion) async -> [UInt8] = { _ in Array("{}".utf8) },
        news: @escaping @Sendable () async -> [[UInt8]]? = { nil }
    ) {
        (self.news, self.reply) = (news, reply)
        (watchEnds, watchEnd) = AsyncStream.makeStream()
    }

    func answer(_ question: PeerQuestion, from requester: PeerRequester) async -> [UInt8] {
        asked.withLock { $0.append(question) }
        requesters.withLock { $0.append(requester) }
        return await reply(question)
    }

    func watch(from requester: PeerRequester) async -> PeerEvent {
        let (news, seat) = (news, Seat(watchEnd))
        return PeerEvent { await withExtendedLifetime(seat) { news }() }
    }

    /// Goes with the watch that holds it.
    private final class Seat: Sendable {
        private let end: AsyncStream<Void>.Continuation
        init(_ end: AsyncStream<Void>.Continuation) { self.end = end }
        deinit { end.yield() }
    }
}

/// A node that listens on a free port of this machine.
struct Listening {
    let node: PeerNode
    let address: PeerAddress

    init(
        _ settings: PeerSettings = PeerSettings(), tls: PeerTls? = nil,
        service: (any PeerService)? = nil, clock: any GatewayClock = ManualClock.noon
    ) async throws {
        node = PeerNode(
            settings: settings, tls: tls, usesTlsOnLoopback: tls != nil,
            service: service, clock: clock, chance: SystemRandomNumberGenerator())
        let port = try await node.listen(on: PeerAddress(host: "127.0.0.1", port: 0))
        address = PeerAddress(host: "127.0.0.1", port: port)
    }
}

/// A node that listens nowhere.
func requester(
    _ settings: PeerSettings = PeerSettings(), tls: PeerTls? = nil,
    clock: any GatewayClock = ManualClock.noon
) -> PeerNode {
    PeerNode(
        settings: settings, tls: tls, usesTlsOnLoopback: tls != nil,
        clock: clock,
        chance: SystemRandomNumberGenerator())
}

extension PeerNode {
    /// Waits until the connections that it has now are gone.
    func untilClosed() async throws {
        for channel in connections.values.map(\.channel) { try await channel.closeFuture.get() }
    }
}

extension PeerTls {
    /// TLS with `key` for somebody who knows one other, or nobody.
    static func knowing(
        _ key: PeerKey, _ other: PeerKey?, may rights: Set<PeerRight> = []
    ) throws -> PeerTls {
        let entry = other.map {
            PeerList.Entry(name: "peer0", fingerprint: $0.fingerprint, rights: rights)
        }
        let list = PeerList(entries: entry.map { [$0] } ?? [])
        return try PeerTls(pem: Array(key.secret.utf8), ca: nil) { list }
    }
}

func newKey(_ name: String) throws -> PeerKey {
    var chance = SystemRandomNumberGenerator()
    return try PeerKey(name: name, using: &chance)
}

/// A bare socket that speaks whatever bytes a test gives it.
final class RawSocket: Sendable {
    private let channel: any Channel
    private let inbound: AsyncThrowingStream<ByteBuffer, any Error>
    private let rest = Mutex(ByteBuffer())

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
        init(_ continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) {
            self.continuation = continuation
        }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(unwrapInboundIn(data))
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    }

    init(_ address: PeerAddress, tls: PeerTls? = nil) async throws {
        let (stream, continuation) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        inbound = stream
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try tls.handler(isServer: false, clock: ManualClock.noon) {
                            _, _ in
                        }
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: address.host, port: Int(address.port)).get()
    }

    func write(_ buffer: ByteBuffer) async throws {
        try await channel.writeAndFlush(buffer).get()
    }

    /// Writes without waiting until it is taken.
    func pour(_ buffer: ByteBuffer) { channel.writeAndFlush(buffer, promise: nil) }

    /// The next `count` bytes; fewer when the other side ends first.
    func read(_ count: Int) async throws -> ByteBuffer {
        var iterator = inbound.makeAsyncIterator()
        while true {
            let bytes = rest.withLock { $0.readSlice(length: count) }
            if let bytes { return bytes }
            guard let more = try await iterator.next() else {
                return rest.withLock { rest in
                    defer { rest = ByteBuffer() }
                    return rest
                }
            }
            rest.withLock { rest in
                var more = more
                rest.writeBuffer(&more)
            }
        }
    }

    /// Waits until the other side has ended the connection.
    func end() async throws { try await channel.closeFuture.get() }

    func close() { channel.close(promise: nil) }
}

/// The bytes of a hello.
func helloBytes(port: UInt16 = 40_000) -> ByteBuffer {
    var buffer = ByteBuffer()
    ChirpHello(port: port, node: ChirpIdentity(high: 1, low: 2)).write(to: &buffer)
    return buffer
}

/// The bytes of one frame.
func frameBytes(
    _ identity: ChirpIdentity, _ kind: ChirpFrame.Kind = [], serial: UInt32 = 1,
    header: [UInt8] = [], data: [UInt8] = []
) -> ByteBuffer {
    var buffer = ByteBuffer()
    ChirpFrame(
        identity: identity, serial: serial, kind: kind, header: ByteBuffer(bytes: header),
        data: ByteBuffer(bytes: data)
    ).write(to: &buffer)
    return buffer
}

extension ByteBuffer {
    static func + (left: ByteBuffer, right: ByteBuffer) -> ByteBuffer {
        var sum = left
        sum.writeImmutableBuffer(right)
        return sum
    }

    var bytes: [UInt8] { Array(readableBytesView) }
}
