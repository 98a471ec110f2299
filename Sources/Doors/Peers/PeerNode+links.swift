import Health
import Vocabulary

/// How one peer stands, by the name on the list, or by its address without TLS.
public struct PeerLink: Hashable, Sendable {
    public let name: String
    /// Connections on which both have said hello.
    public let connections: Int
    /// Received are its questions, sent are the answers to them.
    public let counts: LinkCounts
    /// Why its last connection broke; nil when it has one, or ended it in good order.
    public let cause: String?

    public init(name: String, connections: Int, counts: LinkCounts, cause: String?) {
        (self.name, self.connections) = (name, connections)
        (self.counts, self.cause) = (counts, cause)
    }
}

extension PeerNode {
    /// Peers that are remembered after they have gone; beyond, any that is gone is evicted.
    private static let mostKnown = 64

    /// What is kept of one peer from connection to connection.
    struct Acquaintance {
        var counts = LinkCounts(of: LinkCount.ofPeers)
        var cause: String?
    }

    /// All peers that are or were linked with this node, in the order of their names.
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
                name: name, connections: count, counts: known.counts,
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
