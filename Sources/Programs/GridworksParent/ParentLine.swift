import Codecs
import Health
import Vocabulary

/// What a parent has to say to people and programs.
public enum ParentLine: Hashable, Sendable {
    /// The connection to the broker came or went, and why.
    case broker(isConnected: Bool, String)
    /// How the link to a child stands now.
    case link(GatewayName, LinkStatus.State, String)
    /// An event of a child is on disk; `isNew` is false when it was there already.
    case event(GatewayName, GridworksEvent, isNew: Bool)
    /// What a child's channel shows now.
    case reading(GatewayName, GridworksReading)
    case state(GatewayName, GridworksState)
    /// All metered power of a child, in watts.
    case power(GatewayName, Int64)
    /// What of a child can be switched.
    case layout(GatewayName, [GridworksRelayOffer])
    /// An order went out, under this identity.
    case sent(GatewayName, identity: String, String)
    /// What came of an order.
    case answer(GatewayName?, identity: String, Outcome, String)
    /// Something is wrong that a person should look at; nil when no child is at fault.
    case problem(GatewayName?, String)

    /// What came of an order.
    public enum Outcome: String, Hashable, Sendable {
        /// The child reports that it was carried out.
        case confirmed
        /// The child took it and said nothing more.
        case taken
        /// It was not sent, or the child would not carry it out.
        case refused
        /// It is not known whether it was carried out.
        case timedOut
    }

    /// One JSON object in one line.
    public func json(at now: WallTime) -> [UInt8] {
        switch self {
        case .broker(let isConnected, let why):
            object("broker", nil, now, [("connected", .flag(isConnected)), ("detail", .text(why))])
        case .link(let child, let state, let why):
            object("link", child, now, [("state", .text(state.word)), ("detail", .text(why))])
        case .event(let child, let event, let isNew): event.line(of: child, at: now, isNew: isNew)
        case .reading(let child, let reading):
            object(
                "reading", child, now,
                [
                    ("channel", .text(reading.channel)), ("value", .number(reading.value)),
                    ("time", .text(reading.at.iso8601)),
                ] + (reading.isSimulated ? [("simulated", .flag(true))] : []))
        case .state(let child, let state):
            object(
                "state", child, now,
                [
                    ("handle", .text(state.handle)), ("state", .text(state.state)),
                    ("time", .text(state.at.iso8601)),
                ])
        case .power(let child, let watts): object("power", child, now, [("watts", .number(watts))])
        case .layout(let child, let offers):
            object("layout", child, now, [("relays", .list(offers.map(Self.relay)))])
        case .sent(let child, let identity, let what):
            object("sent", child, now, [("id", .text(identity)), ("order", .text(what))])
        case .answer(let child, let identity, let outcome, let words):
            object(
                "answer", child, now,
                [
                    ("id", .text(identity)), ("outcome", .text(outcome.rawValue)),
                    ("detail", .text(words)),
                ])
        case .problem(let child, let words):
            object("problem", child, now, [("detail", .text(words))])
        }
    }

    /// For people; nil for what the table shows by itself.
    public var words: String? {
        switch self {
        case .broker(let isConnected, let why):
            isConnected ? "broker: connected" : "broker: not connected: \(why)"
        case .link(let child, let state, let why):
            "\(child): \(state.word)" + (why.isEmpty ? "" : ": \(why)")
        case .event(_, _, isNew: false), .reading, .state, .power: nil
        case .event(let child, let event, _):
            "\(child): \(event.type)" + (event.words.isEmpty ? "" : ": \(event.words)")
        case .layout(let child, let offers):
            "\(child): relays "
                + offers.map {
                    "\($0.node) (\($0.words.deEnergizingEvent), \($0.words.energizingEvent))"
                }.joined(separator: ", ")
        case .sent(let child, let identity, let what): "\(child): \(what), \(identity)"
        case .answer(let child, let identity, let outcome, let words):
            "\(child.map { "\($0): " } ?? "")\(outcome.rawValue): \(words), \(identity)"
        case .problem(let child, let words):
            "\(child.map { "\($0): " } ?? "")\(words)"
        }
    }

    private static func relay(_ offer: GridworksRelayOffer) -> JsonText {
        .object([
            "node": .text(offer.node), "channel": .text(offer.channel),
            "handle": .text(offer.handle), "off": .text(offer.words.deEnergizingEvent),
            "on": .text(offer.words.energizingEvent),
        ])
    }

    private func object(
        _ kind: String, _ child: GatewayName?, _ now: WallTime,
        _ members: [(String, JsonText)]
    ) -> [UInt8] {
        var all = [("kind", JsonText.text(kind)), ("at", .text(now.iso8601))]
        if let child { all.append(("child", .text(child.text))) }
        return JsonText.members(all + members).bytes
    }
}

extension GridworksEvent {
    /// The event as one line of JSON, its own payload in it as it came but for what a terminal obeys.
    func line(of child: GatewayName, at now: WallTime, isNew: Bool? = nil) -> [UInt8] {
        var members: [(String, JsonText)] = [
            ("kind", .text("event")), ("at", .text(now.iso8601)), ("child", .text(child.text)),
            ("id", .text(identity)), ("type", .text(type)), ("source", .text(source)),
            ("time", .text(self.at.iso8601)),
        ]
        if let isNew { members.append(("new", .flag(isNew))) }
        var line = JsonText.members(members).bytes
        line.removeLast()
        line += #","payload":"#.utf8
        line += String(decoding: payload, as: UTF8.self).jsonLine.utf8
        return line + [UInt8(ascii: "}")]
    }
}
