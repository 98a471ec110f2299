/// A place in a JSON document, for messages that a person can follow.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    /// The JSON path: `"nodes[3].component.line"`. Empty for the document itself.
    public let path: String
    /// Counted from 1.
    public let line: Int
    /// Counted from 1, in characters.
    public let column: Int

    public init(path: String, line: Int, column: Int) {
        self.path = path
        self.line = line
        self.column = column
    }

    public var description: String {
        path.isEmpty ? "line \(line)" : "\(path) (line \(line))"
    }

    /// The place of a member or element below this one that the document does not spell out.
    public func below(_ name: String) -> Place {
        Place(path: path.isEmpty ? name : "\(path).\(name)", line: line, column: column)
    }
}

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
