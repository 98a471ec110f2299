import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Peers
import Vocabulary

/// Serves the web door on an event loop of its own. Hummingbird's server reads and writes HTTP; `WebGate` decides who
/// comes in, `WebDesk` what is answered.
public final class WebServer: Sendable {
    /// Where it listens, under which names, and how much requesters may take up.
    public struct Settings: Sendable {
        public let host: String
        public let port: UInt16
        /// Names beside the address and those of loopback.
        public let names: [String]
        public var limits = WebLimits()
        /// Nil for plain HTTP.
        public let tls: WebTls?

        public init(host: String, port: UInt16, names: [String], tls: WebTls? = nil) {
            (self.host, self.port, self.names, self.tls) = (host, port, names, tls)
        }

        var usesTls: Bool { tls != nil }
        var hosts: HostList { HostList(names: names, address: host, usesTls: usesTls) }
    }

    /// Lines for the log: who was turned away and why. The newest are evicted when nobody reads them.
    public let notices: AsyncStream<String>
    private let settings: Settings
    private let desk: WebDesk
    private let clock: any GatewayClock
    private let connections: WebConnections
    private let listener = Guarded((channel: (any Channel)?.none, isStopped: false))

    public init(_ settings: Settings, desk: WebDesk, clock: any GatewayClock) {
        (self.settings, self.desk, self.clock) = (settings, desk, clock)
        let (notices, notice) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingOldest(64))
        self.notices = notices
        connections = WebConnections(settings.limits, clock: clock, notice: notice)
    }

    /// What was counted so far.
    public var counts: WebCounts { get async { await connections.counts } }

    /// Serves until it is stopped, or hears no more.
    ///
    /// - Parameter listening: Called with the port once requesters can connect.
    /// - Throws: What the system says when it cannot listen.
    public func run(listening: @Sendable (UInt16) async -> Void) async throws {
        let (settings, connections) = (settings, connections)
        let quiet = Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }
        let setup = WebChannel(
            settings.limits,
            hosts: settings.hosts,
            exchange: WebExchange(
                desk: desk, limits: settings.limits, connections: connections, clock: clock))
        let channel = try await ServerBootstrap(group: WebLoop.shared.group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptPause { line in connections.assumeIsolated { $0.log(line) } })
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = settings.tls {
                        try channel.pipeline.syncOperations.addHandler(tls.handler)
                    }
                }.flatMap { setup.setup(channel: channel, logger: quiet) }.map { value in
                    // Each is served whatever becomes of it: one that is dropped ends the process. Hummingbird's own
                    // server drops those that come while it stops.
                    _ = Task(executorPreference: WebLoop.shared) {
                        await setup.handle(value: value, logger: quiet)
                    }
                }
            }
            .bind(host: settings.host, port: Int(settings.port)).get()
        let isStopped = listener.withLock { listener in
            listener.channel = channel
            return listener.isStopped
        }
        guard !isStopped else { return try await channel.close().get() }
        await listening(
            channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? settings.port)
        try await channel.closeFuture.get()
    }

    /// Closes everything.
    public func stop() async {
        let channel = listener.withLock { listener in
            listener.isStopped = true
            return listener.channel
        }
        try? await channel?.close().get()  // An error means that it is closed already.
        await connections.stop()
    }
}

/// How one connection is set up: Hummingbird's own way, with the gate in front of all that reads requests.
struct WebChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let base: HTTP1Channel
    private let limits: WebLimits
    private let hosts: HostList
    private let connections: WebConnections

    init(_ limits: WebLimits, hosts: HostList, exchange: WebExchange) {
        (self.limits, self.hosts, connections) = (limits, hosts, exchange.connections)
        base = HTTP1Channel(
            responder: { request, writer, channel in
                try await exchange.respond(to: request, writer, channel)
            },
            configuration: HTTP1Channel.Configuration(
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: limits.head, maxHeaderListSize: limits.head,
                    maxHeaderFieldCount: limits.fields)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(
                WebGate(limits, hosts: hosts, events: connections.events()),
                position: .after(decoder))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
