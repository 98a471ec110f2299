/// What is counted of one kind of thing, such as a link: one case a count, called on every wire as here,
/// shown in the order of the cases.
///
/// A new count is a case with its line in `about`, and a line where it is counted. Status, `tidegate tap`,
/// log and docs follow.
public protocol Count: RawRepresentable<Int>, CaseIterable, Hashable, Sendable {
    var about: CountDescription { get }
}

extension Count {
    /// What it is called in JSON and logs: `lateAcknowledgements`.
    public var key: String { "\(self)" }
}

/// What a count is, for those who show it.
public struct CountDescription: Hashable, Sendable {
    /// A counter only rises, from the start of what it is of; a gauge is as it is now.
    public enum Kind: String, Hashable, Sendable { case counter, gauge }

    public let kind: Kind
    /// `.count`, or `.second` in whole nanoseconds.
    public let unit: Unit
    /// What it counts, as a phrase.
    public let help: String
    /// Which of the things have it, in the plural; nil when all have.
    public let owners: String?

    /// What happened so often.
    public static func counter(_ help: String, of owners: String? = nil) -> Self {
        Self(kind: .counter, unit: .count, help: help, owners: owners)
    }

    /// What there is now.
    public static func gauge(_ help: String, of owners: String? = nil) -> Self {
        Self(kind: .gauge, unit: .count, help: help, owners: owners)
    }

    /// A gauge in seconds. It has no number while there is nothing to measure.
    public static func age(_ help: String, of owners: String? = nil) -> Self {
        Self(kind: .gauge, unit: .second, help: help, owners: owners)
    }

    /// One step is 10^`exponent` of the unit.
    public var exponent: Int { unit == .second ? -9 : 0 }

    /// Whether everything that it is of has a number of it at any time.
    public var isAlwaysThere: Bool { owners == nil && unit == .count }
}

/// The counts of one thing. Counting is an addition in place: `counts[.sent] += 1`.
public struct Counts<Key: Count>: Hashable, Sendable {
    /// By the place of the case; nil for what this thing does not have, or not now.
    @usableFromInline var steps: [Int64?]

    /// Begins at zero, with what everything of this kind has and what only `owners` have.
    public init(of owners: String? = nil) {
        steps = Key.allCases.map { count in
            let about = count.about
            return about.unit == .count && (about.owners == nil || about.owners == owners) ? 0 : nil
        }
    }

    /// In whole steps; 0 for what this thing does not have.
    @inlinable public subscript(count: Key) -> Int64 {
        get { steps[count.rawValue] ?? 0 }
        set { steps[count.rawValue] = newValue }
    }

    /// In whole steps; nil for what this thing does not have, or not now.
    public subscript(ifThere count: Key) -> Int64? { steps[count.rawValue] }

    /// An age; nil while there is nothing to measure.
    public subscript(age count: Key) -> Duration? {
        get { steps[count.rawValue].map { .nanoseconds($0) } }
        set { steps[count.rawValue] = newValue?.wholeNanoseconds }
    }
}
