import Vocabulary

/// How far history has come. Pure.
struct HistoryProgress: Sendable {
    /// The last fact that was taken into the journal.
    private(set) var newest: JournalOffset = 0
    /// Everything up to here is kept.
    private(set) var committed: JournalOffset = 0
    /// Everything up to here may be published; more than is kept while the disk takes nothing.
    private(set) var readable: JournalOffset = 0
    /// When facts came that not all upstreams have acknowledged.
    private(set) var backlogAge = BacklogAge()
    /// How often one source may be recorded.
    var pace = RecordPace()
    /// How often the wall clock was set.
    var clockSets = 0
    /// By how much labels were wrong before the clock was synchronised; nil until that is known.
    var labelsWereOff: Duration?
    /// What upstreams have lost before they were attached.
    var earlyDrops: [UpstreamName: DropReporter] = [:]

    /// - Parameters:
    ///   - offsets: Those of the facts that were taken now; nil while the journal has none to give.
    ///   - cursors: How far each upstream is.
    mutating func took(
        _ offsets: ClosedRange<JournalOffset>?, acknowledged cursors: some Sequence<JournalOffset>,
        at now: MonotonicInstant
    ) {
        newest = max(newest, offsets?.upperBound ?? 0)
        backlogAge.note(through: newest, at: now)
        backlogAge.forget(through: cursors.min() ?? newest)
    }

    mutating func committed(through offset: JournalOffset) {
        committed = max(committed, offset)
        readable(through: committed)
    }

    mutating func readable(through offset: JournalOffset) { readable = max(readable, offset) }
}
