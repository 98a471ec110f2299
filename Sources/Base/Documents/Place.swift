/// A place in a JSON document, for messages that a person can follow.
///
/// Of a document that was read it costs nothing until its path, line or column is asked for; each of these
/// is then sought in the text.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    private enum Where: Sendable {
        case read(JsonDocument, mark: Int)
        case made(path: String, line: Int, column: Int)
    }

    private let spot: Where
    /// What the document does not spell out below the spot.
    private var rest: String?

    public init(path: String, line: Int, column: Int) {
        spot = .made(path: path, line: line, column: column)
    }

    init(_ document: JsonDocument, mark: Int) { spot = .read(document, mark: mark) }

    /// The JSON path: `"nodes[3].component.line"`. Empty for the document itself. Names in it are cut
    /// when they are long, and without what a terminal obeys.
    public var path: String {
        let path =
            switch spot {
            case .read(let document, let mark): document.path(to: mark)
            case .made(let path, _, _): path
            }
        guard let rest else { return path }
        return path.isEmpty ? rest : "\(path).\(rest)"
    }

    /// Counted from 1.
    public var line: Int { position.line }
    /// Counted from 1, in characters.
    public var column: Int { position.column }

    /// Line and column together, which is less work than one after the other.
    public var position: (line: Int, column: Int) {
        switch spot {
        case .read(let document, let mark):
            JsonDocument.position(of: Int(document.marks[mark].start), in: document.bytes)
        case .made(_, let line, let column): (line, column)
        }
    }

    public var description: String {
        let path = path
        return path.isEmpty ? "line \(line)" : "\(path) (line \(line))"
    }

    /// The place of a member or element below this one that the document does not spell out.
    public func below(_ name: String) -> Place {
        var place = self
        place.rest = rest.map { "\($0).\(name)" } ?? name
        return place
    }

    public static func == (left: Place, right: Place) -> Bool {
        if case .read(let one, let mark) = left.spot, case .read(let two, mark) = right.spot,
            one === two
        {
            return left.rest == right.rest
        }
        return left.position == right.position && left.path == right.path
    }

    public func hash(into hasher: inout Hasher) {
        let position = position
        hasher.combine(position.line)
        hasher.combine(position.column)
    }
}
