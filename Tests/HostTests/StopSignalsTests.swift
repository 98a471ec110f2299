import Testing
import Vocabulary

@testable import Host

@Suite struct `A signal to stop` {
    private func deferredCommands(at milliseconds: [Int64]) -> [StopSignals.DeferredCommand] {
        var signals = StopSignals()
        return milliseconds.map {
            signals.take(at: MonotonicInstant(nanoseconds: $0 * 1_000_000))
        }
    }

    @Test func `that comes to the process and again to its group is one request`() {
        #expect(deferredCommands(at: [0, 0, 99]) == [.stop, .nothing, .nothing])
    }

    @Test func `that comes again later ends the process at once`() {
        #expect(deferredCommands(at: [0, 100]) == [.stop, .endAtOnce])
    }
}
