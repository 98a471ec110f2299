import NIOCore
import NIOPosix
import NIOSSL
import Vocabulary

// What happens on sockets. All of it runs on the node's event loop.
extension PeerNode {
    // MARK: - Opening

    /// Takes in one who dialled us.
    /// - Throws: When all places are taken by as many peers.
    func admit(_ channel: any Channel, usesTls: Bool) throws {
        guard mayOpen else { throw PeerError(.stopped, "this node was stopped") }
        let incoming = connections.values.filter { $0.remote == nil }
        if incoming.count >= settings.connectionLimit {
            guard let (connection, why) = mostDispensable(of: incoming) else {
                let address = channel.remoteAddress?.ipAddress ?? "?"
                log("\(address): rejected, \(incoming.count) connections are open")
                throw PeerError(.busy, "\(incoming.count) connections are open")
            }
            ended(connection.id, PeerError(.busy, "\(why) and was closed for another connection"))
            connection.channel.close(promise: nil)
        }
        try adopt(channel, remote: nil, usesTls: usesTls)
    }

    /// Who is evicted when all places are taken: the oldest that has said no hello; else, of the peer that
    /// has the most connections, the one that was not used for longest.
    ///
    /// - Returns: Nil when nobody has more than one.
    private func mostDispensable(
        of incoming: [PeerConnection]
    ) -> (connection: PeerConnection, why: String)? {
        let silent = incoming.filter { $0.conversation.hello == nil }.min { $0.id < $1.id }
        if let silent { return (silent, "sent no hello") }
        let ofEach = Dictionary(grouping: incoming) { connection in
            connection.bearer.map { "\($0.fingerprint)" } ?? connection.address
        }
        guard let most = ofEach.values.max(by: { $0.count < $1.count }), most.count > 1,
            let idle = most.min(by: {
                ($0.conversation.lastUsed, $0.id) < ($1.conversation.lastUsed, $1.id)
            })
        else { return nil }
        return (idle, "was one of \(most.count) of the same peer")
    }

