import Vocabulary

/// What is counted of the web server since the gateway began.
public enum WebCount: Int, Count {
    case connections, streams, requests, refused, slow

    public var about: CountDescription {
        switch self {
        case .connections: .gauge("connections that are open")
        case .streams: .gauge("live streams that are open")
        case .requests: .counter("requests that were let in")
        case .refused: .counter("connections and requests that were refused")
        case .slow: .counter("connections closed because a request or its answer took too long")
        }
    }
}

/// The counts of the web server.
public typealias WebCounts = Counts<WebCount>
