import Codecs
import Documents
import Health
import Vocabulary

/// What a gateway says of itself and of its links, again and again, as it reads and writes in plain JSON.
public struct PlainStatus: Hashable, Sendable {
    /// The gateway itself.
    public let own: LinkStatus
    /// Its links, in the gateway's order. Each one's `who` is the link's name.
    public let links: [LinkStatus]
    /// Its queues, in the gateway's order.
    public let queues: [QueueStatus]
    /// When it said so; nil in the last will, which the broker says.
    public let at: WallTime?
    /// Whether some of its hardware is simulated; its birth says of which nodes.
    public let isSimulated: Bool

    public init(
        own: LinkStatus, links: [LinkStatus], queues: [QueueStatus] = [], at: WallTime?,
        isSimulated: Bool = false
    ) {
        (self.own, self.links, self.queues, self.at) = (own, links, queues, at)
        self.isSimulated = isSimulated
    }

    /// The cause in the last will, which the broker publishes.
    static let connectionLost = "connection lost"

    /// Links that are read from one status; more than any gateway has.
    static let mostLinks = 1_000

    /// What is in the document.
    var members: [JsonText.Member] {
        var members = [JsonText.Member(name: "state", value: .text(Self.word(for: own.state)))]
        if let cause = own.cause {
            members.append(JsonText.Member(name: "cause", value: .text(cause)))
        }
        members += [
            JsonText.Member(name: "incarnation", value: .text(own.incarnation)),
            JsonText.Member(name: "at", value: at.map { .text($0.iso8601) } ?? .null),
        ]
        if isSimulated {
            members.append(JsonText.Member(name: "simulated", value: .flag(true)))
        }
        members += Self.measures(of: own)
        members.append(
            JsonText.Member(name: "links", value: .list(links.map { .group(Self.members(of: $0)) }))
        )
        if !queues.isEmpty {
            members.append(JsonText.Member(name: "queues", value: .list(queues.map(\.json))))
        }
        return members
    }

    /// The document, as it is published.
    package var text: [UInt8] { JsonText.group(members).bytes }

    private static func members(of link: LinkStatus) -> [JsonText.Member] {
        var members = [
            JsonText.Member(name: "name", value: .text(link.who)),
            JsonText.Member(name: "state", value: .text(link.state.word)),
        ]
        if let cause = link.cause {
            members.append(JsonText.Member(name: "cause", value: .text(cause)))
        }
        return members + measures(of: link) + (link.nodeCounts?.members ?? [])
    }

    /// - Returns: Nil when `document` is no status. Its words are cut, and hold nothing that a terminal obeys;
    ///   what it says beyond is passed over.
    init?(_ document: JsonNode, of gateway: GatewayName) {
        guard let incarnation = document["incarnation"]?.text?.printable(limit: 64),
            let own = Self.read(document, who: gateway.text, incarnation: incarnation)
        else { return nil }
        let links = (document["links"]?.list ?? []).read(atMost: Self.mostLinks) { link in
            link["name"]?.text.flatMap {
                Self.read(link, who: $0.printable(limit: 200), incarnation: incarnation)
            }
        }
        let queues = (document["queues"]?.list ?? []).read(
            atMost: QueueStatus.mostRead, QueueStatus.init)
        self.init(
            own: own, links: links, queues: queues,
            at: document["at"]?.text.flatMap { WallTime(iso8601: $0) },
            isSimulated: document["simulated"]?.flag ?? false)
    }

    /// The words that other programs wait for, where there are any.
    private static func word(for state: LinkStatus.State) -> String {
        switch state {
        case .connecting: "starting"
        case .connected: "online"
        case .closing: "stopping"
        case .closed, .unreachable: "offline"
        default: state.word
        }
    }

    private static func state(_ word: String, cause: String?) -> LinkStatus.State {
        switch word {
        case "starting": .connecting
        case "online": .connected
        case "stopping": .closing
        case "offline": cause == connectionLost ? .unreachable : .closed
        default: LinkStatus.State(word: word)
        }
    }

    private static func measures(of status: LinkStatus) -> [JsonText.Member] {
        guard let counts = status.counts else { return [] }
        return [
            JsonText.Member(name: "sequence", value: .number(Int64(clamping: status.sequence))),
            JsonText.Member(
                name: "interval", value: .number(DecimalNumber(seconds: status.interval))),
        ] + counts.members
    }

    private static func read(
        _ node: JsonNode, who: String, incarnation: String
    ) -> LinkStatus? {
        guard let word = node["state"]?.text?.printable(limit: 64) else { return nil }
        let cause = node["cause"]?.text?.printable(limit: 500)
        let sequence = node["sequence"]?.number?.wholeSteps(exponent: 0) ?? 0
        let interval = node["interval"]?.number?.wholeSteps(exponent: -9)
        let hasCounts = node["received"] != nil || node["sent"] != nil
        return LinkStatus(
            who: who, incarnation: incarnation, sequence: UInt64(max(0, sequence)),
            state: state(word, cause: cause),
            interval: interval.map { .nanoseconds($0) } ?? .seconds(10),
            counts: hasCounts ? LinkCounts(node) : nil, nodeCounts: NodeCounts(anyOf: node),
            cause: cause)
    }
}

extension JsonList {
    /// What the first of these say, without more room than they take.
    func read<Element>(atMost limit: Int, _ read: (JsonNode) -> Element?) -> [Element] {
        var found: [Element] = []
        found.reserveCapacity(prefix(limit).reduce(0) { count, _ in count + 1 })
        for node in prefix(limit) {
            if let element = read(node) { found.append(element) }
        }
        return found
    }
}
