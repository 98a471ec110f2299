import Vocabulary

/// Decides when a layout's file is to be looked at again, and whether it says something new then.
///
/// A pure machine. A user who changes a file seldom does it in one step, so a look waits until it has been
/// quiet for a moment, but not without a limit. Beside that the file is looked at in a slow rhythm, because
/// not every file system reports changes. What counts is the content alone: a file that was touched, or
/// replaced by the same, is no news. A file that is missing is a state, not an error.
public struct LayoutWatch: Sendable {
    /// How long it must be quiet.
    public static let quiet = Duration.milliseconds(100)
    /// A file that never comes to rest is looked at all the same, so long after its first change.
    public static let longestWait = Duration.seconds(2)

    /// What a look found.
    public enum Finding: Hashable, Sendable {
        case missing
        /// The file is there and cannot be read, and why.
        case unreadable(String)
        case content([UInt8])
    }

    /// What is new since the last look that had news.
    public enum News: Hashable, Sendable {
        case changed([UInt8])
        /// The file has gone. What it said goes on.
        case missing
        /// The file cannot be read, and why. What it said goes on.
        case unreadable(String)
    }

    private var schedule: Duration
    /// The content that was last reported.
    private var known: [UInt8]
    private var last: Finding
    private var firstNotice: MonotonicInstant?
    private var lastNotice: MonotonicInstant?
    private var nextLook: MonotonicInstant

    /// - Parameters:
    ///   - content: What the file says as far as it is applied.
    ///   - rhythm: How often to look without a notice of a change.
    public init(content: [UInt8], schedule: Duration, at now: MonotonicInstant) {
        (known, last, self.schedule) = (content, .content(content), schedule)
        nextLook = now.advanced(by: schedule)
    }

    /// When the file is to be looked at.
    public var deadline: MonotonicInstant {
        guard let firstNotice, let lastNotice else { return nextLook }
        return min(
            nextLook,
            min(
                lastNotice.advanced(by: Self.quiet), firstNotice.advanced(by: Self.longestWait)))
    }

    /// Something happened to the file, or may have.
    public mutating func noticed(at now: MonotonicInstant) {
        firstNotice = firstNotice ?? now
        lastNotice = now
    }

    /// How often to look from the next look on, without a notice of a change.
    public mutating func look(each schedule: Duration) { self.schedule = schedule }

    /// The file is to be looked at without delay.
    public mutating func demand(at now: MonotonicInstant) { nextLook = now }

    /// The file was looked at.
    /// - Returns: What is new; nil when nothing is.
    public mutating func looked(_ finding: Finding, at now: MonotonicInstant) -> News? {
        (firstNotice, lastNotice) = (nil, nil)
        nextLook = now.advanced(by: schedule)
        guard finding != last else { return nil }
        last = finding
        switch finding {
        case .content(let bytes):
            // A file that comes back as it was is news to nobody who goes on with what it said.
            guard bytes != known else { return nil }
            known = bytes
            return .changed(bytes)
        case .missing: return .missing
        case .unreadable(let why): return .unreadable(why)
        }
    }
}