    private func adopt(_ channel: any Channel, remote: Route?, usesTls: Bool) throws {
        let id = newID()
        let connection = PeerConnection(
            id: id, channel: channel, remote: remote,
            conversation: PeerConversation(
                settings: settings, serial: UInt32(truncatingIfNeeded: random(below: 1 << 32)),
                isDialled: remote != nil, isPlain: !usesTls, at: clock.now))
        if usesTls, let tls {
            let handler = try tls.handler(isServer: remote == nil, clock: clock) {
                [weak self] bearer, problem in
                self?.assumeIsolated { $0.turnedAway(id, bearer, problem) }
            }
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        try channel.pipeline.syncOperations.addHandler(
            PeerHandler(node: self, id: id, usesTls: usesTls, remote: remote?.address))
        connections[id] = connection
        if let remote {
            remotes[remote]?.connection = id
            remotes[remote]?.isDialling = false
        }
        arm(connection)
    }

    /// - Parameter problem: What is wrong with the certificate of a peer that is on the list; nil for a
    ///   stranger's.
    private func turnedAway(_ id: Int, _ bearer: PeerBearer, _ problem: String?) {
        guard let connection = connections[id] else { return }
        if let problem {
            connection.refusal = PeerError(.notTrusted, "its certificate \(problem)")
            let name = tls?.entry(of: bearer)?.name ?? "?"
            return log(
                "\(connection.address): peer \(name) was rejected, its certificate \(problem); "
                    + "make a new one there (peer keygen --new) and pair again")
        }
        let fingerprint = bearer.fingerprint
        if let remote = connection.remote { strangers[remote.address] = fingerprint }
        log(
            "\(connection.address): an unknown peer was rejected; to accept it, run "
                + "tidegate peer pair NAME\(settings.pairing) --fingerprint \"\(fingerprint)\"")
    }

    /// The socket is up, and TLS with it where there is TLS.
    func opened(_ id: Int, certificate: NIOSSLCertificate?) {
        // A channel that we dialled may report its start when we know of it already.
        guard let connection = connections[id], connection.requester == nil else { return }
        if let certificate {
            let bearer = tls?.bearer(of: certificate)
            let found = bearer.flatMap { tls?.entry(of: $0) }
            let problem = bearer?.validity.problem(on: clock)
            guard let bearer, let entry = found, problem == nil else {
                if let bearer { turnedAway(id, bearer, found == nil ? nil : problem) }
                ended(id, PeerError(.notTrusted, "its certificate is not on our list"))
                return connection.channel.close(promise: nil)
            }
            connection.bearer = bearer
            connection.requester = PeerRequester(name: entry.name, rights: entry.rights)
        } else {
            connection.requester = PeerRequester(
                name: connection.address, rights: settings.plainRights)
        }
        let now = clock.now
        connection.conversation.greet(
            ChirpHello(port: announcedPort(connection.channel), node: identity), at: now)
        if let remote = connection.remote {
            for post in remotes[remote]?.posts ?? [] { connection.conversation.post(post, at: now) }
            remotes[remote]?.posts = []
        }
        act(connection)
    }

    // MARK: - Dialling

    func post(_ post: PeerConversation.Post, to route: Route) {
        guard mayOpen else { return fail(post, PeerError(.stopped, "this node was stopped")) }
        var remote = remotes[route] ?? Remote()
        if let connection = connection(of: route), connection.requester != nil {
            connection.conversation.post(post, at: clock.now)
            return act(connection)
        }
        let hindrance = hindrances[route.address].flatMap { $0.until > clock.now ? $0 : nil }
        if let refusal = hindrance?.refusal { return fail(post, refusal) }
        guard remote.posts.count < PeerSettings.queueLimit else {
            return fail(
                post,
                PeerError(.busy, "\(remote.posts.count) messages are queued already; not sent"))
        }
        remote.posts.append(post)
        let mustDial = remote.connection == nil && !remote.isDialling
        if mustDial { remote.isDialling = true }
        remotes[route] = remote
        guard mustDial else { return giveUp(post, at: route) }
        if let start = hindrance?.until {
            let clock = clock
            Task {
                // Cancelled by nobody.
                try? await clock.sleep(until: start)
                self.dial(route)
            }
        } else {
            dial(route)
        }
        giveUp(post, at: route)
    }

    /// Sees to it that a post that still waits for a connection at its deadline fails.
    private func giveUp(_ post: PeerConversation.Post, at route: Route) {
        guard let id = post.id, remotes[route]?.posts.contains(where: { $0.id == id }) == true
        else { return }
        let clock = clock
        Task {
            // Cancelled by nobody.
            try? await clock.sleep(until: post.deadline)
            guard self.takeBack(id, from: route) else { return }
            self.settle(id, .failure(PeerError(.unreachable, "connection timed out; not sent")))
        }
    }

    private func fail(_ post: PeerConversation.Post, _ error: PeerError) {
        if let id = post.id { settle(id, .failure(error)) }
    }

    private func dial(_ route: Route) {
        guard mayOpen else { return }
        let address = route.address
        let usesTls: Bool
        do throws(PeerError) {
            usesTls = try needsTls(address)
        } catch {
            return failed(route, error)
        }
        // Source: libchirp, twice the time-out and at most a minute.
        let timeout = min(settings.timeout * 2, .seconds(60))
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(timeout.wholeNanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // Nothing is read before we are in the pipeline.
            .channelOption(.autoRead, value: false)
        let connected =
            if let exact = address.socketAddress {
                bootstrap.connect(to: exact)
            } else {
                bootstrap.connect(host: address.host, port: Int(address.port))
            }
        connected.whenComplete { [self] result in
            assumeIsolated { $0.dialled(route, result, usesTls: usesTls) }
        }
    }

    private func dialled(
        _ route: Route, _ result: Result<any Channel, any Error>, usesTls: Bool
    ) {
        let channel: any Channel
        do {
            channel = try result.get()
        } catch {
            return failed(route, PeerError(dialling: error))
        }
        guard mayOpen else { return channel.close(promise: nil) }
        do {
            try adopt(channel, remote: route, usesTls: usesTls)
        } catch {
            channel.close(promise: nil)
            return failed(route, PeerError(dialling: error))
        }
        if !usesTls, let id = remotes[route]?.connection { opened(id, certificate: nil) }
        // Only now: before, it would shorten the timeout of the dial.
        keepAlive(channel).and(channel.setOption(.autoRead, value: true)).whenFailure { _ in
            channel.close(promise: nil)
        }
    }

    /// Nobody could be reached: all who wait are answered now.
    private func failed(_ route: Route, _ error: PeerError) {
        let posts = remotes.removeValue(forKey: route)?.posts ?? []
        block(route.address, refusal: error)
        for post in posts { fail(post, error) }
    }

    /// Source: libchirp, 50 to 549 ms, so that two nodes do not dial in step.
    private func block(_ address: PeerAddress, refusal: PeerError?) {
        hindrances[address] = Hindrance(
            until: clock.now.advanced(by: .milliseconds(50 + Int64(random(below: 500)))),
            refusal: refusal)
    }

    /// Has the operating system find out within six seconds that nobody is there any more: by probes where
    /// nothing is said, and by the time that bytes go unacknowledged where something is; later when whoever
    /// made this node allows a longer timeout.
    nonisolated func keepAlive(_ channel: any Channel) -> EventLoopFuture<Void> {
        let timeout = max(.seconds(6), settings.timeout).wholeNanoseconds / 1_000_000
        // Source: tcp(7). TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT in milliseconds.
        let options: [(option: ChannelOptions.Types.SocketOption, value: Int)] = [
            (.socketOption(.so_keepalive), 1),
            (.tcpOption(NIOBSDSocket.Option(rawValue: 4)), 2),
            (.tcpOption(NIOBSDSocket.Option(rawValue: 5)), 2),
            (.tcpOption(NIOBSDSocket.Option(rawValue: 6)), 2),
            (.tcpOption(NIOBSDSocket.Option(rawValue: 18)), Int(timeout)),
        ]
        return EventLoopFuture.andAllSucceed(
            options.map { channel.setOption($0.option, value: $0.value) }, on: channel.eventLoop)
    }

    // MARK: - While open

    func received(_ id: Int, _ bytes: ByteBuffer) {
        guard let connection = connections[id] else { return }
        connection.outbox.receives()
        connection.conversation.receive(bytes, at: clock.now)
        act(connection)
    }

    /// All that was there to be read has been.
    func receivedAll(_ id: Int) {
        guard let connection = connections[id], connection.outbox.hasReceived() else { return }
        flush(connection)
        linger(on: connection)
    }

    func writability(_ id: Int, _ isWritable: Bool) {
        guard let connection = connections[id] else { return }
        connection.conversation.writability(isWritable, at: clock.now)
        act(connection)
    }

    /// Does what the conversation asks for, until it asks for nothing more.
    func act(_ connection: PeerConnection) {
        // Writing may report writability before it returns; what follows from it waits for its turn.
        guard !connection.isActing else { return }
        connection.isActing = true
        defer { connection.isActing = false }
        repeat {
            for action in connection.conversation.takeActions() { act(action, connection) }
            flushInTime(connection)
        } while connection.conversation.hasActions
        arm(connection)
    }

    private func act(_ action: PeerConversation.Action, _ connection: PeerConnection) {
        switch action {
        case .write(let bytes):
            if let before = connection.outbox.put(bytes) {
                connection.channel.write(before, promise: nil)
            }
        case .deliver(let message, let slot): deliver(message, slot, connection)
        case .news(let id, let message, let slot): news(id, message, slot, connection)
        case .settle(let id, let outcome): settle(id, outcome)
        case .lateAcknowledgement:
            if let requester = connection.requester {
                note(requester) { $0.counts[.lateAcknowledgements] += 1 }
            }
        case .read(let isOn):
            let channel = connection.channel
            channel.setOption(.autoRead, value: isOn).whenFailure { _ in
                channel.close(promise: nil)
            }
        case .close(let error):
            ended(connection.id, error)
            connection.channel.close(promise: nil)
        }
    }

    private func flushInTime(_ connection: PeerConnection) {
        switch connection.outbox.plan(isLone: connection.conversation.isLone) {
        case .now: flush(connection)
        case .endOfTurn:
            let id = connection.id
            loop.execute { [self] in
                assumeIsolated { node in
                    if let connection = node.connections[id] { node.flush(connection) }
                }
            }
        case nil: break
        }
    }

    private func flush(_ connection: PeerConnection) {
        guard let (last, count) = connection.outbox.flush() else { return }
        let id = connection.id
        let promise = loop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess { [self] in assumeIsolated { $0.written(id, count) } }
        connection.channel.writeAndFlush(last, promise: promise)
    }

    private func written(_ id: Int, _ count: Int) {
        guard let connection = connections[id] else { return }
        connection.conversation.written(through: count, at: clock.now)
        act(connection)
    }

    // MARK: - Time and end

    /// Has the conversation ticked when its next deadline comes.
    func arm(_ connection: PeerConnection) {
        let (id, deadline) = (connection.id, connection.conversation.deadline)
        connection.alarm.set(to: deadline, on: clock) { await self.tick(id) }
    }

    private func tick(_ id: Int) {
        guard let connection = connections[id] else { return }
        connection.alarm.cancel()
        connection.conversation.tick(at: clock.now)
        act(connection)
    }

    /// The connection is gone, or will be at once.
    ///
    /// - Parameter error: Nil for an end that came by itself.
    func ended(_ id: Int, _ error: PeerError?) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        connection.cancelTasks()
        // What was said in this turn of the loop still goes out.
        if let (last, _) = connection.outbox.flush() {
            connection.channel.writeAndFlush(last, promise: nil)
        }
        if let requester = connection.requester, connection.conversation.hello != nil {
            note(requester) { $0.cause = (connection.refusal ?? error)?.detail }
        }
        let error = connection.conversation.ended(connection.refusal ?? error)
        for action in connection.conversation.takeActions() {
            if case .settle(let id, let outcome) = action { settle(id, outcome) }
        }
        if let error, error.kind != .stopped, connection.remote == nil {
            log("\(connection.address): connection closed, \(error.detail)")
        }
        guard let remote = connection.remote else { return }
        let posts = remotes.removeValue(forKey: remote)?.posts ?? []
        let wasOpen = connection.conversation.hello != nil
        var cause = error ?? PeerError(.lost, "the peer closed the connection")
        // What still waits was not sent, whatever became of the rest.
        if cause.kind == .lost { cause = PeerError(.unreachable, "\(cause.detail); not sent") }
        if error != nil { block(remote.address, refusal: wasOpen ? nil : cause) }
        for post in posts { fail(post, cause) }
    }
}
