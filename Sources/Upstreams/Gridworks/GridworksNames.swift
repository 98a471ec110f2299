import Vocabulary

/// What GridWorks knows a node by, or a thing that is measured and no node of the gateway.
public struct GridworksNodeNames: Hashable, Sendable {
    /// The name of a node of the gateway, of the gateway itself, of its parent, or of a thing.
    public var name: ShNodeName
    /// Its ShNodeId, a UUID of version 4; nil for one that is made of its name.
    public var id: String?
    /// Its DisplayName.
    public var title: String?
    public var actorClass: String?
    /// The device's largest power, in watts.
    public var nameplate: Int64?

    public init(
        _ name: ShNodeName, id: String? = nil, title: String? = nil, actorClass: String? = nil,
        nameplate: Int64? = nil
    ) {
        (self.name, self.id, self.title) = (name, id, title)
        (self.actorClass, self.nameplate) = (actorClass, nameplate)
    }
}

/// What GridWorks knows a channel by.
public struct GridworksChannelNames: Hashable, Sendable {
    /// Its Id, a UUID of version 4; nil for one that is made of its name.
    public var id: String?
    /// Its DisplayName.
    public var title: String?
    /// The node or thing that is measured; nil for the channel's own node.
    public var about: ShNodeName?
    /// The node that measures; nil for the channel's own node.
    public var capturedBy: ShNodeName?
    public var telemetryName: String?

    public init(
        id: String? = nil, title: String? = nil, about: ShNodeName? = nil,
        capturedBy: ShNodeName? = nil, telemetryName: String? = nil
    ) {
        (self.id, self.title, self.about) = (id, title, about)
        (self.capturedBy, self.telemetryName) = (capturedBy, telemetryName)
    }
}
