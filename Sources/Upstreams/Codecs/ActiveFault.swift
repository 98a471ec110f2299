import Vocabulary

/// A fault that has begun and is not over.
public struct ActiveFault: Hashable, Sendable {
    public let node: ShNodeName
    public let fault: Fault
    public let since: WallTime

    public init(node: ShNodeName, fault: Fault, since: WallTime) {
        self.node = node
        self.fault = fault
        self.since = since
    }
}
