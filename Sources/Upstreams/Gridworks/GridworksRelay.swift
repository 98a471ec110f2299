import Vocabulary

/// An actuator as GridWorks sees it: a relay with words for its two states, or an output with a number.
struct GridworksRelay: Hashable, Sendable {
    let node: ShNodeName
    let title: String
    let channel: DataChannel
    /// Nil when it takes a number: `analog.dispatch` commands it then.
    let words: GridworksRelayWords?

    /// - Returns: Nil when the node takes no commands.
    init?(_ node: NodeProfile, _ settings: GridworksSettings) {
        // An actuator has exactly one channel.
        guard node.kind == .relay, let channel = node.channels.first else { return nil }
        (self.node, title, self.channel) = (node.name, node.title, channel)
        words = channel.unit == .onOff ? settings.relays[node.name] ?? .normallyOpen : nil
    }
}
