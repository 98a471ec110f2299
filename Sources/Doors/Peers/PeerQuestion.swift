import Documents
import NIOCore
import Vocabulary

/// What a peer may ask.
public enum PeerQuestion: Hashable, Sendable {
    /// The newest value of one channel.
    case read(DataChannelName)
    /// Who the gateway is and everything it knows right now.
    case status
    case set(ShNodeName, PeerOrder)
    /// Every newest value from now on, until either side ends it.
    case watch

    /// What the requester must be allowed to.
    public var right: PeerRight {
        if case .set = self { .switch } else { .read }
    }
}

/// What a node is to be set to, as the requester words it.
public struct PeerOrder: Hashable, Sendable {
    public let request: CommandRequest
    /// Chosen by the requester; the same in every log that the command passes through.
    public let id: CommandID
    public let expires: WallTime?
    /// How long after its arrival the order may still be carried out, by the receiver's monotonic clock,
    /// so that two clocks need not agree. Nil when it may take its time.
    public let within: Duration?

    public init(
        _ request: CommandRequest, id: CommandID, expires: WallTime? = nil, within: Duration? = nil
    ) {
        (self.request, self.id, self.expires, self.within) = (request, id, expires, within)
    }

    /// Everything but the node.
    fileprivate var members: [(name: String, value: JsonValue)] {
        let timeout = within.map { (name: "timeout", value: JsonValue.text($0.layoutText)) }
        return CommandDocument(request, id: id, expires: expires).members
            + [timeout].compactMap(\.self)
    }
}

/// Who asks.
public struct PeerRequester: Hashable, Sendable, CustomStringConvertible {
    /// The name on the list; the address of who comes without TLS.
    public let name: String
    public let rights: Set<PeerRight>

    public init(name: String, rights: Set<PeerRight>) {
        (self.name, self.rights) = (name, rights)
    }

    public var description: String { "peer \(name)" }
}

/// Answers what peers ask. The gateway does, and tests do.
public protocol PeerService: Sendable {
    /// The answer to a question other than `watch`, as JSON in UTF-8. The requester has the right to ask.
    /// It keeps one of its connection's slots for as long as this takes.
    func answer(_ question: PeerQuestion, from requester: PeerRequester) async -> [UInt8]

    /// Values for one peer that watches.
    func watch(from requester: PeerRequester) async -> PeerEvent
}

/// What one watching peer is sent. Asked for the next only when the last has gone out, so that a slow
/// peer makes nothing pile up.
public struct PeerEvent: Sendable {
    /// Waits for what is new: JSON texts, or nil when there will be no more.
    public let next: @Sendable () async -> [[UInt8]]?

    public init(next: @escaping @Sendable () async -> [[UInt8]]?) { self.next = next }
}

/// The two header bytes in front of our own words: what it is, and in which version.
struct PeerHeader: Hashable, Sendable {
    enum Kind: UInt8 {
        case question = 1
        case answer = 2
        case news = 3
        case end = 4
    }
    static let version: UInt8 = 1
    static let headerSize = 2

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    /// - Returns: Nil when the header is not ours.
    init?(_ header: ByteBuffer) {
        var header = header
        guard header.readableBytes == Self.headerSize,
            let (kind, version) = header.readMultipleIntegers(as: (UInt8, UInt8).self),
            version == Self.version, let kind = Kind(rawValue: kind)
        else { return nil }
        self.kind = kind
    }

    var header: ByteBuffer { ByteBuffer(bytes: [kind.rawValue, Self.version]) }

    /// A message with this word.
    func message(_ identity: ChirpIdentity, _ text: [UInt8] = []) -> PeerMessage {
        PeerMessage(identity: identity, header: header, data: ByteBuffer(bytes: text))
    }
}

extension PeerMessage {
    /// The message, or a refusal with the same identity when it is an answer of more than `limit` bytes.
    func refusedBeyond(_ limit: Int) -> PeerMessage {
        guard size > limit, PeerHeader(header)?.kind == .answer else { return self }
        let refusal = PeerRefusal("the answer has \(size) bytes; the limit is \(limit)")
        return PeerHeader(.answer).message(identity, refusal.text)
    }
}

// MARK: - As JSON

extension PeerQuestion {
    /// The question as it goes over the wire.
    public var text: [UInt8] {
        var members: [(name: String, value: JsonValue)]
        switch self {
        case .read(let channel):
            members = [("ask", .text("read")), ("channel", .text(channel.text))]
        case .status: members = [("ask", .text("status"))]
        case .watch: members = [("ask", .text("watch"))]
        case .set(let node, let order):
            members = [("ask", .text("set")), ("node", .text(node.text))] + order.members
        }
        return Array(JsonValue.object(members).prettyText.utf8)
    }

    /// Reads what a requester sent.
    /// - Throws: Why it is no question.
    public static func read(_ text: [UInt8]) throws(PeerRefusal) -> PeerQuestion {
        let (document, problems) = JsonParser.parse(text, .strict)
        guard let document, problems.isEmpty else {
            throw PeerRefusal(problems.first?.description ?? "not JSON")
        }
        let ask = document["ask"]?.text
        guard let ask, ["read", "set", "status", "watch"].contains(ask) else {
            throw PeerRefusal("ask: must be read, set, status or watch")
        }
        if ask == "set" { return try set(document) }
        for member in document.group ?? []
        where member.name != "ask" && !(ask == "read" && member.name == "channel") {
            throw PeerRefusal("\(member.name.prefix(40)): unknown in \(ask)")
        }
        switch ask {
        case "read":
            guard let channel = document["channel"]?.text.flatMap(DataChannelName.init) else {
                throw PeerRefusal("channel: must be a \(DataChannelTag.noun)")
            }
            return .read(channel)
        case "watch": return .watch
        default: return .status
        }
    }

    private static func set(_ document: JsonNode) throws(PeerRefusal) -> PeerQuestion {
        guard let node = document["node"]?.text.flatMap(ShNodeName.init) else {
            throw PeerRefusal("node: must be a \(ShNodeTag.noun)")
        }
        do throws(CommandRefusal) {
            let command = try CommandDocument(document, beside: ["ask", "node", "timeout"])
            guard let id = command.id else { throw CommandDocument.invalidID }
            return .set(
                node,
                PeerOrder(
                    command.request, id: id, expires: command.expires,
                    within: try document.time("timeout", like: "8s")))
        } catch {
            throw PeerRefusal(error.why)
        }
    }
}

/// Why a question was not answered.
public struct PeerRefusal: Error, Hashable, Sendable {
    public let why: String

    public init(_ why: String) { self.why = why }

    /// `{"refused": …}`, which is what the requester gets.
    public var text: [UInt8] {
        Array(JsonValue.object([("refused", .text(why))]).prettyText.utf8)
    }
}
