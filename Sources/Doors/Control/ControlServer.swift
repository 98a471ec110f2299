import Glibc
import NIOCore
import NIOPosix
import Peers
import Vocabulary

/// Answers callers on this machine: one request a line, JSON, each answered in its turn.
///
/// Its isolation is its event loop. `Limits` bound how many connections there are, how much of each is kept, and how
/// long one may be silent or leave its answer untaken. Rights and size are looked at before anything is parsed.
public actor ControlServer {
    /// How much callers may take up.
    public struct Limits: Sendable {
        /// Connections at once. When all places are taken, one of the user with the most that has no request in work
        /// is closed for the next; for one who may switch, also one with a request in work of those who may only read.
        public var connections = 32
        /// Of them those of one user.
        public var ofOneUser = 16
        /// The longest request, and what one may send ahead while an answer is in progress, in bytes.
        public var request = 4096
        /// How long a connection may be open without a whole request.
        public var idle = Duration.seconds(30)
        /// How long a caller may leave what it is sent untaken.
        public var write = Duration.seconds(10)

        public init() {}
    }

    /// Lines for the log: who was turned away and why. The newest are evicted when nobody reads them.
    public nonisolated let notices: AsyncStream<String>
    nonisolated let loop: any EventLoop
    let limits: Limits
    let clock: any GatewayClock
    private let rights: @Sendable (ControlCaller) -> Set<PeerRight>
    private let service: any ControlService
    private let executor: any SerialExecutor
    private let notice: AsyncStream<String>.Continuation
    private var budget = NoticeBudget()
    private var server: (any Channel)?
    private var isStopped = false
    private var nextID = 0
    private var connections: [Int: ControlConnection] = [:]
    private var counted = ControlCounts()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the loop belongs to the process-wide group, which is never shut down.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// - Parameter rights: What a caller may ask for; see `ControlAccess`.
    public init(
        limits: Limits = Limits(), service: any ControlService, clock: any GatewayClock,
        rights: @escaping @Sendable (ControlCaller) -> Set<PeerRight>
    ) {
        (self.rights, self.limits) = (rights, limits)
        (self.service, self.clock) = (service, clock)
        loop = MultiThreadedEventLoopGroup.singleton.next()
        executor = loop.executor
        (notices, notice) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(64))
    }

    /// What was counted so far.
    public var counts: ControlCounts {
        var counts = counted
        counts.connections = connections.count
        return counts
    }

    // MARK: - Listening

    /// Lets callers in. Takes over the socket's descriptor.
    /// - Throws: `.setting`.
    public func listen(at socket: ControlSocket) async throws(ControlError) {
        precondition(server == nil, "a server listens once")
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { [self] in
                    try channel.pipeline.syncOperations.addHandler(
                        // Users who may come in here are served beside a crowd at the other door.
                        AcceptPause(reserve: 3) { [self] line in assumeIsolated { $0.log(line) } })
                }
            }
            // Who has asked everything may close that direction and still have its answers.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { [self] in
                    try assumeIsolated { try $0.admit(channel) }
                }
            }
        do {
            server = try await bootstrap.withBoundSocket(socket.descriptor).get()
        } catch {
            throw ControlError(.setting, "\(socket.path): cannot listen: \(error)")
        }
        if isStopped { await closeServer() }
    }

    /// Closes everything. Callers that wait get no answer.
    public func stop() async {
        isStopped = true
        await closeServer()
        for connection in connections.values { close(connection, nil) }
        notice.finish()
    }

    private func closeServer() async {
        try? await server?.close().get()  // An error means that it is closed already.
    }

    // MARK: - Opening

    /// Takes in one who has connected. Runs before anything of it is read.
    private func admit(_ channel: any Channel) throws {
        let caller = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { ControlCaller($0) }
        guard !isStopped, let caller = caller.flatMap(\.self) else {
            throw ControlError(.lost, "the caller is gone")
        }
        nextID += 1
        let requester = ControlRequester(user: caller.user, rights: rights(caller))
        let connection = ControlConnection(
            id: nextID, channel: channel, requester: requester,
            lines: ControlLines(limit: limits.request), at: clock.now)
        connection.refusal = makeRoom(for: requester)
        try channel.pipeline.syncOperations.addHandler(ControlHandler(server: self, id: nextID))
        connections[nextID] = connection
        arm(connection)
    }

    /// - Returns: Why there is none; nil when there is.
    private func makeRoom(for requester: ControlRequester) -> String? {
        let ofEach = Dictionary(grouping: connections.values, by: \.requester.user)
        let own = ofEach[requester.user] ?? []
        if own.count >= limits.ofOneUser {
            guard evictIdle(of: own) else {
                return "\(own.count) connections of this user are open"
            }
        } else if connections.count >= limits.connections {
            let most = ofEach.values.sorted { $0.count > $1.count }
            guard
                most.contains(where: evictIdle)
                    || requester.maySwitch && evictReader(of: most)
            else { return "\(connections.count) connections are open" }
        }
        return nil
    }

    private func evictIdle(of connections: [ControlConnection]) -> Bool {
        let idle = connections.filter { $0.work == nil }
            .min { ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id) }
        guard let idle else { return false }
        counted.refused += 1
        close(idle, nil)
        return true
    }

    /// Who may only read must not keep out those who may switch.
    private func evictReader(of users: [[ControlConnection]]) -> Bool {
        let readers = users.first { !$0.contains(where: \.requester.maySwitch) } ?? []
        guard let reader = readers.min(by: { ($0.lastUsed, $0.id) < ($1.lastUsed, $1.id) })
        else { return false }
        counted.refused += 1
        close(reader, "its place is for one who may switch")
        return true
    }

    /// The connection can be written to.
    func opened(_ id: Int) {
        guard let connection = connections[id], let refusal = connection.refusal else { return }
        log("\(connection.requester): rejected, \(refusal)")
        refuse(refusal, connection, isLast: true)
    }

    // MARK: - Requests

    func received(_ id: Int, _ bytes: ByteBuffer) {
        guard let connection = connections[id], !connection.isEnding else { return }
        connection.lines.append(bytes.readableBytesView)
        proceed(connection)
    }

    /// The caller sends no more; what it has sent is answered.
    func inputClosed(_ id: Int) {
        guard let connection = connections[id] else { return }
        connection.isInputClosed = true
        proceed(connection)
    }

    func ended(_ id: Int) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        connection.cancelTasks()
    }

    /// Takes the next request when none is in work.
    private func proceed(_ connection: ControlConnection) {
        while connection.work == nil, !connection.isEnding {
            // No byte of a caller without rights is looked at.
            guard !connection.requester.rights.isEmpty else {
                return refuse("no rights", connection, isLast: true)
            }
            let line = connection.lines.next()
            guard let line = line ?? (connection.isInputClosed ? connection.lines.rest() : nil)
            else { break }
            guard line.count <= limits.request else { break }
            take(line, connection)
        }
        guard !connection.isEnding else { return }
        if connection.lines.isTooLong {
            return refuse(
                "a request has at most \(limits.request) bytes", connection, isLast: true)
        }
        if connection.isInputClosed, connection.work == nil {
            connection.isEnding = true
            connection.channel.close(promise: nil)
        }
    }

    private func take(_ line: [UInt8], _ connection: ControlConnection) {
        let request: ControlRequest
        do throws(PeerRefusal) {
            request = try ControlRequest.read(line)
        } catch {
            return refuse(error.why, connection)
        }
        let requester = connection.requester
        guard requester.rights.contains(request.right) else {
            return refuse(
                "\(requester.name) has no right to \(request.right.rawValue)", connection)
        }
        counted.requests += 1
        connection.lastUsed = clock.now
        let id = connection.id
        let service = service
        connection.work = Task {
            switch await service.answer(request, from: requester) {
            case .one(let text): _ = await self.send([text], to: id)
            case .many(let work):
                await work { await self.send($0, to: id) }
                _ = await self.send([Self.end], to: id)
            }
            self.answered(id)
        }
    }

    private static let end = Array(#"{"end":true}"#.utf8)

    private func answered(_ id: Int) {
        guard let connection = connections[id] else { return }
        (connection.work, connection.lastUsed) = (nil, clock.now)
        arm(connection)
        proceed(connection)
    }

    // MARK: - Writing

    private func refuse(_ why: String, _ connection: ControlConnection, isLast: Bool = false) {
        counted.refused += 1
        connection.isEnding = connection.isEnding || isLast
        let (id, channel) = (connection.id, connection.channel)
        let text = Array(String(decoding: PeerRefusal(why).text, as: UTF8.self).jsonLine.utf8)
        connection.work = Task {
            _ = await self.send([text], to: id)
            if isLast {
                channel.close(promise: nil)
            } else {
                self.answered(id)
            }
        }
    }

    /// - Returns: Once the system has taken the lines; false when the caller is gone.
    private func send(_ texts: [[UInt8]], to id: Int) async -> Bool {
        guard !Task.isCancelled, let connection = connections[id] else { return false }
        guard !texts.isEmpty else { return true }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(texts.reduce(0) { $0 + $1.count + 1 })
        for text in texts {
            buffer.writeBytes(text)
            buffer.writeInteger(UInt8(ascii: "\n"))
        }
        connection.write(at: clock.now)
        arm(connection)
        do {
            try await connection.channel.writeAndFlush(buffer).get()
        } catch {
            // The connection is closed, and will be reported so.
            return false
        }
        connection.written(at: clock.now)
        return true
    }

    // MARK: - Time and end

    /// Has the connection looked at when its next deadline comes.
    private func arm(_ connection: ControlConnection) {
        let (id, deadline) = (connection.id, connection.deadline(limits))
        connection.alarm.set(to: deadline, on: clock) { await self.tick(id) }
    }

    private func tick(_ id: Int) {
        guard let connection = connections[id] else { return }
        connection.alarm.cancel()
        guard let deadline = connection.deadline(limits), deadline <= clock.now else {
            return arm(connection)
        }
        guard connection.isWriting else { return close(connection, nil) }
        counted.slow += 1
        close(connection, "took nothing for \(limits.write.layoutText)")
    }

    private func close(_ connection: ControlConnection, _ why: String?) {
        if let why { log("\(connection.requester): closed, \(why)") }
        connections[connection.id] = nil
        connection.cancelTasks()
        connection.channel.close(promise: nil)
    }

    private func log(_ line: String) {
        if let line = budget.spend(line, at: clock.now) { notice.yield(line) }
    }
}
