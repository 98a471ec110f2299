import Host
import Threads
import Vocabulary

/// Shows live values on standard output: a table that refreshes in place on a terminal, one JSON
/// object a line elsewhere. Log lines scroll by above the table.
///
/// What rows and lines say may come from any client; they are shown without what a terminal obeys. It writes on
/// a thread of its own. Between two refreshes it keeps the newest value of each channel. Of lines that scroll
/// by it holds 1,000, and the oldest are evicted; of JSON lines none is: the command that shows them waits for the
/// reader.
package final class LiveScreen: Sendable {
    /// The shortest time between two refreshes.
    private static let refresh = Duration.milliseconds(250)
    private static let capacity = 1_000

    private struct State {
        var table: LiveTable
        var pending: [String] = []
        var lost = 0
        var hasChanged = false
        var isUrgent = false
        var drawnLines = 0
        var drawnAt: MonotonicInstant?
        var window = LiveTable.Window()
        var room = 1
        var reader = LiveKeyReader()
        var hasKeys = false
        /// The command that shows JSON lines does not wait any more.
        var isReleased = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        var finishers: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Guarded<State>
    private let thread: SyncThread
    private let clock: any GatewayClock
    package let isTerminal: Bool
    private let quit: (@Sendable () -> Void)?
    private let whenUnheard: (@Sendable () -> Void)?

    /// - Parameters:
    ///   - keys: What keys do on a terminal; nothing where another program reads what is typed.
    ///   - quit: Called on the screen's thread when the key for it is pressed.
    ///   - whenUnheard: Called on the screen's thread once standard output has no reader any more.
    package init(
        title: String, isTerminal: Bool, keys: LiveTable.Window.Keys = .nothing,
        clock: any GatewayClock, quit: (@Sendable () -> Void)? = nil,
        whenUnheard: (@Sendable () -> Void)? = nil
    ) {
        (self.isTerminal, self.clock) = (isTerminal, clock)
        (self.quit, self.whenUnheard) = (quit, whenUnheard)
        var initial = State(table: LiveTable(title: title))
        initial.hasKeys = isTerminal && keys != .nothing && TerminalKeys.begin()
        initial.window.keys = initial.hasKeys ? keys : .nothing
        initial.window.hasColours = isTerminal && Output.hasColours
        state = Guarded(initial)
        thread = SyncThread(name: "screen", clock: clock)
        thread.begin { [weak self] in self?.round() ?? SyncThread.Rest(until: nil) }
    }

    deinit { thread.end() }

    /// Shows values. On a pipe it returns once there is room for more.
    package func show(_ rows: [LiveRow]) async {
        guard !isTerminal else {
            return update { table in for row in rows { table.show(row) } }
        }
        await withCheckedContinuation { continuation in
            let mayGoOn = state.withLock { state in
                state.pending += rows.map { $0.json + "\n" }
                state.hasChanged = true
                guard state.pending.count > Self.capacity else { return true }
                guard state.isReleased else {
                    state.waiters.append(continuation)
                    return false
                }
                state.pending.removeFirst(state.pending.count - Self.capacity)
                return true
            }
            thread.wake()
            if mayGoOn { continuation.resume() }
        }
    }

    /// Changes what the table shows beside the values.
    package func update(_ change: (inout LiveTable) -> Void) {
        state.withLock { state in
            change(&state.table)
            state.hasChanged = true
        }
        if isTerminal { thread.wake() }
    }

    /// Writes one line above the table. On a pipe it is dropped: standard output is for values.
    package func scroll(_ line: String) {
        guard isTerminal else { return }
        state.withLock { state in
            if state.pending.count == Self.capacity {
                state.pending.removeFirst()
                state.lost += 1
            }
            state.pending.append(line)
            state.hasChanged = true
        }
        thread.wake()
    }

    /// A user has typed a line, which the terminal shows below the table.
    func lineWasTyped() {
        state.withLock { if $0.drawnLines > 0 { $0.drawnLines += 1 } }
    }

    /// Releases callers that wait for a reader that may never come.
    package func release() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            state.isReleased = true
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Gives the keyboard back, and returns once everything so far is drawn.
    package func finish() async {
        release()
        if state.withLock(\.hasKeys) { TerminalKeys.end() }
        await withCheckedContinuation { continuation in
            state.withLock { state in
                state.hasKeys = false
                state.finishers.append(continuation)
            }
            thread.wake()
        }
    }

    // MARK: - On the thread

    private func round() -> SyncThread.Rest {
        takeKeys()
        let now = clock.timestamp
        let (finishers, waiters) = state.withLock { state in
            defer { (state.finishers, state.waiters) = ([], []) }
            return (state.finishers, state.waiters)
        }
        defer { for waiter in finishers + waiters { waiter.resume() } }
        let (text, next) = state.withLock { state in
            isTerminal
                ? Self.frame(&state, isLast: !finishers.isEmpty, at: now)
                : (Self.lines(&state), nil)
        }
        if !text.isEmpty, !Output.write(text, to: 1) { whenUnheard?() }
        return SyncThread.Rest(
            until: next, watching: state.withLock(\.hasKeys) ? 0 : nil)
    }

    private func takeKeys() {
        guard state.withLock(\.hasKeys) else { return }
        let bytes = TerminalKeys.read()
        let quits = state.withLock { state in
            guard let bytes else {
                state.hasKeys = false
                return false
            }
            let keys = state.reader.keys(in: bytes)
            for key in keys { state.window.first = key.move(state.window.first, room: state.room) }
            if !keys.isEmpty { (state.isUrgent, state.hasChanged) = (true, true) }
            return keys.contains(.quit)
        }
        if quits { quit?() }
    }

    private static func lines(_ state: inout State) -> String {
        defer { state.pending.removeAll(keepingCapacity: true) }
        state.hasChanged = false
        return state.pending.joined()
    }

    /// The next picture of a terminal, and when another one is due at the latest.
    private static func frame(
        _ state: inout State, isLast: Bool, at now: Timestamp
    ) -> (text: String, next: MonotonicInstant?) {
        if !isLast, !state.isUrgent, let drawnAt = state.drawnAt {
            let next = drawnAt.advanced(by: refresh)
            if now.monotonic < next {
                return ("", state.hasChanged ? next : drawnAt.advanced(by: .seconds(1)))
            }
        }
        (state.drawnAt, state.hasChanged, state.isUrgent) = (now.monotonic, false, false)
        let size = (width: Machine.terminalWidth, height: Machine.terminalHeight)
        let isOther = size != (state.window.width, state.window.height)
        (state.window.width, state.window.height) = size
        // Up to the table's first line, and clear to the end of the screen. What a window of another size has
        // made of the old lines is not known; what others wrote meanwhile stays.
        var text = ""
        if !TerminalKeys.wereAway, state.drawnLines > 0 {
            text = isOther ? "\u{1B}[H\u{1B}[J" : "\u{1B}[\(state.drawnLines)A\u{1B}[J"
        }
        if state.lost > 0 { text += "… \(state.lost) lines were lost\n" }
        text += state.pending.joined()
        state.pending.removeAll(keepingCapacity: true)
        state.lost = 0
        let page = state.table.page(in: state.window, at: now)
        (state.drawnLines, state.window.first, state.room) = (
            page.lines.count, page.first, page.room
        )
        // A line that is too long after all is cut by the terminal and not continued on the next one.
        text += "\u{1B}[?7l" + page.lines.joined(separator: "\n") + "\u{1B}[?7h\n"
        return (text, now.monotonic.advanced(by: .seconds(1)))
    }
}
