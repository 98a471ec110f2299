import Vocabulary

/// What a layout says of a link to Home Assistant.
public struct HomeAssistantSettings: Hashable, Sendable {
    /// The first levels of the topics that devices are announced on.
    public var discoveryPrefix: String
    /// Where Home Assistant says that it has started, and the word for it.
    public var birthTopic: String
    public var birthPayload: String
    /// The oldest Home Assistant that is to understand every entity.
    var minimumVersion: HomeAssistantVersion
    /// What differs for some channels from what the gateway makes of them.
    var entities: [DataChannelName: HomeAssistantWishes] = [:]
    /// Whether Home Assistant may switch; else relays are only shown.
    public var maySwitch: Bool

    /// What a layout has that says nothing.
    public init() {
        (discoveryPrefix, birthTopic) = ("homeassistant", "homeassistant/status")
        (birthPayload, minimumVersion) = ("online", HomeAssistantVersion(2025, 4))
        maySwitch = true
    }
}

/// What a layout says of one channel's entity.
struct HomeAssistantWishes: Hashable, Sendable {
    /// One that goes with the channel's unit; nil for the usual one.
    var deviceClass: String?
    /// Whether the entity is enabled when Home Assistant sees it first.
    var isEnabled = true
    /// The identity that another program gave it; nil for our own.
    var uniqueID: String?
    /// Where that program announced it.
    var formerTopic: String?
}
