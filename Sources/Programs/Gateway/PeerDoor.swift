import Peers
import Timing
import Vocabulary

/// The way in of the direct link. The house does without it: while it cannot be opened, because another
/// program has the port or the key cannot be read, that is a fault, and it is tried again.
actor PeerDoor {
    /// The waits between two tries.
    static let waits = (first: Duration.seconds(1), longest: Duration.seconds(60))

    /// How it stands. No peer can connect unless it is open.
    enum State: Hashable, Sendable {
        case opening
        case open(PeerAddress)
        case failed(String)
    }

    private let address: PeerAddress
    private let clock: any GatewayClock
    private let makeNode: @Sendable () throws -> PeerNode
    private let changed: @Sendable (State) async -> Void
    private var backoff = Backoff(first: waits.first, cap: waits.longest)
    private var node: PeerNode?
    private(set) var state = State.opening
    private var isStopped = false

    /// - Parameters:
    ///   - makeNode: Makes the node that listens, each time from the files as they are then.
    ///   - changed: Called at each change of the state, one after the other.
    init(
        _ address: PeerAddress, clock: any GatewayClock,
        makeNode: @escaping @Sendable () throws -> PeerNode,
        changed: @escaping @Sendable (State) async -> Void
    ) {
        (self.address, self.clock) = (address, clock)
        (self.makeNode, self.changed) = (makeNode, changed)
    }

    /// How each peer stands.
    var links: [PeerLink] { get async { await node?.links ?? [] } }

    /// Keeps the door open until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let begin = clock.now
            let why = await open()
            guard !Task.isCancelled else { return }
            await change(.failed(why))
            let wait = backoff.ended(after: begin.duration(to: clock.now))
            // Cancelled, it ends above.
            try? await clock.sleep(until: clock.now.advanced(by: wait))
        }
    }

    /// Closes all connections. The owner of the task that runs it cancels that first.
    func stop() async {
        isStopped = true
        await node?.stop()
    }

    /// - Returns: Why no peer can connect, once none can.
    private func open() async -> String {
        do {
            let node = try makeNode()
            self.node = node
            let port = try await node.listen(on: address)
            // A stop that came meanwhile found nothing to close.
            guard !isStopped else {
                await node.stop()
                return "stopped"
            }
            await change(.open(PeerAddress(host: address.host, port: port)))
            await node.untilDeaf()
            await node.stop()
            return "no longer listening on \(address)"
        } catch {
            await node?.stop()
            return "\(error)"
        }
    }

    private func change(_ next: State) async {
        guard next != state else { return }
        state = next
        await changed(next)
    }
}
