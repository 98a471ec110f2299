/// One mistake in a document: what is wrong, where, and what would be right.
public struct Problem: Hashable, Sendable, Error, CustomStringConvertible {
    public let place: Place
    public let message: String

    public init(_ place: Place, _ message: String) {
        self.place = place
        self.message = message
    }

    public var description: String { "\(place): \(message)" }
}

/// What is wrong with a document: the first hundred mistakes, and how many more there are. A text that is
/// nothing but mistakes costs no more than another.
public struct ProblemList: RandomAccessCollection, Hashable, Sendable {
    /// The most that are kept.
    public static let most = 100

    private var kept: [Problem] = []
    /// How many more there are.
    public private(set) var leftOut = 0

    public init() {}

    public init(_ problems: some Sequence<Problem>) {
        for problem in problems { append(problem) }
    }

    /// Of those that are kept.
    public var startIndex: Int { kept.startIndex }
    /// Of those that are kept.
    public var endIndex: Int { kept.endIndex }
    /// One that is kept.
    public subscript(index: Int) -> Problem { kept[index] }

    /// All of them, kept or not.
    public var total: Int { kept.count + leftOut }
    /// Whether the next one is kept.
    public var hasRoom: Bool { kept.count < Self.most }

    /// Adds a problem. It is worded only when it is kept.
    public mutating func append(_ problem: @autoclosure () -> Problem) {
        if hasRoom { kept.append(problem()) } else { leftOut += 1 }
    }

    /// Counts problems that nobody words.
    public mutating func leaveOut(_ count: Int) { leftOut += count }

    /// Adds what is wrong elsewhere in the document.
    public static func += (list: inout ProblemList, others: ProblemList) {
        for problem in others.kept { list.append(problem) }
        list.leftOut += others.leftOut
    }

    /// Adds what is wrong elsewhere in the document.
    public static func += (list: inout ProblemList, others: some Sequence<Problem>) {
        for problem in others { list.append(problem) }
    }

    /// What is wrong in one part of a document and in another.
    public static func + (left: ProblemList, right: ProblemList) -> ProblemList {
        var list = left
        list += right
        return list
    }

    /// Puts those that are kept into the order of the text, each once.
    public mutating func sort() {
        guard kept.count > 1 else { return }
        var seen: Set<Problem> = []
        kept = kept.filter { seen.insert($0).inserted }
            .map { (problem: $0, position: $0.place.position) }.enumerated()
            .sorted {
                ($0.element.position.line, $0.element.position.column, $0.offset)
                    < ($1.element.position.line, $1.element.position.column, $1.offset)
            }
            .map(\.element.problem)
    }

    /// A line for each, with `about` in front, and one that counts them.
    public func lines(about: String) -> [String] {
        let count = "\(about): \(total) \(total == 1 ? "problem" : "problems")"
        return kept.map { "\(about), \($0)" }
            + [leftOut == 0 ? count : "\(count), of which \(kept.count) are shown"]
    }
}

extension ProblemList: ExpressibleByArrayLiteral {
    public init(arrayLiteral problems: Problem...) { self.init(problems) }
}

extension Sequence {
    /// Everything that is wrong with any of these.
    public func problems(_ find: (Element) -> ProblemList) -> ProblemList {
        reduce(into: ProblemList()) { $0 += find($1) }
    }
}
