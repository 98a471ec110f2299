import Vocabulary

/// The topics of one gateway's link to Home Assistant, and the identities that Home Assistant keeps.
///
/// All of them come from names of the layout, so that they are the same after any restart.
struct HomeAssistantTopics: Hashable, Sendable {
    /// `tidegate/GATEWAY/home-assistant`
    let root: String
    private let gateway: GatewayName
    /// `homeassistant/device/GATEWAY`
    private let announcements: String

    init(prefix: String, gateway: GatewayName, discoveryPrefix: String) {
        self.gateway = gateway
        root = "\(prefix)/\(gateway)/home-assistant"
        // Home Assistant takes no dots there, and no alias has an underscore.
        announcements = "\(discoveryPrefix)/device/" + gateway.text.replacing(".", with: "_")
    }

    /// Whether the gateway is there.
    var status: String { "\(root)/status" }
    /// Whether a node answers.
    func status(_ node: ShNodeName) -> String { "\(root)/status/\(node)" }
    func state(_ channel: DataChannelName) -> String { "\(root)/state/\(channel)" }
    /// Whether something is wrong with a node, or with the gateway.
    func fault(_ node: ShNodeName) -> String { "\(root)/fault/\(node)" }
    func command(_ node: ShNodeName) -> String { "\(root)/set/\(node)" }
    /// What became of commands that were not carried out.
    func outcome(_ node: ShNodeName) -> String { "\(root)/outcome/\(node)" }
    var commands: String { "\(root)/set/+" }
    /// Where an automation shows that it still works.
    var heartbeat: String { "\(root)/heartbeat" }

    /// Where a device is announced; the gateway itself under its reserved name.
    func announcement(of node: ShNodeName) -> String { "\(announcements)/\(node)/config" }

    /// What stands behind `set/`; nil when `topic` is none of ours.
    func target(of topic: String) -> String? {
        let start = "\(root)/set/"
        return topic.hasPrefix(start) ? String(topic.dropFirst(start.count)) : nil
    }

    /// The identity of a device.
    func device(_ node: ShNodeName) -> String {
        node == .gateway ? "tidegate/\(gateway)" : "tidegate/\(gateway)/\(node)"
    }

    /// The identity of an entity: history in Home Assistant belongs to it.
    func entity(_ role: String, _ name: String) -> String { "tidegate/\(gateway)/\(role)/\(name)" }
}
