import NIOCore

/// How much requesters may take up.
public struct WebLimits: Sendable {
    /// Connections at once. When all places are taken, the one that has been idle for longest is closed for the next.
    public var connections = 32
    /// Of them live streams, which stay open.
    public var streams = 8
    /// All lines of a request's head together, in bytes.
    public var head = 16 << 10
    /// Lines of a request's head.
    public var fields = 100
    /// The body of a request, in bytes.
    public var body = 64 << 10
    /// How long a whole request may take to arrive, also the first on a connection with its handshake, and the next
    /// one on a connection that is kept.
    public var request = TimeAmount.seconds(10)
    /// How long a requester may leave an answer untaken.
    public var write = TimeAmount.seconds(10)

    public init() {}
}
