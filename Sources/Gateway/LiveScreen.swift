import Threads
import Vocabulary

/// One line of the live table.
struct LiveRow: Sendable {
    let gateway: String
    let node: String
    let channel: String
    /// The value with its unit, or what stands in its place.
    let text: String
    let quality: Quality
    let at: WallTime
    let isSimulated: Bool
    /// The whole value as one JSON object, for pipes.
    let json: String
}

/// Shows live values on standard output: a table that refreshes in place on a terminal, one JSON
/// object a line elsewhere. Log lines scroll by above the table.
///
/// It writes on a thread of its own. Between two refreshes it keeps the newest value of each channel;
/// of log lines and JSON lines it holds 1,000, and the oldest give way.
final class LiveScreen: Sendable {
    /// The shortest time between two refreshes.
    private static let refresh = Duration.milliseconds(250)
    private static let capacity = 1_000

    private struct State {
        var rows: [String: LiveRow] = [:]
        var pending: [String] = []
        var lost = 0
        var hasChanged = false
        var drawnLines = 0
        var drawnAt: MonotonicInstant?
        var finishers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Guarded(State())
    private let thread: SyncThread
    private let clock: any GatewayClock
    private let isTerminal: Bool
    private let title: String
    private let whenUnheard: (@Sendable () -> Void)?

    /// - Parameter whenUnheard: Called on the screen's thread once nobody reads standard output any more.
    init(
        title: String, isTerminal: Bool, clock: any GatewayClock,
        whenUnheard: (@Sendable () -> Void)? = nil
    ) {
        (self.title, self.isTerminal, self.clock) = (title, isTerminal, clock)
        self.whenUnheard = whenUnheard
        thread = SyncThread(name: "screen", clock: clock)
        thread.begin { [weak self] in self?.draw() ?? SyncThread.Rest(until: nil) }
    }

    deinit { thread.end() }

    func show(_ rows: [LiveRow]) {
        state.withLock { state in
            for row in rows {
                if isTerminal {
                    state.rows["\(row.gateway) \(row.channel)"] = row
                } else {
                    Self.put(row.json + "\n", into: &state)
                }
            }
            state.hasChanged = true
        }
        thread.ring()
    }

    /// Writes one line above the table. On a pipe it is dropped: standard output is for values.
    func scroll(_ line: String) {
        guard isTerminal else { return }
        state.withLock { state in
            Self.put(line, into: &state)
            state.hasChanged = true
        }
        thread.ring()
    }

    /// Returns once everything so far is drawn.
    func finish() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.finishers.append(continuation) }
            thread.ring()
        }
    }

    private static func put(_ line: String, into state: inout State) {
        if state.pending.count == capacity {
            state.pending.removeFirst()
            state.lost += 1
        }
        state.pending.append(line)
    }

    private func draw() -> SyncThread.Rest {
        let now = clock.now
        let finishers = state.withLock { state in
            defer { state.finishers = [] }
            return state.finishers
        }
        defer { for finisher in finishers { finisher.resume() } }
        let isLast = !finishers.isEmpty
        let (text, next): (String, MonotonicInstant?) = state.withLock { state in
            if isTerminal, !isLast, let drawnAt = state.drawnAt {
                let next = drawnAt.advanced(by: Self.refresh)
                if now < next {
                    return ("", state.hasChanged ? next : drawnAt.advanced(by: .seconds(1)))
                }
            }
            state.drawnAt = now
            state.hasChanged = false
            defer {
                state.pending.removeAll(keepingCapacity: true)
                state.lost = 0
            }
            var text = state.lost > 0 && isTerminal ? "… \(state.lost) lines were lost\n" : ""
            text += state.pending.joined()
            guard isTerminal else { return (text, nil) }
            // Up to the table's first line, clear to the end of the screen, then draw it anew.
            let erase = state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A\u{1B}[J" : ""
            let lines = table(Array(state.rows.values), at: clock.wallTime)
            state.drawnLines = lines.count
            text = erase + text + lines.joined(separator: "\n") + "\n"
            return (text, now.advanced(by: .seconds(1)))
        }
        if !text.isEmpty, !Output.write(text, to: 1) { whenUnheard?() }
        return SyncThread.Rest(until: next)
    }

    private func table(_ rows: [LiveRow], at wall: WallTime) -> [String] {
        let width = Machine.terminalWidth
        let room = max(3, Machine.terminalHeight - 4)
        let sorted = rows.sorted {
            ($0.gateway, $0.node, $0.channel) < ($1.gateway, $1.node, $1.channel)
        }
        let severalGateways = Set(rows.map(\.gateway)).count > 1
        var table = Table("NODE", "CHANNEL", "VALUE", "QUALITY", "AGE", "")
        for row in sorted.prefix(room) {
            table.add(
                severalGateways ? "\(row.gateway) \(row.node)" : row.node, row.channel, row.text,
                row.quality.rawValue, Self.age(from: row.at, to: wall),
                row.isSimulated ? "simulated" : "")
        }
        var lines = [title] + table.lines
        if sorted.count > room {
            lines.append("… \(sorted.count - room) more; the window is too low")
        }
        return lines.map { String($0.printable.prefix(width)) }
    }

    /// Whole seconds, minutes or hours: `"3s"`.
    static func age(from: WallTime, to: WallTime) -> String {
        // Divided first: the time in a message was written by anybody and may be any number.
        let seconds = max(0, to.nanoseconds / 1_000_000_000 - from.nanoseconds / 1_000_000_000)
        if seconds < 120 { return "\(seconds)s" }
        return seconds < 7_200 ? "\(seconds / 60)min" : "\(seconds / 3_600)h"
    }
}

extension String {
    /// Without characters that a terminal obeys, for words that were written by anybody.
    var printable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
                }))
    }
}
