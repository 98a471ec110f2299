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
        var members: [(name: String, value: JsonValue)] = [("id", .text(id.text))]
        switch request {
        case .set(let value): members.append(("value", value.json))
        case .override(let value, let time):
            if let value { members.append(("value", value.json)) }
            members.append(("overrideFor", .text(time.layoutText)))
        case .release: members.append(("release", .flag(true)))
        }
        if let expires { members.append(("expires", .text(expires.iso8601))) }
        if let within { members.append(("timeout", .text(within.layoutText))) }
        return members
    }
}

extension CommandValue {
    fileprivate var json: JsonValue {
        switch self {
        case .flag(let isOn): .text(isOn ? "on" : "off")
        case .number(let number): .number(number)
        }
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

    private static let keys: [String: Set<String>] = [
        "read": ["channel"], "status": [], "watch": [],
        "set": ["node", "value", "id", "expires", "overrideFor", "release", "timeout"],
    ]

    /// Reads what somebody sent.
    /// - Throws: Why it is no question.
    public static func read(_ text: [UInt8]) throws(PeerRefusal) -> PeerQuestion {
        let (document, problems) = JsonParser.parse(text, .strict)
        guard let document, problems.isEmpty else {
            throw PeerRefusal(problems.first?.description ?? "not JSON")
        }
        guard let ask = document["ask"]?.text, let known = keys[ask] else {
            throw PeerRefusal("ask: must be read, set, status or watch")
        }
        for member in document.group ?? []
        where member.name != "ask" && !known.contains(member.name) {
            throw PeerRefusal("\(member.name.prefix(40)): unknown in \(ask)")
        }
        switch ask {
        case "read":
            guard let channel = document["channel"]?.text.flatMap(DataChannelName.init) else {
                throw PeerRefusal("channel: must be a \(DataChannelTag.noun)")
            }
            return .read(channel)
        case "set": return try set(document)
        case "watch": return .watch
        default: return .status
        }
    }

    private static func set(_ document: JsonNode) throws(PeerRefusal) -> PeerQuestion {
        guard let node = document["node"]?.text.flatMap(ShNodeName.init) else {
            throw PeerRefusal("node: must be a \(ShNodeTag.noun)")
        }
        guard let id = document["id"]?.text.flatMap(CommandID.init) else {
            throw PeerRefusal("id: must be a text of 1 to 64 visible ASCII characters")
        }
        let time = document["overrideFor"].map { $0.text.flatMap(Duration.init(layoutText:)) }
        if case .some(.none) = time {
            throw PeerRefusal("overrideFor: must be a time like \"10min\"")
        }
        let request: CommandRequest
        let value = CommandValue(document["value"]?.value)
        switch (value, time.flatMap(\.self), document["release"]) {
        case (nil, nil, let release?) where release.flag == true && document["value"] == nil:
            request = .release
        case (_, _, .some):
            throw PeerRefusal("release: must be true, without value and overrideFor")
        case (nil, _?, nil) where document["value"] != nil, (nil, nil, nil):
            throw PeerRefusal("value: must be on, off, true, false or a number")
        case (let value, let time?, nil): request = .override(value, for: time)
        case (let value?, nil, nil): request = .set(value)
        }
        var expires: WallTime?
        if let text = document["expires"] {
            expires = text.text.flatMap { WallTime(iso8601: $0) }
            guard expires != nil else {
                throw PeerRefusal("expires: must be a time like 2026-11-21T04:22:07Z")
            }
        }
        let within = document["timeout"].map { $0.text.flatMap(Duration.init(layoutText:)) }
        if case .some(.none) = within {
            throw PeerRefusal("timeout: must be a time like \"8s\"")
        }
        return .set(
            node,
            PeerOrder(request, id: id, expires: expires, within: within.flatMap(\.self)))
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
