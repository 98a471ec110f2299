import Host
import Journals
import PlainJson
import Vocabulary
import Web

extension StateReader {
    /// The most facts that are looked at for one answer: a channel of few readings must not have the whole journal
    /// read at once.
    private static let mostLookedAt = 20_000

    /// Which journal it is, and how far it goes; nil while it cannot be read or is empty.
    var extent: JournalExtent? {
        // Its own fault says why it cannot be read.
        guard let (identity, offsets) = try? inspector().extent() else { return nil }
        return JournalExtent(
            identity: "\(identity)", oldest: offsets.lowerBound, newest: offsets.upperBound)
    }

    /// Records of the journal, oldest first.
    func records(
        _ query: RecordQuery, in documents: PlainDocuments
    ) throws(JournalError) -> RecordPage {
        let inspector = try inspector()
        var offset = query.after ?? 0
        if query.after == nil, let from = query.from { offset = try inspector.offset(before: from) }
        var items: [RecordPage.Item] = []
        var looked = 0
        while looked < Self.mostLookedAt, let (entries, last) = try inspector.facts(after: offset) {
            looked += max(entries.count, 1)
            for entry in entries {
                let found = query.wants(entry) ? documents.messages(of: entry, query) : []
                // The readings of a fact stay together: the next answer begins after it.
                guard items.isEmpty || items.count + found.count <= query.limit else {
                    return RecordPage(items: items, next: offset, hasMore: true)
                }
                items += found
                offset = entry.offset
            }
            offset = max(offset, last)
            if let to = query.to, !entries.isEmpty, entries.allSatisfy({ $0.fact.at.wall >= to }) {
                return RecordPage(items: items, next: offset, hasMore: false)
            }
        }
        return RecordPage(items: items, next: offset, hasMore: looked >= Self.mostLookedAt)
    }
}

extension RecordQuery {
    fileprivate func wants(_ entry: Entry) -> Bool {
        let time = entry.fact.at.wall
        if let from, time < from { return false }
        if let to, time >= to { return false }
        return switch entry.fact.matter {
        case .readings(let readings):
            kinds.contains(.reading)
                && (channel == nil || readings.contains { $0.channel.text == channel })
        case .fault: channel == nil && kinds.contains(.fault)
        case .event: channel == nil && kinds.contains(.event)
        }
    }
}

extension PlainDocuments {
    fileprivate func messages(of entry: Entry, _ query: RecordQuery) -> [RecordPage.Item] {
        let topic = query.channel.map { "readings/\($0)" }
        return messages(of: entry).filter { topic == nil || $0.topic == topic }
            .map { RecordPage.Item(topic: $0.topic, message: $0.message) }
    }
}
