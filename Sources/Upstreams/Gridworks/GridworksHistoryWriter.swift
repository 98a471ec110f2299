import Codecs
import Mqtt
import Vocabulary

/// Turns the journal's entries into GridWorks events, and gathers readings into reports.
///
/// A report ends with its period, with anything else that is reported, when it is full, or before it grows beyond
/// what the broker takes, so that what is reported never overtakes what was read before, and each batch stands
/// for a stretch of its own.
struct GridworksHistoryWriter: HistoryWriter {
    let codec: GridworksCodec
    let journal: JournalIdentity
    private var report: GridworksReport?
    /// What a report without readings takes on the wire, at most.
    private let emptyReport: Int

    init(codec: GridworksCodec, journal: JournalIdentity) {
        (self.codec, self.journal) = (codec, journal)
        // The last years that GridWorks knows have the longest numbers.
        let late = GridworksTime.wall(GridworksTime.range.upperBound)
        let longest = Self.message(
            of: GridworksReport(at: 1, late), GridworksReport.Slot(of: late, seconds: 86_400),
            identity: GridworksIdentity.of(1...1, in: journal), created: late, codec)
        emptyReport = longest.packetSize
    }

    private static func message(
        of report: GridworksReport, _ slot: GridworksReport.Slot, identity: String,
        created: WallTime, _ codec: GridworksCodec
    ) -> MqttMessage {
        codec.event(
            "report.event", identity,
            report.payload(
                identity: identity, slot: slot, created: created, from: codec.gateway,
                codec.settings, relays: codec.relaysByChannel))
    }

    mutating func write(_ entry: Entry, within limit: Int) -> [HistoryBatch] {
        let (offset, at) = (entry.offset, entry.fact.at.wall)
        switch entry.fact.matter {
        case .readings(let readings):
            guard readings.contains(where: { $0.quality == .good }) else { return skip(offset) }
            var batches: [HistoryBatch] = []
            if let report, report.size(with: readings, codec) + emptyReport > limit {
                batches = close(created: report.last)
            }
            var gathered = report ?? GridworksReport(at: offset, at)
            gathered.add(readings, at: at, offset, codec)
            report = gathered
            let isFull = gathered.count >= GridworksReport.mostReadings
            return batches + (isFull ? close(created: at) : [])
        case .event(let event) where event.kind == .periodEnded:
            guard event.link == codec.upstream else { return skip(offset) }
            guard report != nil else { return skip(offset) }
            report?.extend(to: offset)
            let seconds = max(1, (event.number ?? 0) / 1_000_000_000)
            return close(created: at, slot: GridworksReport.Slot(before: at, seconds: seconds))
        case .event(let event):
            return close(created: at) + [batch(offset, codec.event(event, at: at))]
        case .fault(let fault):
            let body = codec.event(fault, of: entry.fact.node, at: at)
            return close(created: at) + [batch(offset, body)]
        }
    }

    mutating func finish() -> [HistoryBatch] {
        guard let report else { return [] }
        return close(created: report.last)
    }

    /// An entry with nothing to say upstream.
    private mutating func skip(_ offset: JournalOffset) -> [HistoryBatch] {
        guard report != nil else {
            return [HistoryBatch(covers: offset...offset, messages: [])]
        }
        report?.extend(to: offset)
        return []
    }

    private mutating func close(created: WallTime, slot: GridworksReport.Slot? = nil)
        -> [HistoryBatch]
    {
        guard let report else { return [] }
        self.report = nil
        // A fact that was held may be older than readings that came before it.
        let created = max(created, report.last)
        let identity = GridworksIdentity.of(report.covers, in: journal)
        let usual = codec.settings.reportPeriod.wholeNanoseconds / 1_000_000_000
        let slot = slot ?? GridworksReport.Slot(of: report.first, seconds: max(1, usual))
        return [
            HistoryBatch(
                covers: report.covers, identity: identity,
                messages: [
                    Self.message(of: report, slot, identity: identity, created: created, codec)
                ])
        ]
    }

    private func batch(_ offset: JournalOffset, _ body: GridworksEventBody) -> HistoryBatch {
        let identity = GridworksIdentity.of(offset...offset, in: journal)
        return HistoryBatch(
            covers: offset...offset, identity: identity,
            messages: [
                codec.event(body.type, identity, body.payload(identity, codec.gateway))
            ])
    }
}
