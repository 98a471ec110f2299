import Vocabulary

/// Something that a gateway has sent to be kept.
public struct ReceivedItem: Hashable, Sendable {
    /// Who sent it and under which identity, which is the same at each sending.
    public struct Key: Hashable, Sendable {
        public let child: GatewayName
        public let identity: String

        public init(_ child: GatewayName, _ identity: String) {
            (self.child, self.identity) = (child, identity)
        }
    }

    public let key: Key
    /// When it came.
    public let at: WallTime
    /// All there is to keep of it, as one line of text.
    public let line: [UInt8]

    public init(key: Key, at: WallTime, line: [UInt8]) {
        (self.key, self.at, self.line) = (key, at, line)
    }
}

/// What happened to a `ReceivedStore` since it was last asked.
public struct ReceivedEvent: Hashable, Sendable {
    /// What is on disk now, in the order in which it came, and whether it is there for the first time.
    public var kept: [Kept] = []
    /// Nothing can be kept for now, and why; or, when false, it can again. Nil when nothing changed.
    public var fault: Fault?
    /// The file was damaged and where it is kept, or it was deleted while it was in use; and what came of it.
    public var damage: String?

    /// An item on disk.
    public struct Kept: Hashable, Sendable {
        public let key: ReceivedItem.Key
        public let isNew: Bool

        public init(key: ReceivedItem.Key, isNew: Bool) { (self.key, self.isNew) = (key, isNew) }
    }

    /// A disk that does, or again does not, take what comes.
    public struct Fault: Hashable, Sendable {
        public let isOn: Bool
        public let detail: String
    }
}
