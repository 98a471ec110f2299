import Glibc
import GridworksParent
import Host
import Proactors
import Vocabulary

/// Shows what a parent has to say on standard output: a table that refreshes in place, with what happens
/// scrolling by above it, or one JSON object a line.
final class ParentScreen: Sendable {
    /// Rows of the table; values of further channels are not shown.
    private static let mostRows = 2_000

    private let screen: LiveScreen?
    private let writer: LogWriter
    private let clock: any GatewayClock
    /// When the value was measured that each row of the table shows.
    private let rows = Guarded<[String: WallTime]>([:])

    /// Names the child in each row when there is one; the table itself does when there are several.
    private let onlyChild: String

    init(
        title: String, children: [GatewayName], isTable: Bool, clock: any GatewayClock
    ) {
        self.clock = clock
        onlyChild = children.count == 1 ? children[0].text : ""
        writer = LogWriter(
            descriptor: STDOUT_FILENO, clock: clock,
            loss: { "{\"kind\":\"lost\",\"lines\":\($0)}" })
        screen = isTable ? LiveScreen(title: title, isTerminal: true, clock: clock) : nil
    }

    func show(_ lines: [ParentLine]) {
        let now = clock.wallTime
        guard let screen else {
            for line in lines {
                writer.write(String(decoding: line.json(at: now), as: UTF8.self) + "\n")
            }
            return
        }
        for line in lines {
            if let words = line.words { screen.scroll("\(words.printable(limit: 2_000))\n") }
            let rows = rows(line, at: now)
            screen.update { table in
                for row in rows { table.show(row) }
                switch line {
                case .broker(let isConnected, let why):
                    table.complaint = isConnected ? nil : "not connected: \(why); retrying"
                case .link(let child, let state, let why):
                    let fault = LiveFault(who: "link", kind: state.word, detail: why)
                    table.take(state == .connected ? [] : [fault], of: child.text)
                default: break
                }
            }
        }
    }

    /// A user has typed a line.
    func lineWasTyped() { screen?.lineWasTyped() }

    /// Returns once everything so far is written.
    func finish() async {
        await screen?.finish()
        await writer.finish()
    }

    private func rows(_ line: ParentLine, at now: WallTime) -> [LiveRow] {
        switch line {
        case .link(let child, let state, _):
            let isGood = state == .connected
            return [row(child, "link", state.word, now, isGood ? .good : .stale)].compactMap(
                \.self)
        case .event(let child, let event, _):
            return event.readings.compactMap {
                row(child, $0.channel, "\($0.value)", $0.at, isSimulated: $0.isSimulated)
            }
        case .reading(let child, let reading):
            return [
                row(
                    child, reading.channel, "\(reading.value)", reading.at,
                    isSimulated: reading.isSimulated)
            ].compactMap(\.self)
        case .state(let child, let state):
            return [row(child, state.handle, state.state, state.at)].compactMap(\.self)
        case .power(let child, let watts):
            return [row(child, "power", "\(watts) W", now)].compactMap(\.self)
        case .broker, .layout, .sent, .answer, .problem: return []
        }
    }

    /// - Returns: Nil when the table shows something newer, or is full.
    private func row(
        _ child: GatewayName, _ name: String, _ text: String, _ at: WallTime,
        _ quality: Quality = .good, isSimulated: Bool = false
    ) -> LiveRow? {
        let isShown = rows.withLock { rows in
            let known = rows["\(child) \(name)"]
            guard known.map({ $0 <= at }) ?? (rows.count < Self.mostRows) else { return false }
            rows["\(child) \(name)"] = at
            return true
        }
        guard isShown else { return nil }
        return LiveRow(
            gateway: child.text, node: onlyChild, channel: name, text: text, quality: quality,
            at: at, isSimulated: isSimulated)
    }
}
