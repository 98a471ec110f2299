import DequeModule
import Vocabulary

/// When facts came, so that each link can show for how long its oldest unsent one has waited. Pure.
///
/// It holds at most `capacity` moments. When it is full, every two become one that has the earlier time.
struct BacklogAge: Sendable {
    static let capacity = 512

    private var moments: Deque<(through: JournalOffset, at: MonotonicInstant)> = []

    /// Everything up to `newest` has come by `now`.
    mutating func note(through newest: JournalOffset, at now: MonotonicInstant) {
        guard newest > moments.last?.through ?? 0 else { return }
        if moments.count >= Self.capacity { thin() }
        moments.append((newest, now))
    }

    /// When the first fact after `cursor` came; nil when there is none. For one that an earlier life has
    /// left behind, the first moment of this life.
    func first(after cursor: JournalOffset) -> MonotonicInstant? {
        moments.first { $0.through > cursor }?.at
    }

    /// Nobody asks about facts up to `cursor` any more.
    mutating func forget(through cursor: JournalOffset) {
        while let first = moments.first, first.through <= cursor { moments.removeFirst() }
    }

    private mutating func thin() {
        var fewer: Deque<(through: JournalOffset, at: MonotonicInstant)> = []
        for (index, moment) in moments.enumerated() {
            if index.isMultiple(of: 2) {
                fewer.append(moment)
            } else {
                fewer[fewer.count - 1].through = moment.through
            }
        }
        moments = fewer
    }
}
