import Vocabulary

/// How far history has come. Pure.
struct HistoryProgress: Sendable {
    /// The last fact that was taken into the journal.
    private(set) var newest: Sequence64 = 0
    /// Everything up to here is kept.
    private(set) var committed: Sequence64 = 0
    /// Everything up to here may be published; more than is kept while the disk takes nothing.
    private(set) var readable: Sequence64 = 0
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
    ///   - places: Those of the facts that were taken now; nil while the journal has none to give.
    ///   - cursors: How far each upstream is.
    mutating func took(
        _ places: ClosedRange<Sequence64>?, acknowledged cursors: some Sequence<Sequence64>,
        at now: MonotonicInstant
    ) {
        newest = max(newest, places?.upperBound ?? 0)
        backlogAge.note(through: newest, at: now)
        backlogAge.forget(through: cursors.min() ?? newest)
    }

    mutating func committed(through sequence: Sequence64) {
        committed = max(committed, sequence)
        readable(through: committed)
    }

    mutating func readable(through sequence: Sequence64) { readable = max(readable, sequence) }
}
