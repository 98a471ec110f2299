import DequeModule
import Glibc
import Logging
import Threads
import Vocabulary

/// Writes log lines on a thread of its own, so that a terminal or pipe that is not read holds up
/// nothing else. Holds 1,000 lines; when they are full the oldest is evicted and is counted. Lines of one
/// kind that come too often are counted instead, see `LogLimit`.
package final class LogWriter: Sendable {
    private struct State {
        var lines: Deque<String> = []
        var lost = 0
        var limit = LogLimit()
        var finishers: [CheckedContinuation<Void, Never>] = []
    }

    private static let capacity = 1_000

    private let state = Guarded(State())
    private let thread: SyncThread
    private let clock: any GatewayClock
    private let descriptor: Int32
    private let scroll: (@Sendable (String) -> Void)?
    private let loss: @Sendable (Int) -> String

    /// - Parameters:
    ///   - scroll: Takes each line instead of `descriptor`, when a screen owns the terminal.
    ///   - loss: What is written in place of so many lines that were lost.
    package init(
        descriptor: Int32, clock: any GatewayClock, scroll: (@Sendable (String) -> Void)? = nil,
        loss: @escaping @Sendable (Int) -> String = {
            "… \($0) log lines dropped, output not read"
        }
    ) {
        self.loss = loss
        (self.descriptor, self.scroll, self.clock) = (descriptor, scroll, clock)
        thread = SyncThread(name: "log", clock: clock)
        thread.begin { [weak self] in
            SyncThread.Rest(until: self?.drain())
        }
    }

    deinit { thread.end() }

    /// Writes a line unless there were too many of its kind; then `summary` words what stands for all of
    /// them, in a while.
    package func write(
        _ line: @autoclosure () -> String, of kind: LogLimit.Kind,
        summary: @escaping @Sendable (Int) -> String
    ) {
        let now = clock.now
        switch state.withLock({ $0.limit.take(kind, at: now, summary: summary) }) {
        case .write: write(line())
        case .holdFirst: thread.wake()
        case .hold: break
        }
    }

    package func write(_ line: String) {
        if let scroll { return scroll(line) }
        state.withLock { state in
            if state.lines.count == Self.capacity {
                state.lines.removeFirst()
                state.lost += 1
            }
            state.lines.append(line)
        }
        thread.wake()
    }

    /// Returns once everything so far is written.
    package func finish() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.finishers.append(continuation) }
            thread.wake()
        }
    }

    /// - Returns: When there is something to write although nothing rings.
    private func drain() -> MonotonicInstant? {
        let now = clock.now
        let (summaries, finishers) = state.withLock { state in
            defer { state.finishers = [] }
            let isLast = !state.finishers.isEmpty
            return (state.limit.takeSummaries(at: now, isLast: isLast), state.finishers)
        }
        for summary in summaries { write(summary) }
        while let text = take() { Output.write(text, to: descriptor) }
        for finisher in finishers { finisher.resume() }
        return state.withLock { $0.limit.deadline }
    }

    private func take() -> String? {
        state.withLock { state in
            if state.lost > 0 {
                defer { state.lost = 0 }
                return loss(state.lost) + "\n"
            }
            return state.lines.popFirst()
        }
    }
}
