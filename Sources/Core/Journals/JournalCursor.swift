import Vocabulary

/// How a journal stands with one upstream.
struct JournalCursor {
    typealias Count = (_ after: JournalOffset, _ through: JournalOffset) -> Int

    var key: Int64
    var acknowledged: JournalOffset
    var dropped = 0
    var deadLettered = 0
    var isDirty = false
    /// Facts behind `acknowledged` that the upstream does not have: of a journal that came to lie here while
    /// the gateway ran, and numbers lower than it did. The next start begins with them, so that some of what
    /// is behind them is sent twice, and nothing is lost.
    private var leftBehind: ClosedRange<JournalOffset>?

    init(key: Int64, acknowledged: JournalOffset) {
        (self.key, self.acknowledged) = (key, acknowledged)
    }

    /// Up to here nothing needs to be kept for this upstream.
    var kept: JournalOffset { leftBehind.map { $0.lowerBound - 1 } ?? acknowledged }

    mutating func leave(after start: JournalOffset, through end: JournalOffset) {
        if start < end { leftBehind = (start + 1)...end }
    }

    /// How many facts are left behind.
    func left(_ count: Count) -> Int {
        leftBehind.map { count($0.lowerBound - 1, $0.upperBound) } ?? 0
    }

    /// How many facts up to `end` it does not have.
    func waiting(through end: JournalOffset, _ count: Count) -> Int {
        let behind = leftBehind.map { count($0.lowerBound - 1, min($0.upperBound, end)) } ?? 0
        return behind + count(max(acknowledged, leftBehind?.upperBound ?? 0), end)
    }

    /// Facts up to `gone` are not kept any more.
    mutating func forget(through gone: JournalOffset) {
        if let range = leftBehind {
            leftBehind =
                gone < range.upperBound ? max(gone + 1, range.lowerBound)...range.upperBound : nil
        }
        acknowledged = max(acknowledged, gone)
    }
}
