import Channels
import Vocabulary

// The end of an upstream in good order.
extension Proactor {
    /// Waits a little for the upstreams to have all there is, says offline message, and closes the sessions.
    func sayFarewell() async {
        let clock = clock
        // What was said last goes out before the word that there is nobody any more.
        await within(Self.stopTime.upstreams, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for (name, line) in lines where line.link.isConnected {
            let words = statusWords(.closed, for: name)
            lines[name]?.greeting.append(
                contentsOf: words + line.plan.codec.farewell(at: clock.wallTime))
            line.wakeup.yield()
        }
        await within(Self.closeTime, on: clock) { await self.quiet() }
        resumeQuietWaiters()
        for name in lines.keys { handle(.stop, name) }
    }

    /// Returns once every upstream that hears has acknowledged all there was.
    func quiet() async {
        guard !isQuiet else { return }
        await withCheckedContinuation { quietWaiters.append($0) }
    }

    var isQuiet: Bool { lines.values.allSatisfy(isQuiet) }

    private func isQuiet(_ line: UpstreamLine) -> Bool {
        guard line.link.isConnected else { return true }
        guard line.greeting.isEmpty, line.answers.isEmpty else { return false }
        guard line.link.state == .active else { return true }
        return line.link.inFlight == 0 && line.link.lastRead >= newest && line.unsentLive.isEmpty
            && line.unsentControl.isEmpty && !line.mustPublishFaults && line.debts.isEmpty
    }

    func resumeQuietWaiters() {
        for waiter in quietWaiters { waiter.resume() }
        quietWaiters = []
    }
}
