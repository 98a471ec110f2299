import Vocabulary

/// What is counted of a link since its incarnation began.
public enum LinkCount: Int, Count {
    case received, sent, dropped, unacknowledged, oldestUnsent, lateAcknowledgements

    /// The links that have counts of their own.
    public static let ofPeers = "peers"

    public var about: CountDescription {
        switch self {
        case .received: .counter("messages received")
        case .sent: .counter("messages sent")
        case .dropped: .counter("messages lost: too many, too large or unexpected")
        case .unacknowledged: .gauge("messages sent and not acknowledged")
        case .oldestUnsent: .age("age of the oldest unsent record")
        case .lateAcknowledgements:
            .counter("acknowledgements after the timeout", of: Self.ofPeers)
        }
    }
}

/// The counts of one link.
public typealias LinkCounts = Counts<LinkCount>
