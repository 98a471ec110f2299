import NIOCore
import NIOSSL
import Vocabulary

/// One connection as its node holds it. It never leaves the node.
final class PeerConnection {
    let id: Int
    let channel: any Channel
    /// Where we dialled; nil when the other side did.
    let remote: PeerNode.Route?
    /// For people.
    let address: String
    var conversation: PeerConversation
    /// Nil until TLS has shown who it is, or there is no TLS.
    var requester: PeerRequester?
    /// Nil without TLS.
    var bearer: PeerBearer?
    /// Why we do not speak with it; nil while we do.
    var refusal: PeerError?
    var outbox = PeerOutbox()
    var isActing = false
    var timeout = PeerTimeouts()
    var alarm = ConnectionAlarm()
    /// Peers' watches that we feed, by the identity of the question. The serial distinguishes a watch from an
    /// earlier one that was asked for with the same identity.
    var watches: [ChirpIdentity: (serial: Int, task: Task<Void, Never>)] = [:]

    init(
        id: Int, channel: any Channel, remote: PeerNode.Route?, conversation: PeerConversation
    ) {
        (self.id, self.channel, self.remote) = (id, channel, remote)
        self.conversation = conversation
        address =
            remote?.address.description ?? channel.remoteAddress?.ipAddress
            ?? channel.remoteAddress?.description ?? "an unknown address"
    }

    /// Closes everything that works for this connection.
    func cancelTasks() {
        alarm.cancel()
        for watch in watches.values { watch.task.cancel() }
        watches = [:]
    }
}

/// Wakes the owner of a connection at its next deadline, which may move.
package struct ConnectionAlarm {
    private var armed: (at: MonotonicInstant, task: Task<Void, Never>)?

    package init() {}

    /// Calls `ring` at `deadline`, if it would not before: then the owner sets what is left.
    package mutating func set(
        to deadline: MonotonicInstant?, on clock: any GatewayClock,
        _ ring: @escaping @Sendable () async -> Void
    ) {
        guard let deadline, armed.map({ deadline < $0.at }) ?? true else { return }
        cancel()
        // Cancelled, it has nothing to do.
        let task = Task { if (try? await clock.sleep(until: deadline)) != nil { await ring() } }
        armed = (deadline, task)
    }

    /// Also comes first when the owner was woken, so that it can set the next deadline.
    package mutating func cancel() {
        armed?.task.cancel()
        armed = nil
    }
}

/// Lines for the log about peers, few enough that nobody can flood it. Pure.
package struct NoticeBudget: Sendable {
    static let linesPerMinute = 20

    private var since: MonotonicInstant?
    private var logged = 0
    private var kept = 0

    package init() {}

    /// - Returns: What to log now; nil when it was too much for this minute and only counts.
    package mutating func spend(_ line: String, at now: MonotonicInstant) -> String? {
        if since.map({ $0.duration(to: now) >= .seconds(60) }) ?? true {
            (since, logged) = (now, 0)
        }
        guard logged < Self.linesPerMinute else {
            kept += 1
            return nil
        }
        logged += 1
        defer { kept = 0 }
        return kept == 0 ? line : "\(line) (and \(kept) suppressed lines)"
    }
}
