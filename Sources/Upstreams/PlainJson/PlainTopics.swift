import Vocabulary

/// The topics of Tidegate's own words for one gateway.
struct PlainTopics: Hashable, Sendable {
    /// `tidegate/GATEWAY`
    let root: String
    /// The first level of all gateways' topics.
    let prefix: String

    init(prefix: String, gateway: GatewayName) {
        (self.prefix, root) = (prefix, "\(prefix)/\(gateway)")
    }

    var status: String { "\(root)/status" }
    var birth: String { "\(root)/birth" }
    var faults: String { "\(root)/faults" }
    var events: String { "\(root)/events" }
    /// Where the controller gives heartbeats between orders.
    var heartbeat: String { "\(root)/heartbeat" }
    var commands: String { "\(root)/set/+" }
    func live(_ channel: DataChannelName) -> String { "\(root)/live/\(channel)" }
    func readings(_ channel: DataChannelName) -> String { "\(root)/readings/\(channel)" }
    func fault(_ node: ShNodeName) -> String { "\(root)/fault/\(node)" }
    func control(_ node: ShNodeName) -> String { "\(root)/control/\(node)" }
    func set(_ node: ShNodeName) -> String { "\(root)/set/\(node)" }
    func answer(_ node: ShNodeName) -> String { "\(root)/answer/\(node)" }

    /// What stands behind `set/`; nil when `topic` is none of ours.
    func target(of topic: String) -> Substring? {
        let start = "\(root)/set/"
        return topic.hasPrefix(start) ? topic.dropFirst(start.count) : nil
    }

    /// What the last levels of `topic` are below `answer/`; nil when it does not lie there.
    func answerPath(of topic: String) -> Substring? {
        let start = "\(root)/answer/"
        return topic.hasPrefix(start) ? topic.dropFirst(start.count) : nil
    }
}
