import Health
import PlainJson
import Vocabulary

/// How a gateway stands, for people: its links, the newest values and what is wrong.
struct StatusText {
    /// How far an upstream lags in the journal.
    struct Backlog {
        let records: Int64
        let deadLetters: Int64
        /// The age of the oldest record of the backlog; nil without one.
        let lag: String?
    }

    let report: PlainReport
    /// By the links' names, where the journal can be asked.
    var backlogs: [String: Backlog]?

    func lines(in window: LiveTable.Window, at now: Timestamp) -> [String] {
        var table = LiveTable(title: "gateway \(report.gateway)")
        for reading in report.readings {
            table.show(LiveRow(reading, of: report.gateway, json: ""))
        }
        // What has failed stands among the links with its reason.
        table.take(report.faults, of: report.gateway.text)
        _ = table.take(
            PlainStatus(own: report.status.own, links: [], at: report.status.at),
            of: report.gateway.text, at: now.monotonic)
        var window = window
        // All of it, however low the window is.
        window.height = Int.max / 2
        var lines = table.page(in: window, at: now).lines
        lines.insert(contentsOf: links, at: 1)
        return lines
    }

    private var links: [String] {
        // Drivers are shown by their nodes' values and faults.
        let links = report.status.links.filter { !$0.who.hasPrefix("driver ") }
        guard !links.isEmpty else { return [] }
        let columns = LinkCount.allCases.filter(\.about.isAlwaysThere)
        let lags = backlogs == nil ? [] : ["BACKLOG", "LAG", "DEAD LETTERS"]
        var table = Table(
            ["LINK", "STATE"] + lags + columns.map { $0.key.uppercased() } + ["CAUSE"])
        for link in links {
            let counts = link.counts ?? LinkCounts()
            let delay = backlogs.map { lag(of: $0[link.who], counts) } ?? []
            table.add(
                [link.who.printable(limit: 100), link.state.word.printable(limit: 40)] + delay
                    + columns.map { "\(counts[$0])" } + [(link.cause ?? "").printable(limit: 500)])
        }
        return table.lines + [""]
    }

    private func lag(of backlog: Backlog?, _ counts: LinkCounts) -> [String] {
        guard let backlog else { return ["-", "-", "-"] }
        // Of records that wait in memory the link alone knows the age.
        let unsent = backlog.records > 0 ? counts[age: .oldestUnsent] : nil
        let lag = backlog.lag ?? unsent.map { LiveTable.age(seconds: $0.components.seconds) }
        return ["\(backlog.records)", lag ?? "-", "\(backlog.deadLetters)"]
    }
}
