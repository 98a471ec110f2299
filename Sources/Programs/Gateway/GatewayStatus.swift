import Codecs
import Host
import Journals
import Nodes
import PlainJson
import Proactors
import Timing
import Vocabulary

/// How the gateway and its machine stand, for all doors that show it.
final class GatewayStatus: Sendable {
    /// How long the status waits for the disk.
    static let diskTime = Duration.seconds(2)

    let answers: GatewayAnswers
    let state: StateReader
    private let start: MonotonicInstant
    private var clock: any GatewayClock { answers.clock }

    init(answers: GatewayAnswers, state: StateReader) {
        (self.answers, self.state) = (answers, state)
        start = answers.clock.now
    }

    /// How long the gateway runs.
    var uptime: Duration { start.duration(to: clock.now) }

    /// What the status has beside what MQTT and peers receive.
    var members: [(String, JsonText)] {
        get async {
            let profile = answers.proactor.profile
            let now = clock.timestamp
            let documents = answers.documents
            let state = state
            let proactor = answers.proactor
            async let waiting = within(Self.diskTime, on: clock) { await proactor.journalStatus() }
            let found = await within(Self.diskTime, on: clock) { await state.state }
            let controls = profile.nodes.compactMap { node in
                answers.proactor.control(of: node.name).map {
                    documents.text($0, of: node.name, at: now)
                }
            }
            return [
                ("version", .text(Machine.version)),
                ("uptime", .number(uptime.components.seconds)),
                ("clock", .object(["synchronised": .flag(now.isSynchronised)])),
                ("disk", found?.disk.map(Self.text) ?? .null),
                ("journal", Self.text(found?.journal, await waiting ?? [:])),
                ("nodes", .list(profile.nodes.map(Self.text))),
                ("control", .list(controls)),
            ]
        }
    }

    private static func text(_ disk: DiskRoom) -> JsonText {
        .object(["size": .number(disk.size), "available": .number(disk.available)])
    }

    private static func text(_ node: NodeProfile) -> JsonText {
        .object([
            "name": .text(node.name.text), "kind": .text(node.kind.rawValue),
            "title": .text(node.title), "driver": .text(node.driver.text),
            "simulated": .flag(node.isSimulated),
        ])
    }

    /// - Parameters:
    ///   - journal: What is on disk; nil when it cannot be read.
    ///   - waiting: What the journal says itself, which includes what the disk does not take.
    private static func text(
        _ journal: JournalInspector.Overview?, _ waiting: [UpstreamName: JournalStatus]
    ) -> JsonText {
        let cursors = (journal?.cursors ?? []).map { cursor in
            let unwritten = waiting[cursor.upstream]?.unwritten ?? 0
            return JsonText.object([
                "name": .text(cursor.upstream.text),
                "acknowledged": .number(Int64(clamping: cursor.acknowledged)),
                "inFlight": .number(Int64(cursor.inFlight)),
                "backlog": .number(Int64(cursor.waiting + unwritten)),
                "oldest": cursor.oldestWaiting.map { .text($0.iso8601) } ?? .null,
                "deadLetters": .number(Int64(cursor.deadLettered)),
            ])
        }
        let others = waiting.filter { name, _ in
            !(journal?.cursors.contains { $0.upstream == name } ?? false)
        }.sorted { $0.key < $1.key }.map { name, status in
            JsonText.object([
                "name": .text(name.text), "backlog": .number(Int64(status.unwritten)),
                "deadLetters": .number(Int64(status.deadLettered)),
            ])
        }
        return .object([
            "identity": journal.map { .text("\($0.identity)") } ?? .null,
            "records": journal.map { .number(Int64($0.facts)) } ?? .null,
            "bytes": journal.map { .number($0.size.used) } ?? .null,
            "fileBytes": journal.map { .number($0.size.file) } ?? .null,
            "oldest": journal?.oldest.map { .text($0.iso8601) } ?? .null,
            "unwritten": .number(Int64(waiting.values.map(\.unwritten).max() ?? 0)),
            "upstreams": .list(cursors + others),
        ])
    }
}
