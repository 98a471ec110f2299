import Fakes
import Foundation
import NIOCore
import NIOPosix
import Peers
import Synchronization
import Vocabulary

@testable import Control

/// A folder of its own for the sockets of one test. It goes with the test.
final class SocketFolder {
    let path = NSTemporaryDirectory() + "tidegate-\(UUID().uuidString.prefix(8))"

    init() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { "\(path)/house.sock" }

    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func mode(of file: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    }
}

/// Answers as a test wants. Keeps what it was asked.
final class ScriptedControl: ControlService {
    let asked = Mutex<[ControlRequest]>([])
    private let begins: AsyncStream<Void>
    private let begin: AsyncStream<Void>.Continuation
    private let reply: @Sendable (ControlRequest) async -> ControlAnswer

    init(
        _ reply: @escaping @Sendable (ControlRequest) async -> ControlAnswer = { _ in
            .one(Array(#"{"fine":true}"#.utf8))
        }
    ) {
        self.reply = reply
        (begins, begin) = AsyncStream.makeStream()
    }

    /// Waits until so many more requests were asked.
    func begun(_ count: Int) async {
        var left = count
        guard left > 0 else { return }
        for await _ in begins {
            left -= 1
            if left == 0 { return }
        }
    }

    func answer(
        _ request: ControlRequest, from requester: ControlRequester
    ) async -> ControlAnswer {
        asked.withLock { $0.append(request) }
        begin.yield()
        return await reply(request)
    }
}

/// A server at a socket of its own.
struct ListeningControl {
    let folder: SocketFolder
    let clock = ManualClock()
    let server: ControlServer

    init(
        _ limits: ControlServer.Limits = .init(), service: ScriptedControl = ScriptedControl(),
        rights: @escaping @Sendable (ControlCaller) -> Set<PeerRight> = { _ in [.read, .switch] }
    ) async throws {
        folder = try SocketFolder()
        server = ControlServer(
            limits: limits, service: service, clock: clock, rights: rights)
        try await server.listen(at: ControlSocket(folder.socket, group: nil))
    }

    func caller() async throws -> Caller { try await Caller(folder.socket) }
}

/// The other end of a connection, which sends what it likes.
struct Caller: Sendable {
    let channel: any Channel
    private let received: AsyncStream<ByteBuffer>
    private let lines = Mutexed(ControlLines(limit: 1 << 24))

    init(_ path: String, reads: Bool = true) async throws {
        let (received, receive) = AsyncStream.makeStream(of: ByteBuffer.self)
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Received(receive))
                }
            }
            .connect(unixDomainSocketPath: path).get()
    }

    /// Not a moment is waited for what is cut off at the other end.
    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    /// Says that nothing more comes.
    func finish() async throws { try await channel.close(mode: .output).get() }

    /// The next line; nil once the other side has closed.
    func line() async -> String? {
        while true {
            if let line = lines.withLock({ $0.next() }) {
                return String(decoding: line, as: UTF8.self)
            }
            var more: ByteBuffer?
            for await piece in received {
                more = piece
                break
            }
            guard let more else { return nil }
            lines.withLock { $0.append(more.readableBytesView) }
        }
    }

    func close() async { try? await channel.close().get() }

    private final class Received: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let receive: AsyncStream<ByteBuffer>.Continuation
        init(_ receive: AsyncStream<ByteBuffer>.Continuation) { self.receive = receive }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            receive.yield(unwrapInboundIn(data))
        }
        func channelInactive(context: ChannelHandlerContext) { receive.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    private final class Mutexed: Sendable {
        private let value: Mutex<ControlLines>
        init(_ value: ControlLines) { self.value = Mutex(value) }
        func withLock<Result: Sendable>(
            _ body: (inout ControlLines) -> sending Result
        ) -> Result { value.withLock { body(&$0) } }
    }
}

/// Something that tasks wait for.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    init() { (stream, opening) = AsyncStream.makeStream() }

    func open() { opening.yield() }

    func wait() async { for await _ in stream { return } }
}
