import Health
import Host
import PlainJson
import Vocabulary

/// How a gateway of this machine stands, in words: one screen.
struct LocalStatusText {
    let status: LocalStatus

    func lines(in window: LiveTable.Window, at now: Timestamp) -> [String] {
        var lines = StatusText(
            report: status.report, backlogs: backlogs(at: now.wall)
        ).lines(in: window, at: now)
        let first = lines.isEmpty ? "" : lines.removeFirst()
        return [first] + head + relays(at: now.wall) + lines
    }

    /// What is true of all of it.
    private var head: [String] {
        var rows: [(String, String?)] = [
            ("version", version),
            ("layout", status.layout.map { "\($0), \(status.nodes) nodes" }),
            ("clock", status.isSynchronised ? "synchronised" : "not synchronised"),
        ]
        rows.append(("journal", status.journal.map(words(of:)) ?? "not open"))
        rows.append(
            (
                "disk",
                status.disk.map {
                    "\(ByteCount($0.available)) of \(ByteCount($0.size)) free at \(status.stateDirectory ?? "?")"
                }
            ))
        return rows.compactMap { name, value in
            value.map { name + String(repeating: " ", count: 9 - name.count) + $0 }
        } + [""]
    }

    private func words(of journal: LocalStatus.Journal) -> String {
        let oldest = journal.oldest.map { ", oldest \($0.iso8601)" } ?? ""
        let stored =
            journal.stored.map { "\($0.records) records, \(ByteCount($0.bytes))\(oldest)" }
            ?? "cannot be read"
        return journal.unwritten > 0
            ? stored + "; \(journal.unwritten) in memory, the disk takes none" : stored
    }

    private var version: String? {
        guard let version = status.version else { return nil }
        let process = status.process.map { ", process \($0)" } ?? ""
        let uptime = status.uptime.map { ", up \(LiveTable.age(seconds: $0))" } ?? ""
        return version + process + uptime
    }

    /// How each relay stands, and who commands it.
    private func relays(at now: WallTime) -> [String] {
        guard !status.relays.isEmpty else { return [] }
        let states = Dictionary(
            status.report.readings.map { ($0.node.text, $0.text) },
            uniquingKeysWith: { first, _ in first })
        var table = Table("RELAY", "STATE", "CONTROLLER", "OVERRIDE", "QUEUED")
        for relay in status.relays {
            let until =
                relay.overrideUntil.map { ", \(LiveTable.age(from: now, to: $0)) left" } ?? ""
            table.add(
                relay.node, states[relay.node] ?? "unknown", relay.controller ?? "safe state",
                relay.overriddenBy.map { $0 + until } ?? "-", relay.queued ?? "-")
        }
        return table.lines + [""]
    }

    /// Backlog and lag of each upstream.
    private func backlogs(at now: WallTime) -> [String: StatusText.Backlog] {
        let pairs = (status.journal?.cursors ?? []).map { cursor in
            (
                cursor.name,
                StatusText.Backlog(
                    records: cursor.backlog, deadLetters: cursor.deadLetters,
                    lag: cursor.oldest.map { LiveTable.age(from: $0, to: now) })
            )
        }
        return Dictionary(pairs) { first, _ in first }
    }
}

/// A number of bytes for people: `41.2 MB`.
struct ByteCount: CustomStringConvertible {
    let bytes: Int64

    init(_ bytes: Int64) { self.bytes = bytes }

    var description: String {
        let (units, steps) = (
            ["B", "kB", "MB", "GB", "TB"], [1, 1_000, 1_000_000, 1_000_000_000, 1_000_000_000_000]
        )
        let index = steps.lastIndex { bytes >= Int64($0) } ?? 0
        let unit = Int64(steps[index])
        // Divided first, because a file's size may be any number.
        let tenths = bytes % unit * 10 / unit
        return index == 0 ? "\(bytes) B" : "\(bytes / unit).\(tenths) \(units[index])"
    }
}
