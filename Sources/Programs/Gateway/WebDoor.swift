import Timing
import Vocabulary
import Web

/// The web server of a running gateway. The house does without it: while it cannot listen, because another program has
/// the port, that is a fault, and it is tried again.
actor WebDoor {
    /// The waits between two tries.
    static let waits = (first: Duration.seconds(1), longest: Duration.seconds(60))

    private let clock: any GatewayClock
    private let makeServer: @Sendable () throws -> WebServer
    /// Takes the port once requesters can connect, or why they cannot; once for each change.
    private let changed: @Sendable (Result<UInt16, Reason>) async -> Void
    private var backoff = Backoff(first: waits.first, cap: waits.longest)
    private var server: WebServer?
    private var last: Result<UInt16, Reason>?
    private var isStopped = false

    /// Why no requester can connect.
    struct Reason: Error, Hashable, Sendable {
        let words: String
    }

    /// - Parameter makeServer: Makes the server, each time from the files as they are then.
    init(
        clock: any GatewayClock, makeServer: @escaping @Sendable () throws -> WebServer,
        changed: @escaping @Sendable (Result<UInt16, Reason>) async -> Void
    ) {
        (self.clock, self.makeServer, self.changed) = (clock, makeServer, changed)
    }

    /// What was counted of the server that runs.
    var counts: WebCounts { get async { await server?.counts ?? WebCounts() } }

    /// Keeps the server open until the task is cancelled.
    func run() async {
        while !Task.isCancelled, !isStopped {
            let begin = clock.now
            let why = await open()
            guard !Task.isCancelled else { return }
            await change(.failure(Reason(words: why)))
            let wait = backoff.ended(after: begin.duration(to: clock.now))
            // Cancelled, it ends above.
            try? await clock.sleep(until: clock.now.advanced(by: wait))
        }
    }

    /// Closes all connections. The owner of the task that runs it cancels that first.
    func stop() async {
        isStopped = true
        await server?.stop()
    }

    /// - Returns: Why no requester can connect, once none can.
    private func open() async -> String {
        do {
            let server = try makeServer()
            self.server = server
            try await server.run { port in await self.change(.success(port)) }
            await server.stop()
            return "no longer listening"
        } catch {
            await server?.stop()
            return "\(error)"
        }
    }

    private func change(_ next: Result<UInt16, Reason>) async {
        guard !isStopped, next != last else { return }
        last = next
        await changed(next)
    }
}
