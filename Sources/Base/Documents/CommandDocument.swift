import Vocabulary

/// A command as requesters write it: `{"value": "on", "id": "order-17", "expires": "2026-11-30T16:15:38Z"}`.
public struct CommandDocument: Hashable, Sendable {
    public let request: CommandRequest
    public let id: CommandID?
    public let expires: WallTime?

    /// The most that is repeated of what a requester wrote.
    private static let quoted = 40
    private static let memberNames = ["value", "id", "expires", "overrideFor", "release"]

    public init(_ request: CommandRequest, id: CommandID?, expires: WallTime? = nil) {
        (self.request, self.id, self.expires) = (request, id, expires)
    }

    /// Reads a command.
    ///
    /// - Parameter others: Members that the document may have beside, which this does not read.
    /// - Throws: What is wrong with it, in words for the requester.
    public init(_ document: JsonNode, beside others: [String]) throws(CommandRefusal) {
        let known = Self.memberNames + others
        for member in document.group ?? [] where !known.contains(member.name) {
            let name = String(member.name.prefix(Self.quoted))
            let meant = didYouMean(name, among: known)
            throw CommandRefusal(
                "\(name): unknown"
                    + (meant.isEmpty ? "; known are \(known.joined(separator: ", "))" : meant))
        }
        id = document["id"]?.text.flatMap(CommandID.init)
        if id == nil, document["id"] != nil { throw Self.invalidID }
        request = try Self.request(document)
        expires = try Self.expiry(document["expires"])
    }

    /// What is said of an identity that is none.
    public static let invalidID = CommandRefusal(
        "id: must be a text of 1 to 64 visible ASCII characters")

    private static func request(_ document: JsonNode) throws(CommandRefusal) -> CommandRequest {
        let (node, time) = (document["value"], try document.time("overrideFor", like: "10min"))
        if let release = document["release"] {
            guard release.flag == true else { throw CommandRefusal("release: must be true") }
            guard node == nil, time == nil else {
                throw CommandRefusal("release: not together with value or overrideFor")
            }
            return .release
        }
        switch (CommandValue(node?.value), time) {
        case (let value?, nil): return .set(value)
        case (let value, let time?) where value != nil || node == nil:
            return .override(value, for: time)
        default: throw CommandRefusal("value: must be on, off, true, false or a number")
        }
    }

    private static func expiry(_ node: JsonNode?) throws(CommandRefusal) -> WallTime? {
        switch node?.value {
        case nil, .null: return nil
        case .text(let text):
            if let time = WallTime(iso8601: text) { return time }
        case .number(let number):
            if let time = number.wholeSteps(exponent: 0) { return WallTime(nanoseconds: time) }
        default: break
        }
        throw CommandRefusal(
            "expires: must be a time like 2026-11-21T04:22:07Z, or nanoseconds since 1970")
    }

    /// The members of the command, as it is read.
    public var members: [(name: String, value: JsonValue)] {
        var members: [(name: String, value: JsonValue)] = []
        if let id { members.append(("id", .text(id.text))) }
        switch request {
        case .set(let value): members.append(("value", value.json))
        case .override(let value, let time):
            if let value { members.append(("value", value.json)) }
            members.append(("overrideFor", .text(time.layoutText)))
        case .release: members.append(("release", .flag(true)))
        }
        if let expires { members.append(("expires", .text(expires.iso8601))) }
        return members
    }
}

extension JsonNode {
    /// The time that its member of that name says; nil when it has none.
    package func time(_ name: String, like example: String) throws(CommandRefusal) -> Duration? {
        guard let node = self[name] else { return nil }
        if let time = node.text.flatMap(Duration.init(layoutText:)) { return time }
        throw CommandRefusal("\(name): must be a time like \"\(example)\"")
    }
}

extension CommandValue {
    fileprivate init?(_ value: JsonValue?) {
        switch value {
        case .flag(let flag): self = .flag(flag)
        case .number(let number): self = .number(number)
        case .text(let text): self.init(text)
        default: return nil
        }
    }

    fileprivate var json: JsonValue {
        switch self {
        case .flag(let isOn): .text(isOn ? "on" : "off")
        case .number(let number): .number(number)
        }
    }
}
