import Codecs
import Health
import Mqtt
import Vocabulary

// How the gateway and its links stand, published again and again so that silence means something.
extension Proactor {
    /// How often each upstream hears it; three times this without a word, and the gateway is lost.
    static let statusPeriod = Duration.seconds(10)

    /// How every link stands: the upstreams, then the drivers and the peers, each in the order of their
    /// names. Those of drivers begin with `driver`, those of peers with `peer`.
    public var linkStatuses: [LinkStatus] {
        // The requester sees a driver that has just come.
        if supervisor.awaitsDrivers { supervisor.hearDrivers(in: self) }
        let upstreams = pumps.values.sorted { $0.name < $1.name }.map { $0.status(in: self) }
        let (own, now) = (ownStatus(.connected), clock.now)
        return upstreams + supervisor.counterparts.all.map { $0.reported(in: own, at: now) }
    }

    /// How the gateway itself stands, when it is in `state`.
    public func ownStatus(_ state: LinkStatus.State) -> LinkStatus {
        LinkStatus(
            who: profile.gateway.text, incarnation: profile.incarnation,
            sequence: supervisor.statusSequence, state: state, interval: Self.statusPeriod)
    }

    /// How the queues of the live values' subscribers and of the actuators' commands stand, each in the order
    /// of their names.
    public var queueStatuses: [QueueStatus] {
        let commands = requestQueues.map { QueueStatus(name: "commands \($0)", counts: $1.counts) }
        return live.subscribers.sorted { $0.name < $1.name }
            + commands.sorted { $0.name < $1.name }
    }

    /// Everything that is wrong right now, the oldest first.
    public var activeFaults: [ActiveFault] {
        faults.active.values.sorted { $0.since < $1.since }
    }

    /// Peers report, or a watcher reports for them, how they stand. Their names begin with `peer`.
    public func hear(_ statuses: [LinkStatus]) { supervisor.hear(statuses, in: self) }

    /// Publishes the status to every upstream soon, whatever has changed.
    func publishStatus() {
        for pump in pumps.values { pump.statusChanged() }
    }
}
