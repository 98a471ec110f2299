import Codecs
import Links
import Mqtt
import Vocabulary

// How the gateway and its links stand, told again and again so that silence means something.
extension Proactor {
    /// How often each upstream hears it; three times this without a word, and the gateway is lost.
    static let statusPeriod = Duration.seconds(10)

    /// How every link stands: the upstreams, then the drivers and the peers, each in the order of their
    /// names. Those of drivers begin with `driver`, those of peers with `peer`.
    public var linkStatuses: [LinkStatus] {
        // Whoever asks hears of a driver that has just come.
        if awaitsDrivers { hearDrivers() }
        let upstreams = pumps.values.sorted { $0.name < $1.name }.map { $0.status(in: self) }
        let (own, now) = (ownStatus(.connected), clock.now)
        return upstreams + counterparts.all.map { $0.told(in: own, at: now) }
    }

    /// How the gateway itself stands, when it is in `state`.
    public func ownStatus(_ state: LinkStatus.State) -> LinkStatus {
        LinkStatus(
            who: profile.gateway.text, incarnation: profile.incarnation,
            sequence: statusSequence, state: state, interval: Self.statusPeriod)
    }

    /// How the queues of the live values' subscribers and of the actuators' commands stand, each in the order
    /// of their names.
    public var queueStatuses: [QueueStatus] {
        let live = live.subscribers.map {
            QueueStatus(name: $0.name, depth: $0.depth, dropped: $0.drops, age: $0.age)
        }
        let commands = requestQueues.map { node, requestQueue in
            let status = requestQueue.status
            return QueueStatus(
                name: "commands \(node)", depth: status.waiting, dropped: status.busy, age: nil,
                commands: .init(
                    inWork: status.inWork, answered: status.answered, late: status.late,
                    abandoned: status.abandoned))
        }
        return live.sorted { $0.name < $1.name } + commands.sorted { $0.name < $1.name }
    }

    /// Logs what subscribers have lost, each at most once a minute.
    func noteDrops() {
        for line in drops.look(at: live.subscribers, now: clock.now) { logger.warning("\(line)") }
    }

    /// Everything that is wrong right now, the oldest first.
    public var activeFaults: [ActiveFault] {
        faults.values.sorted { $0.since < $1.since }
    }

    // MARK: - Counterparts other than upstreams

    /// Peers say, or somebody says for them, how they stand. Their names begin with `peer`.
    public func hear(_ statuses: [LinkStatus]) {
        var isNews = false
        for status in statuses {
            let before = counterparts[status.who]?.state
            counterparts.heard(status, at: clock.now)
            if counterparts[status.who]?.state != before { isNews = true }
        }
        if isNews { publishStatus() }
    }

    /// Hears each driver by the pulse of its node. One whose node is stuck in its hardware says nothing.
    func hearDrivers() {
        let now = clock.now
        let open = nodes.values.filter { !$0.heartbeat.isHung(at: now) }
            .map { (name: Self.driverName($0.name), heartbeat: $0.heartbeat.reading) }
        hear(
            open.map { name, heartbeat in
                LinkStatus(
                    who: name, incarnation: profile.incarnation,
                    sequence: (counterparts[name]?.status?.sequence ?? 0) + 1,
                    state: heartbeat.isOpen ? .connected : .connecting, interval: Self.statusPeriod,
                    counts: nil)
            })
    }

    /// Whether a driver is on its way, so that its arrival is not told a whole period late.
    var awaitsDrivers: Bool { counterparts.any { $0.state == .connecting } }

    /// A driver's fault is its link's failure, for as long as any stands.
    func hearDriver(_ fault: Fault, of node: ShNodeName) {
        guard fault.channel == nil, Self.driverFaults.contains(fault.kind),
            nodes[node] != nil
        else { return }
        let (name, now) = (Self.driverName(node), clock.now)
        if fault.isOn {
            counterparts.change(name) { $0.failed(fault.detail) }
        } else {
            let rest = Self.driverFaults.lazy.compactMap { kind in
                self.faults[FaultKey(node: node, channel: nil, kind: kind)]
            }
            if let other = rest.first {
                counterparts.change(name) { $0.failed(other.fault.detail) }
            } else {
                counterparts.change(name) { $0.opened(at: now) }
                hearDrivers()
            }
        }
        publishStatus()
    }

    /// The node is gone, and its driver with it.
    func forgetDriver(of node: ShNodeName) { counterparts.forget(Self.driverName(node)) }

    private static let driverFaults: [Fault.Kind] = [
        .notConnected, .invalidComponent, .timeout, .malformedReply, .hung,
    ]

    private static func driverName(_ node: ShNodeName) -> String { "driver \(node)" }

    /// Has every upstream hear the status soon, whoever has changed.
    func publishStatus() {
        for pump in pumps.values { pump.statusChanged() }
    }
}
