import NIOCore
import Peers
import Vocabulary

/// The connections of a server, and what is counted of them. Its isolation is the server's event loop.
actor WebConnections {
    private struct Entry {
        let channel: any Channel
        /// Since when it waits for a request; nil while one is in work.
        var idleSince: MonotonicInstant?
    }

    private let limits: WebLimits
    private let clock: any GatewayClock
    private let notice: AsyncStream<String>.Continuation
    private let executor: any SerialExecutor
    private var budget = NoticeBudget()
    private var entries: [Int: Entry] = [:]
    private var nextID = 0
    private var streams = 0
    private var counted = WebCounts()
    private var isStopped = false

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the loop is the web server's, which is never shut down.
        unsafe executor.asUnownedSerialExecutor()
    }

    init(
        _ limits: WebLimits, clock: any GatewayClock, notice: AsyncStream<String>.Continuation
    ) {
        (self.limits, self.clock, self.notice) = (limits, clock, notice)
        executor = WebLoop.shared.loop.executor
    }

    var counts: WebCounts {
        var counts = counted
        (counts[.connections], counts[.streams]) = (Int64(entries.count), Int64(streams))
        return counts
    }

    /// What the gate of a new connection reports here, from the loop.
    nonisolated func events() -> WebGate.Events {
        let id = assumeIsolated { $0.makeID() }
        return WebGate.Events(
            opened: { channel in self.assumeIsolated { $0.open(id, channel) } },
            idle: { isIdle in self.assumeIsolated { $0.note(id, isIdle: isIdle) } },
            refused: { why in self.assumeIsolated { $0.refuse(id, why) } },
            slow: { why in self.assumeIsolated { $0.slow(id, why) } },
            closed: { self.assumeIsolated { $0.entries[id] = nil } })
    }

    /// A live stream begins. False when there are as many as there may be.
    func beginStream() -> Bool {
        guard streams < limits.streams, !isStopped else { return false }
        streams += 1
        return true
    }

    func endStream() { streams -= 1 }

    /// A request was let in, or refused after the gate.
    func count(_ count: WebCount) { counted[count] += 1 }

    /// What may be an attack, and is logged.
    private static let notable = ["wrong-secret", "pause", "other-site", "proof"]

    /// A request was refused after the gate.
    func refuse(_ problem: WebProblem, from address: String) {
        counted[.refused] += 1
        if Self.notable.contains(problem.name) {
            log("web \(address): rejected, \(problem.detail)")
        }
    }

    /// Closes all, and lets no more in.
    func stop() {
        isStopped = true
        for entry in entries.values { entry.channel.close(promise: nil) }
        notice.finish()
    }

    private func makeID() -> Int {
        nextID += 1
        return nextID
    }

    private func open(_ id: Int, _ channel: any Channel) -> Bool {
        guard !isStopped else { return false }
        if entries.count >= limits.connections, !evictIdle() {
            counted[.refused] += 1
            log("\(Self.address(of: channel)): rejected, \(entries.count) connections are open")
            return false
        }
        entries[id] = Entry(channel: channel, idleSince: clock.now)
        return true
    }

    private func evictIdle() -> Bool {
        let idle = entries.compactMap { id, entry in entry.idleSince.map { (since: $0, id: id) } }
        guard let longest = idle.min(by: { ($0.since, $0.id) < ($1.since, $1.id) }) else {
            return false
        }
        entries.removeValue(forKey: longest.id)?.channel.close(promise: nil)
        return true
    }

    private func note(_ id: Int, isIdle: Bool) {
        entries[id]?.idleSince = isIdle ? clock.now : nil
    }

    private func refuse(_ id: Int, _ why: String) {
        counted[.refused] += 1
        guard let entry = entries[id] else { return }
        log("\(Self.address(of: entry.channel)): rejected, \(why.lowercased())")
    }

    private func slow(_ id: Int, _ why: String) {
        counted[.slow] += 1
        guard let entry = entries[id] else { return }
        log("\(Self.address(of: entry.channel)): closed, \(why)")
    }

    private static func address(of channel: any Channel) -> String {
        "web \(channel.remoteAddress?.ipAddress ?? "client")"
    }

    func log(_ line: String) {
        if let line = budget.spend(line, at: clock.now) { notice.yield(line) }
    }
}
