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
    /// Whether Home Assistant may switch; else relays are only shown.
    public var maySwitch: Bool

    /// What a layout has that says nothing.
    public init() {
        (discoveryPrefix, birthTopic) = ("homeassistant", "homeassistant/status")
        (birthPayload, minimumVersion) = ("online", HomeAssistantVersion(2025, 4))
        maySwitch = true
    }
}
