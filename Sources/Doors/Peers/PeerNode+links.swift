import Vocabulary

/// How one peer stands, by the name on the list, or by its address without TLS.
public struct PeerLink: Hashable, Sendable {
    public let name: String
    /// Connections on which both have said hello.
    public let connections: Int
    /// Questions that it asked, and answers that it was given.
    public let (questions, answers): (Int, Int)
    /// Messages from it for which nobody waited: answers that came late, and what is no question.
    public let strays: Int
    /// News of its watches that were left out because they were larger than what may be sent.
    public let oversized: Int
    /// Acknowledgements from it that came after their message was given up, or for none of ours.
    public let lateAcknowledgements: Int
    /// Why its last connection broke; nil when it has one, or ended it in good order.
    public let cause: String?

    public init(
        name: String, connections: Int, questions: Int, answers: Int, strays: Int = 0,
        oversized: Int = 0, lateAcknowledgements: Int = 0, cause: String?
    ) {
        (self.name, self.connections, self.cause) = (name, connections, cause)
        (self.questions, self.answers, self.strays) = (questions, answers, strays)
        (self.oversized, self.lateAcknowledgements) = (oversized, lateAcknowledgements)
    }
}

extension PeerNode {
    /// Peers that are remembered after they have gone; beyond, any that is gone is evicted.
    private static let mostKnown = 64

    /// What is kept of one peer from connection to connection.
    struct Acquaintance {
        var (questions, answers, strays) = (0, 0, 0)
        var (oversized, lateAcknowledgements) = (0, 0)
        var cause: String?
    }

    /// Everybody who is or was linked with this node, in the order of their names.
    public var links: [PeerLink] {
        var open: [String: Int] = [:]
        for connection in connections.values where connection.conversation.hello != nil {
            if let name = connection.requester?.name { open[name, default: 0] += 1 }
        }
        let names = Set(open.keys).union(acquaintances.keys).sorted()
        return names.map { name in
            let known = acquaintances[name] ?? Acquaintance()
            let count = open[name] ?? 0
            return PeerLink(
                name: name, connections: count, questions: known.questions,
                answers: known.answers, strays: known.strays, oversized: known.oversized,
                lateAcknowledgements: known.lateAcknowledgements,
                cause: count == 0 ? known.cause : nil)
        }
    }

    /// Changes what is kept of a peer.
    func note(_ requester: PeerRequester, _ change: (inout Acquaintance) -> Void) {
        if acquaintances[requester.name] == nil, acquaintances.count >= Self.mostKnown {
            let open = Set(connections.values.compactMap(\.requester?.name))
            guard let gone = acquaintances.keys.first(where: { !open.contains($0) }) else {
                return
            }
            acquaintances[gone] = nil
        }
        change(&acquaintances[requester.name, default: Acquaintance()])
    }
}
