import Codecs
import Documents
import Vocabulary

extension Counts {
    /// As a status has them: nothing of what only others have.
    package var members: [JsonText.Member] {
        let there = Key.allCases.filter { $0.about.owners == nil || self[ifThere: $0] != nil }
        return there.map { Self.member($0, of: self) }
    }

    /// One by its name, in its unit; null where `counts` do not have it, or not now.
    public static func member(_ count: Key, of counts: Self?) -> JsonText.Member {
        let number = counts?[ifThere: count].map {
            JsonText.number(DecimalNumber(mantissa: $0, exponent: count.about.exponent))
        }
        return JsonText.Member(name: count.key, value: number ?? .null)
    }

    /// - Returns: Nil when `node` has none of them.
    init?(anyOf node: JsonNode) {
        guard Key.allCases.contains(where: { node[$0.key] != nil }) else { return nil }
        self.init(node)
    }

    /// What `node` has of them.
    init(_ node: JsonNode) {
        self.init()
        for count in Key.allCases {
            let number = node[count.key]?.number?.wholeSteps(exponent: count.about.exponent)
            if let number { self[count] = number }
        }
    }
}

extension QueueStatus {
    /// Queues that are read from one status; more than any gateway has.
    static let mostRead = 1_000

    var json: JsonText {
        .group([JsonText.Member(name: "name", value: .text(name))] + counts.members)
    }

    /// - Returns: Nil when `node` names no queue.
    init?(_ node: JsonNode) {
        guard let name = node["name"]?.text?.printable(limit: 200) else { return nil }
        self.init(name: name, counts: QueueCounts(node))
    }
}
