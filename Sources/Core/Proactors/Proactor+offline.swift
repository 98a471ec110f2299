import Timing
import Vocabulary

// The end of an upstream in good order.
extension Proactor {
    /// Waits a little for the upstreams to have all there is, publishes offline, and closes the sessions.
    func publishOffline() async {
        let clock = clock
        // What was published last goes out before the offline status.
        await within(Self.upstreamStopTime, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for pump in pumps.values { pump.publishOffline(in: self) }
        await within(Self.closeTime, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for pump in pumps.values { pump.handle(.stop, in: self) }
    }

    /// Returns once every upstream that is active has acknowledged all there was.
    func quiet() async {
        guard !isQuiet else { return }
        await withCheckedContinuation { quietWaiters.append($0) }
    }

    private var isQuiet: Bool { pumps.values.allSatisfy { $0.isQuiet(through: progress.newest) } }

    /// What was waited for may have come about.
    func lookForQuiet() { if isQuiet { resumeQuietWaiters() } }

    /// What the sessions still have to say.
    var listeners: [Task<Void, Never>] { pumps.values.compactMap(\.listening) }

    private func resumeQuietWaiters() {
        for waiter in quietWaiters { waiter.resume() }
        quietWaiters = []
    }
}
