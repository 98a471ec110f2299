import Fakes
import HTTPTypes
import NIOCore
import NIOPosix
import Vocabulary

@testable import Web

/// Answers as a test wants.
final class ScriptedWeb: WebService {
    let page: RecordPage
    let asked = Guarded<[RecordQuery]>([])
    let orders = Guarded<[(order: WebOrder, who: String)]>([])
    let outcome = Guarded(CommandOutcome.Kind.confirmed)
    let extent = Guarded<JournalExtent?>(JournalExtent(identity: "j1", oldest: 5, newest: 20))
    /// What one who follows is sent; nil ends it.
    let news: AsyncStream<[RecordPage.Item]>
    let tell: AsyncStream<[RecordPage.Item]>.Continuation

    init(_ page: RecordPage = RecordPage(items: [], next: 0, hasMore: false)) {
        self.page = page
        (news, tell) = AsyncStream.makeStream()
    }

    var about: [UInt8] { Array(#"{"gateway":"d1.demo"}"#.utf8) }
    var status: [UInt8] { Array(#"{"state":"online"}"#.utf8) }
    var nodes: [UInt8] { Array(#"{"nodes":[]}"#.utf8) }
    var channels: [UInt8] { Array(#"{"channels":[]}"#.utf8) }
    var faults: [UInt8] { Array(#"{"faults":[]}"#.utf8) }

    func node(_ name: String) async throws(WebProblem) -> [UInt8] {
        guard name == "pump" else { throw .unknown("node", "there is no node \(name)") }
        return Array(#"{"name":"pump"}"#.utf8)
    }

    func channel(_ name: String) async throws(WebProblem) -> [UInt8] {
        guard name == "tank-top" else { throw .unknown("channel", "there is no channel \(name)") }
        return Array(#"{"channel":"tank-top"}"#.utf8)
    }

    var metrics: [MetricFamily] {
        [
            MetricFamily(
                "channel_value", .gauge, "newest \"good\" value\nof a channel",
                [
                    MetricFamily.Sample(
                        ["channel": "tank-top", "unit": "celsius"],
                        DecimalNumber(mantissa: 35_375, exponent: -3)),
                    MetricFamily.Sample(
                        ["channel": "a\"b\\c\nd", "unit": ""], DecimalNumber(mantissa: -1)),
                ]),
            MetricFamily("nothing", .gauge, "what nothing has"),
        ] + MetricFamily.of("web", label: "server", [("one", WebCounts())])
    }

    var journal: JournalExtent? { extent.withLock(\.self) }

    func follow(
        _ name: String, _ send: @escaping @Sendable ([RecordPage.Item]) async -> Bool
    ) async {
        for await items in news { guard await send(items) else { return } }
    }

    func carryOut(
        _ order: WebOrder, to node: String, from requester: WebRequester
    ) async -> (CommandOutcome.Kind, [UInt8]) {
        orders.withLock { $0.append((order, requester.name)) }
        return (outcome.withLock(\.self), Array("{}".utf8))
    }

    func records(_ query: RecordQuery) async throws(WebProblem) -> RecordPage {
        asked.withLock { $0.append(query) }
        return page
    }
}

extension WebDesk {
    /// A desk at which everybody may read.
    init(_ service: any WebService = ScriptedWeb(), open: Set<WebRight> = [.read]) {
        self.init(WebRoutes(RestRoutes.reading(service)), access: .test(open: open))
    }

    /// What a whole request gets, as the server would answer it.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:],
        body: String = "", from address: String = "127.0.0.1"
    ) async -> WebResponse {
        let head = WebHead(
            method: method, path: path, fields: fields, host: "localhost:2999", address: address)
        do throws(WebProblem) {
            return try await answer(try admit(head), body: Array(body.utf8))
        } catch {
            return error.response
        }
    }
}

extension WebResponse {
    var text: String {
        guard case .bytes(let bytes) = body else { return "a stream" }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A server at a free port of loopback.
struct ListeningWeb {
    let server: WebServer
    let port: Int
    let running: Task<Void, any Error>
    let clock = ManualClock()

    init(_ routes: [WebRoute] = RestRoutes.reading(ScriptedWeb()), limits: WebLimits = .init())
        async throws
    {
        var settings = WebServer.Settings(host: "127.0.0.1", port: 0, names: [])
        settings.limits = limits
        let server = WebServer(
            settings, desk: WebDesk(WebRoutes(routes), access: .test()),
            clock: clock)
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        running = Task {
            defer { found.finish() }
            try await server.run { found.yield(Int($0)) }
        }
        self.server = server
        var first = 0
        for await port in ports {
            first = port
            break
        }
        port = first
    }

    func caller() async throws -> WebCaller { try await WebCaller(port) }

    func stop() async throws {
        await server.stop()
        try await running.value
    }
}

/// The other end of a connection, which sends what it likes.
struct WebCaller: Sendable {
    let channel: any Channel
    private let received: AsyncStream<ByteBuffer>
    private let text = Kept()

    init(_ port: Int) async throws {
        let (received, receive) = AsyncStream.makeStream(of: ByteBuffer.self)
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Received(receive))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    /// A request in the words of HTTP, with the right `Host`.
    func get(_ path: String, _ more: String = "") {
        let port = channel.remoteAddress?.port ?? 0
        send("GET \(path) HTTP/1.1\r\nHost: localhost:\(port)\r\n\(more)\r\n")
    }

    /// Reads until what came contains `part`; what came until then. Nil when the connection ends before.
    func until(_ part: String) async -> String? {
        while true {
            if let all = text.value.withLock({ $0.contains(part) ? $0 : nil }) { return all }
            guard let more = await next() else { return nil }
            text.value.withLock { $0 += String(buffer: more) }
        }
    }

    /// All that comes until the other side closes.
    func rest() async -> String {
        while let more = await next() { text.value.withLock { $0 += String(buffer: more) } }
        return text.value.withLock(\.self)
    }

    private func next() async -> ByteBuffer? {
        for await piece in received { return piece }
        return nil
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
}

/// Text that several tasks hold.
private final class Kept: Sendable {
    let value = Guarded("")
}

extension WebAccess {
    /// One without logins.
    static func test(open: Set<WebRight> = [.read]) -> WebAccess {
        WebAccess(
            open: open, for: WebServer.Settings(host: "127.0.0.1", port: 2999, names: []),
            clock: ManualClock(), chance: { SeededGenerator(seed: 1) })
    }
}
