import Documents
import Peers
import Vocabulary

/// What may be asked over the local control socket: all that a peer may ask, and what is for this machine only.
public enum ControlRequest: Hashable, Sendable {
    /// A value, or the status.
    case question(PeerQuestion)
    /// Birth, status, faults and live values, again whenever they change, until either side ends it.
    case watch
    /// The status, again and again, until either side ends it.
    case tap
    /// The layout is to be read again.
    case reload
    /// The log's level, which is to be another one for a time unless that is nil.
    case logLevel(String?, for: Duration?)

    /// What the requester must be allowed to.
    public var right: PeerRight {
        switch self {
        case .question(let question): question.right
        case .watch, .tap, .logLevel(nil, _): .read
        case .reload, .logLevel: .switch
        }
    }

    /// The request as it goes over the socket, without the end of line.
    public var text: [UInt8] {
        switch self {
        case .question(let question):
            // A text has no control characters, so that what ends a line is only between its words.
            Array(String(decoding: question.text, as: UTF8.self).jsonLine.utf8)
        case .watch: Array(#"{"ask": "watch"}"#.utf8)
        case .tap: Array(#"{"ask": "tap"}"#.utf8)
        case .reload: Array(#"{"ask": "reload"}"#.utf8)
        case .logLevel(let level, let time):
            Array(
                ([#""ask": "logLevel""#]
                    + [level.map { "\"level\": \($0.jsonQuoted)" }].compactMap(\.self)
                    + [time.map { "\"for\": \($0.layoutText.jsonQuoted)" }].compactMap(\.self))
                    .joined(separator: ", ").braced.utf8)
        }
    }

    /// Reads what a requester sent.
    /// - Throws: Why it is no request.
    public static func read(_ text: [UInt8]) throws(PeerRefusal) -> ControlRequest {
        let (document, problems) = JsonParser.parse(text, .strict)
        guard let document, problems.isEmpty else {
            throw PeerRefusal(problems.first?.description ?? "not JSON")
        }
        guard let ask = document["ask"]?.text, let known = keys[ask] else {
            throw PeerRefusal("ask: must be \(words)")
        }
        // What peers may ask is read as theirs is.
        guard let known else { return .question(try PeerQuestion.read(text)) }
        for member in document.group ?? []
        where member.name != "ask" && !known.contains(member.name) {
            throw PeerRefusal("\(member.name.prefix(40)): unknown in \(ask)")
        }
        switch ask {
        case "watch": return .watch
        case "tap": return .tap
        case "reload": return .reload
        default: return try logLevel(document)
        }
    }

    private static func logLevel(_ document: JsonNode) throws(PeerRefusal) -> ControlRequest {
        let level = document["level"]?.text
        guard document["level"] == nil || level.map({ (1...20).contains($0.utf8.count) }) == true
        else { throw PeerRefusal("level: must be a level such as debug") }
        let time = document["for"].map { $0.text.flatMap(Duration.init(layoutText:)) }
        if case .some(.none) = time { throw PeerRefusal("for: must be a time like \"10min\"") }
        guard time == nil || level != nil else { throw PeerRefusal("for: needs a level") }
        return .logLevel(level, for: time.flatMap(\.self))
    }

    /// The members of each request; nil where the direct link has the same.
    private static let keys: [String: Set<String>?] = [
        "read": nil, "status": nil, "set": nil, "watch": .some([]), "tap": .some([]),
        "reload": .some([]), "logLevel": .some(["level", "for"]),
    ]
    private static let words = "logLevel, read, reload, set, status, tap or watch"
}

extension String {
    fileprivate var braced: String { "{\(self)}" }
}
