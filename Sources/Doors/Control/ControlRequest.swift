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

    /// What the requester must be allowed to.
    public var right: PeerRight {
        switch self {
        case .question(let question): question.right
        case .watch, .tap: .read
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
        }
    }

    /// Reads what somebody sent.
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
        return ask == "watch" ? .watch : .tap
    }

    /// The members of each request; nil where the direct link has the same.
    private static let keys: [String: Set<String>?] = [
        "read": nil, "status": nil, "set": nil, "watch": .some([]), "tap": .some([]),
    ]
    private static let words = "read, set, status, tap or watch"
}
