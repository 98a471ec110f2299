import Vocabulary

/// The newest good value of every channel of a gateway, for nodes that heed each other's channels.
/// Written by the nodes' threads, readable from any.
///
/// It holds no value: it finds them in the nodes' heartbeats. The proactor's feed does not serve here, because a
/// guard waits for nobody and needs what was read, captured or not, and when.
public final class ChannelSnapshot: Sendable {
    private struct Place {
        let heartbeat: NodeHeartbeat
        let index: Int
        let staleAfter: Duration
    }

    private let places = Guarded<[DataChannelName: Place]>([:])

    public init() {}

    /// A node's channels are shown from now on. The last node that has a channel counts.
    func register(_ channels: [DataChannel], _ heartbeat: NodeHeartbeat) {
        places.withLock { places in
            for (index, channel) in channels.enumerated() {
                places[channel.name] = Place(
                    heartbeat: heartbeat, index: index, staleAfter: channel.staleAfter)
            }
        }
    }

    /// The last good value of a channel, in its steps, and when it was asked for; nil when it is stale or
    /// there is none.
    func value(
        of channel: DataChannelName, at now: MonotonicInstant
    ) -> (value: Int64, at: MonotonicInstant)? {
        guard let place = places.withLock({ $0[channel] }) else { return nil }
        return place.heartbeat.value(place.index, notOlderThan: place.staleAfter, at: now)
    }
}
