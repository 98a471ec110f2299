import Vocabulary

/// Where the REST routes take what they answer, all of it ready at any time. The gateway does, and tests do.
public protocol WebService: Sendable {
    /// Who this is, as one JSON object: gateway, incarnation, version.
    var about: [UInt8] { get async }
    /// How the gateway, its links and its machine stand, as one JSON object.
    var status: [UInt8] { get async }
    /// All nodes, as one JSON object.
    var nodes: [UInt8] { get async }
    /// The newest values of all channels, as one JSON object.
    var channels: [UInt8] { get async }
    /// The active faults, as one JSON object.
    var faults: [UInt8] { get async }

    /// One node as `nodes` has it.
    func node(_ name: String) async throws(WebProblem) -> [UInt8]
    /// The newest value of one channel as `channels` has it.
    func channel(_ name: String) async throws(WebProblem) -> [UInt8]
    /// What is measured and counted, for Prometheus.
    var metrics: [MetricFamily] { get async }
    /// Which journal there is, and how far it goes; nil while it cannot be read.
    var journal: JournalExtent? { get async }
    /// Sends messages as things change, until the requester is gone or the gateway stops: birth, status, faults, live
    /// values. `send` comes back when there is room for more, false when the requester is gone.
    func follow(
        _ name: String, _ send: @escaping @Sendable ([RecordPage.Item]) async -> Bool
    ) async

    /// Carries out an order, and answers what became of it, as one JSON object beside.
    func carryOut(
        _ order: WebOrder, to node: String, from requester: WebRequester
    ) async -> (CommandOutcome.Kind, [UInt8])
    /// Records of the journal, oldest first.
    func records(_ query: RecordQuery) async throws(WebProblem) -> RecordPage
}

/// Which records of the journal are wanted.
public struct RecordQuery: Hashable, Sendable {
    /// What a record says.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case reading, fault, event
    }

    /// Only readings of this channel; nil for records of any kind.
    public var channel: String?
    public var kinds: Set<Kind>
    /// The offset after which to go on; nil for the first record, or the first of `from`.
    public var after: UInt64?
    /// Half open: from `from` on, and before `to`.
    public var from: WallTime?
    public var to: WallTime?
    public var limit: Int

    /// How many records an answer has.
    static let limits = (usual: 100, most: 1_000)

    public init(
        channel: String? = nil, kinds: Set<Kind> = Set(Kind.allCases), after: UInt64? = nil,
        from: WallTime? = nil, to: WallTime? = nil, limit: Int = 100
    ) {
        (self.channel, self.kinds, self.after) = (channel, kinds, after)
        (self.from, self.to, self.limit) = (from, to, limit)
    }

    /// - Throws: When the query says something else, or says it in another form.
    init(_ target: WebTarget, channel: String? = nil) throws(WebProblem) {
        try target.check(
            ["after", "from", "to", "limit"] + (channel == nil ? ["kind"] : []))
        self.init(
            channel: channel, kinds: channel == nil ? try Self.kinds(target["kind"]) : [.reading],
            from: try Self.time("from", target), to: try Self.time("to", target))
        if let text = target["after"] {
            guard let offset = UInt64(text), offset <= UInt64(Int64.max) else {
                throw .query("after: must be the next of an answer")
            }
            after = offset
        }
        if let text = target["limit"] {
            guard let number = Int(text), (1...Self.limits.most).contains(number) else {
                throw .query("limit: must be a whole number from 1 to \(Self.limits.most)")
            }
            limit = number
        }
    }

    private static func kinds(_ text: String?) throws(WebProblem) -> Set<Kind> {
        guard let text else { return Set(Kind.allCases) }
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let kinds = words.compactMap { Kind(rawValue: String($0)) }
        guard kinds.count == words.count else {
            throw .query("kind: must be reading, fault or event, or several with commas")
        }
        return Set(kinds)
    }

    private static func time(_ name: String, _ target: WebTarget) throws(WebProblem) -> WallTime? {
        guard let text = target[name] else { return nil }
        if let time = WallTime(iso8601: text) { return time }
        // As JavaScript and Grafana write times.
        if let number = Int64(text), (0...9_000_000_000_000).contains(number) {
            return WallTime(nanoseconds: number * 1_000_000)
        }
        throw .query(
            "\(name): must be a time like 2026-11-21T04:22:07Z, or milliseconds since 1970")
    }
}

/// Some records, and where to go on.
public struct RecordPage: Hashable, Sendable {
    /// One record as its message: the topic below the gateway's own, and the JSON of the message.
    public struct Item: Hashable, Sendable {
        public let topic: String
        public let message: [UInt8]

        public init(topic: String, message: [UInt8]) {
            (self.topic, self.message) = (topic, message)
        }
    }

    public let items: [Item]
    /// The offset after which to go on, also when there is no more yet.
    public let next: UInt64
    /// Whether the journal has more now.
    public let hasMore: Bool

    public init(items: [Item], next: UInt64, hasMore: Bool) {
        (self.items, self.next, self.hasMore) = (items, next, hasMore)
    }
}
