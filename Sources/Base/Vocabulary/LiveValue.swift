/// The latest that is known of one channel.
public struct LiveValue: Hashable, Sendable {
    public let node: ShNodeName
    public let reading: Reading
    public let at: Timestamp

    public init(node: ShNodeName, reading: Reading, at: Timestamp) {
        self.node = node
        self.reading = reading
        self.at = at
    }
}
