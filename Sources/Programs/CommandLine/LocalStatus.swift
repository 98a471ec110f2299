import Documents
import PlainJson
import Vocabulary

/// How a gateway of this machine stands, as it answers over its local control socket. Whatever is not there reads
/// as nil, so that a gateway of another version can be asked.
struct LocalStatus {
    /// Who may command a relay.
    struct Relay {
        let node: String
        let controller: String?
        let overriddenBy: String?
        let overrideUntil: WallTime?
        let queued: String?
    }

    /// How far an upstream is in the journal.
    struct Cursor {
        let name: String
        let backlog: Int64
        let oldest: WallTime?
        let deadLetters: Int64
    }

    /// The journal as a whole.
    struct Journal {
        /// What is on disk, and its size; nil when that cannot be read.
        let stored: (records: Int64, bytes: Int64)?
        /// Records that the disk does not take, and that wait in memory.
        let unwritten: Int64
        let oldest: WallTime?
        let cursors: [Cursor]
    }

    let report: PlainReport
    let version: String?
    let process: Int64?
    let uptime: Int64?
    let layout: String?
    let stateDirectory: String?
    let isSynchronised: Bool
    let disk: (size: Int64, available: Int64)?
    let journal: Journal?
    let nodes: Int
    let relays: [Relay]

    /// - Returns: Nil when `text` is no status.
    init?(_ text: [UInt8]) {
        guard let report = PlainReader().report(in: text),
            let document = JsonParser.document(text, .strict)
        else { return nil }
        self.report = report
        version = document["version"]?.words
        (process, uptime) = (document["process"]?.whole, document["uptime"]?.whole)
        (layout, stateDirectory) = (document["layout"]?.words, document["stateDirectory"]?.words)
        isSynchronised = document["clock"]?["synchronised"]?.flag ?? false
        disk = document["disk"].flatMap { disk in
            disk["size"]?.whole.flatMap { size in
                disk["available"]?.whole.map { (size, $0) }
            }
        }
        journal = document["journal"].flatMap(Journal.init)
        nodes = document["nodes"]?.list?.count ?? 0
        relays = (document["control"]?.list ?? []).compactMap(Relay.init)
    }

    /// Whether nothing is wrong: no active fault, and no link that has failed.
    var isWell: Bool {
        report.faults.isEmpty && report.status.links.allSatisfy { LiveFault($0) == nil }
    }
}

extension LocalStatus.Relay {
    fileprivate init?(_ node: JsonNode) {
        guard let name = node["node"]?.words else { return nil }
        self.init(
            node: name, controller: node["controller"]?.words,
            overriddenBy: node["overriddenBy"]?.words,
            overrideUntil: node["overrideUntil"]?.time, queued: node["queued"]?.words)
    }
}

extension LocalStatus.Journal {
    fileprivate init(_ node: JsonNode) {
        let stored = node["records"]?.whole.flatMap { records in
            node["bytes"]?.whole.map { (records, $0) }
        }
        self.init(
            stored: stored, unwritten: node["unwritten"]?.whole ?? 0, oldest: node["oldest"]?.time,
            cursors: (node["upstreams"]?.list ?? []).compactMap { cursor in
                guard let name = cursor["name"]?.words, let backlog = cursor["backlog"]?.whole
                else { return nil }
                return LocalStatus.Cursor(
                    name: name, backlog: backlog, oldest: cursor["oldest"]?.time,
                    deadLetters: cursor["deadLetters"]?.whole ?? 0)
            })
    }
}

extension JsonNode {
    fileprivate var whole: Int64? { number?.wholeSteps(exponent: 0) }
    fileprivate var words: String? { text?.printable(limit: 200) }
    fileprivate var time: WallTime? { text.flatMap { WallTime(iso8601: $0) } }
}
