import Vocabulary

/// Keeps one kind of line from one source from flooding the log: of each, the first lines of a minute are
/// written, and then how many more there were.
///
/// Pure. A kind is the place in the program that logs; its source is the node, link or peer that it is about.
package struct LogLimit: Sendable {
    package static let period = Duration.seconds(60)
    /// How many lines of one kind and source are written in each period.
    static let mostLines = 20
    /// Kinds that are distinguished; of more, each is known by its place in the program alone.
    static let mostKinds = 512

    package struct Kind: Hashable, Sendable {
        package let file: String
        package let line: UInt
        package let function: String
        package let source: String
    }

    /// What becomes of a line.
    package enum Verdict: Hashable, Sendable {
        case write
        /// The first that is held back in its period: there is a deadline now.
        case holdFirst
        case hold
    }

    private struct Count: Sendable {
        let ends: MonotonicInstant
        var lines = 0
        var held = 0
        /// Words the line that stands for so many.
        let summary: @Sendable (Int) -> String
    }

    private var counts: [Kind: Count] = [:]

    /// When `takeSummaries` has something to give.
    package var deadline: MonotonicInstant? {
        counts.values.lazy.filter { $0.held > 0 }.map(\.ends).min()
    }

    /// Counts one line.
    ///
    /// - Parameter summary: Words the line that stands in the place of so many that were held back.
    package mutating func take(
        _ kind: Kind, at now: MonotonicInstant, summary: @escaping @Sendable (Int) -> String
    ) -> Verdict {
        if counts[kind] == nil, counts.count >= Self.mostKinds {
            forget(at: now)
            guard counts.count < Self.mostKinds || kind.source.isEmpty else {
                let any = Kind(
                    file: kind.file, line: kind.line, function: kind.function, source: "")
                return take(any, at: now, summary: summary)
            }
        }
        if let count = counts[kind], count.ends <= now, count.held == 0 { counts[kind] = nil }
        var count = counts[kind] ?? Count(ends: now.advanced(by: Self.period), summary: summary)
        if count.lines < Self.mostLines { count.lines += 1 } else { count.held += 1 }
        counts[kind] = count
        return count.held == 0 ? .write : count.held == 1 ? .holdFirst : .hold
    }

    /// The lines for those that were held back in periods that are over.
    ///
    /// - Parameter isLast: Whether all periods end now.
    mutating func takeSummaries(at now: MonotonicInstant, isLast: Bool = false) -> [String] {
        let over = counts.filter { $0.value.held > 0 && (isLast || $0.value.ends <= now) }
        for kind in over.keys { counts[kind] = nil }
        return over.sorted { $0.value.ends < $1.value.ends }.map { $1.summary($1.held) }
    }

    private mutating func forget(at now: MonotonicInstant) {
        counts = counts.filter { $0.value.held > 0 || $0.value.ends > now }
    }
}
