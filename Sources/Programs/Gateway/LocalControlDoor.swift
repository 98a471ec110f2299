import Control
import Timing
import Vocabulary

/// The local control socket of a running gateway. The house does without it: while it cannot be opened, or when
/// it was swept away, that is a fault, and it is tried again.
actor LocalControlDoor {
    /// How often an open socket is looked at, and the longest wait between two tries.
    static let period = Duration.seconds(10)
    private static let firstWait = Duration.seconds(1)

    private let clock: any GatewayClock
    private let makeSocket: @Sendable () throws -> ControlSocket
    private let makeServer: @Sendable () -> ControlServer
    /// Takes what is wrong, once for each change; nil when nothing is.
    private let changed: @Sendable (_ problem: String?) async -> Void
    private var backoff = Backoff(first: firstWait, cap: period)
    private var open: (server: ControlServer, socket: ControlSocket)?
    private var problem: String??
    private var isStopped = false

    init(
        clock: any GatewayClock, makeSocket: @escaping @Sendable () throws -> ControlSocket,
        makeServer: @escaping @Sendable () -> ControlServer,
        changed: @escaping @Sendable (_ problem: String?) async -> Void
    ) {
        (self.clock, self.makeSocket, self.makeServer) = (clock, makeSocket, makeServer)
        self.changed = changed
    }

    /// What was counted at the socket that is open.
    var counts: ControlCounts {
        get async { await open?.server.counts ?? ControlCounts() }
    }

    /// Keeps the socket open until the task is cancelled.
    func run() async {
        while !Task.isCancelled, !isStopped {
            let begin = clock.now
            let why = await look()
            await change(why)
            let wait =
                why == nil ? Self.period : backoff.ended(after: begin.duration(to: clock.now))
            // Cancelled, it ends above.
            try? await clock.sleep(until: clock.now.advanced(by: wait))
        }
    }

    /// Takes the socket away and closes all connections.
    func stop() async {
        isStopped = true
        open?.socket.remove()
        await open?.server.stop()
        open = nil
    }

    /// Opens the socket unless it is there.
    /// - Returns: Why no client can connect; nil when they can.
    private func look() async -> String? {
        if let open {
            guard !open.socket.isThere else { return nil }
            self.open = nil
            await open.server.stop()
        }
        do {
            let socket = try makeSocket()
            let server = makeServer()
            try await server.listen(at: socket)
            // A stop that came meanwhile found nothing to close.
            guard !isStopped else {
                socket.remove()
                await server.stop()
                return nil
            }
            open = (server, socket)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func change(_ next: String?) async {
        guard !isStopped, problem != .some(next) else { return }
        problem = .some(next)
        await changed(next)
    }
}
