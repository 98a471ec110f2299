import Peers

/// Answers what callers ask. The gateway does, and tests do.
public protocol ControlService: Sendable {
    /// The answer to a request. The requester has the right to ask.
    func answer(_ request: ControlRequest, from requester: ControlRequester) async -> ControlAnswer
}

/// What is answered: JSON texts without line ends.
public enum ControlAnswer: Sendable {
    /// Takes lines that go out together; comes back when the system has taken them, false when the caller is gone.
    /// May be called from several tasks.
    public typealias Sink = @Sendable ([[UInt8]]) async -> Bool

    case one([UInt8])
    /// Sends until it comes back; the caller gets `{"end":true}` then. Cancelled when the caller is gone.
    case many(@Sendable (_ send: @escaping Sink) async -> Void)
}

/// What is counted of the socket since the gateway began.
public struct ControlCounts: Hashable, Sendable {
    /// Connections that are open now.
    public internal(set) var connections = 0
    /// Requests that were answered or are in work.
    public internal(set) var requests = 0
    /// Connections and requests that were refused.
    public internal(set) var refused = 0
    /// Connections that were closed because the caller did not take its answer.
    public internal(set) var slow = 0

    public init() {}
}
