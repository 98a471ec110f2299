import NIOCore
import NIOPosix
import NIOSSL
import Vocabulary

/// One node on the direct link: listens, dials, and carries messages both ways.
///
/// Its isolation is its event loop, so that what happens on a socket is acted on without a hop. Any task
/// may ask; `PeerSettings.queueLimit` messages wait for each peer, the next is refused as busy. Messages
/// are never sent again by themselves: the link reports, the requester decides.
public actor PeerNode {
    typealias Outcome = Result<PeerMessage?, PeerError>

    /// One that waits for what becomes of a post.
    enum Requester {
        case once(CheckedContinuation<Outcome, Never>)
        case stream(AsyncStream<PeerWatch.Item>.Continuation)
    }

    /// One way to an address that we dial. Questions share lane 0; each watch has a lane, and so a
    /// connection, of its own, so that news which nobody reads stops nothing else.
    struct Route: Hashable, Sendable {
        let address: PeerAddress
        var lane = 0
    }

    /// What we know of a route.
    struct Remote {
        var connection: Int?
        var isDialling = false
        var posts: [PeerConversation.Post] = []
    }

    /// After a failure nobody dials an address for a moment.
    struct Hindrance {
        let until: MonotonicInstant
        /// Why the last dial failed, given to all who ask before `until`.
        let refusal: PeerError?
    }

    /// A watch of ours, until it is released.
    struct Watched {
        let route: Route
        var connection: Int?
        /// Of news that wait to be read.
        var slots: Set<PeerConversation.Slot> = []
    }

    public nonisolated let settings: PeerSettings
    /// Our own, random for each start.
    public nonisolated let identity: ChirpIdentity
    /// Lines for the log: who was turned away and why. The newest are evicted when nobody reads them.
    public nonisolated let notices: AsyncStream<String>
    nonisolated let loop: any EventLoop
    let tls: PeerTls?
    let usesTlsOnLoopback: Bool
    let service: (any PeerService)?
    let clock: any GatewayClock
    private let executor: any SerialExecutor
    private let notice: AsyncStream<String>.Continuation
    private var budget = NoticeBudget()
    private var chance: any RandomNumberGenerator & Sendable
    private var nextID = 0
    private var server: (any Channel)?
    private var port: UInt16?
    private var isStopped = false
    var connections: [Int: PeerConnection] = [:]
    var remotes: [Route: Remote] = [:]
    var hindrances: [PeerAddress: Hindrance] = [:]
    var requesters: [Int: Requester] = [:]
    var watched: [Int: Watched] = [:]
    /// Who answered where we dialled and was not on the list.
    var strangers: [PeerAddress: Fingerprint] = [:]
    /// Who was here; see PeerNode+links.swift.
    var acquaintances: [String: Acquaintance] = [:]
    /// Whether the loop looks for bytes; see PeerTimeouts.swift.
    var isLooking = false
    /// Questions that the service has in work, on all connections together.
    var questions = 0

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the loop belongs to the process-wide group, which is never shut down.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// The node's own thread, for tasks that ask much: what they wait for then comes without a detour over
    /// the shared ones. They must never block.
    public nonisolated let taskExecutor: PeerLoop

    /// - Parameters:
    ///   - tls: Without it only this machine can be reached and can come in.
    ///   - usesTlsOnLoopback: Whether TLS is spoken on this machine too; beyond it, always.
    ///   - service: Answers questions; nil when this node only asks.
    ///   - chance: The system's, so that strangers cannot guess identities.
    public init(
        settings: PeerSettings = PeerSettings(), tls: PeerTls? = nil,
        usesTlsOnLoopback: Bool = false, service: (any PeerService)? = nil,
        clock: any GatewayClock, chance: some RandomNumberGenerator & Sendable
    ) {
        (self.settings, self.tls, self.service) = (settings, tls, service)
        (self.usesTlsOnLoopback, self.clock) = (usesTlsOnLoopback, clock)
        var chance = chance
        identity = ChirpIdentity(using: &chance)
        self.chance = chance
        loop = MultiThreadedEventLoopGroup.singleton.next()
        executor = loop.executor
        taskExecutor = PeerLoop(loop)
        (notices, notice) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(64))
    }

    // MARK: - Listening

    /// Lets peers in.
    ///
    /// - Parameter address: Port 0 takes any free one. Beyond loopback TLS must have been given.
    /// - Returns: The port.
    /// - Throws: `.setting` when the address cannot be had.
    @discardableResult
    public func listen(on address: PeerAddress) async throws(PeerError) -> UInt16 {
        precondition(server == nil, "a node listens once")
        let usesTls = try needsTls(address)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 100)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { [self] in
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptPause { [self] line in assumeIsolated { $0.log(line) } })
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [self] channel in
                keepAlive(channel).flatMapThrowing { [self] in
                    try assumeIsolated { try $0.admit(channel, usesTls: usesTls) }
                }
            }
        do {
            let channel: any Channel =
                if let exact = address.socketAddress {
                    try await bootstrap.bind(to: exact).get()
                } else {
                    try await bootstrap.bind(host: address.host, port: Int(address.port)).get()
                }
            server = channel
            port = channel.localAddress?.port.flatMap { UInt16(exactly: $0) }
            return port ?? address.port
        } catch {
            throw PeerError(
                .setting, "cannot listen on \(address): \(PeerError.words(ofListening: error))")
        }
    }

    /// Waits until nobody can come in any more: the node was stopped, or the system has taken the port away.
    public func untilDeaf() async {
        // An error would say that it is closed already.
        try? await server?.closeFuture.get()
    }

    /// - Throws: `.setting` when the address is beyond this machine and there is no TLS.
    func needsTls(_ address: PeerAddress) throws(PeerError) -> Bool {
        guard !address.isLoopback else { return usesTlsOnLoopback && tls != nil }
        guard tls != nil else {
            throw PeerError(
                .setting,
                "\(address): is on the network and needs a key and a list of peers; "
                    + "make them with peer keygen and peer pair")
        }
        return true
    }

    /// How many connections there are, both ways.
    package var connectionCount: Int { connections.count }

    // MARK: - Asking

    /// Sends one message and waits for the one that comes back with its identity.
    ///
    /// - Throws: Exactly one outcome: `.unreachable` and `.busy` when nothing was sent, `.late` and `.lost`
    ///   when it is not known whether it arrived.
    public func request(
        _ data: ByteBuffer, header: ByteBuffer = ByteBuffer(), to address: PeerAddress,
        within limit: Duration? = nil
    ) async throws(PeerError) -> PeerMessage {
        let message = PeerMessage(identity: newIdentity(), header: header, data: data)
        guard let answer = try await exchange(message, .answer, with: address, within: limit).get()
        else { throw PeerError(.malformed, "\(address): no message received") }
        return answer
    }

    /// - Parameter limit: The node's `timeout` when nil.
    func exchange(
        _ message: PeerMessage, _ awaited: PeerConversation.Awaited, with address: PeerAddress,
        within limit: Duration?
    ) async -> Outcome {
        guard !Task.isCancelled else { return .failure(Self.cancelled) }
        let (id, route) = (newID(), Route(address: address))
        let post = PeerConversation.Post(
            id: id, message: message, awaited: awaited,
            deadline: clock.now.advanced(by: limit ?? settings.timeout))
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                requesters[id] = .once(continuation)
                self.post(post, to: route)
            }
        } onCancel: {
            Task { await self.forget(id, at: route) }
        }
        return outcome.mapError { PeerError($0.kind, "\(address): \($0.detail)") }
    }

    /// The requester has gone; its answer, should one come, is dropped.
    private func forget(_ id: Int, at route: Route) {
        var wasSent = !takeBack(id, from: route)
        if let connection = connection(of: route) {
            if connection.conversation.forget(id) { wasSent = false }
            act(connection)
        }
        let late = PeerError(.timedOut, "the requester is gone")
        settle(id, .failure(wasSent ? late : Self.cancelled))
    }

    private static let cancelled = PeerError(.cancelled, "cancelled before it was sent")

    /// - Returns: Whether the post still waited for a connection.
    @discardableResult
    func takeBack(_ id: Int, from route: Route) -> Bool {
        guard let index = remotes[route]?.posts.firstIndex(where: { $0.id == id }) else {
            return false
        }
        remotes[route]?.posts.remove(at: index)
        return true
    }

    func connection(of route: Route) -> PeerConnection? {
        remotes[route]?.connection.flatMap { connections[$0] }
    }

    func settle(_ id: Int, _ outcome: Outcome) {
        switch requesters.removeValue(forKey: id) {
        case .once(let continuation): continuation.resume(returning: outcome)
        case .stream(let continuation):
            if case .failure(let error) = outcome { continuation.yield(.failed(error)) }
            continuation.finish()
        case nil: break
        }
    }

    // MARK: - Ending

    /// Closes everything. Requesters that wait get `.stopped`.
    public func stop() async {
        guard !isStopped else { return }
        isStopped = true
        try? await server?.close().get()  // An error means that it is closed already.
        let open = connections.values.map { ($0.id, $0.channel) }
        for (id, channel) in open {
            ended(id, PeerError(.stopped, "this node was stopped"))
            channel.close(promise: nil)
        }
        for (route, remote) in remotes {
            for post in remote.posts {
                if let id = post.id {
                    settle(id, .failure(PeerError(.stopped, "this node was stopped")))
                }
            }
            remotes[route]?.posts = []
        }
        for (_, channel) in open { try? await channel.closeFuture.get() }  // As above.
        notice.finish()
    }

    var mayOpen: Bool { !isStopped }

    // MARK: - Small things

    func newID() -> Int {
        nextID += 1
        return nextID
    }

    func newIdentity() -> ChirpIdentity {
        ChirpIdentity(high: chance.next(), low: chance.next())
    }

    /// A random number below `bound`.
    func random(below bound: UInt64) -> UInt64 { chance.next(upperBound: bound) }

    /// The port that others reach us at. Who listens nowhere says the port of its own end, which no
    /// other node can have.
    func announcedPort(_ channel: any Channel) -> UInt16 {
        port ?? channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? 0
    }

    func log(_ line: String) {
        if let line = budget.spend(line, at: clock.now) { notice.yield(line) }
    }
}

extension PeerAddress {
    /// The address when the host is one in numbers, which nobody has to be asked about.
    var socketAddress: SocketAddress? {
        // A host that is a name is no error here.
        try? SocketAddress(ipAddress: host, port: Int(port))
    }
}
