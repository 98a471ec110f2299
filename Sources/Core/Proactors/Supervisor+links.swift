import Codecs
import Health
import Nodes
import Vocabulary

// How drivers and peers stand: counterparts that are no upstreams.
extension Supervisor {
    /// As `Proactor.hear`.
    func hear(_ statuses: [LinkStatus], in proactor: isolated Proactor) {
        let now = order.clock.now
        var isNews = false
        for status in statuses {
            let before = counterparts[status.who]?.state
            counterparts.heard(status, at: now)
            if counterparts[status.who]?.state != before { isNews = true }
        }
        if isNews { proactor.publishStatus() }
    }

    /// Hears each driver by the heartbeat of its node. One whose node is stuck in its hardware says nothing.
    func hearDrivers(in proactor: isolated Proactor) {
        let now = order.clock.now
        let incarnation = proactor.profile.incarnation
        let open = order.nodes.values.filter { !$0.heartbeat.isHung(at: now) }
            .map { (name: Self.driverName($0.name), heartbeat: $0.heartbeat.reading) }
        hear(
            open.map { name, heartbeat in
                LinkStatus(
                    who: name, incarnation: incarnation,
                    sequence: (counterparts[name]?.status?.sequence ?? 0) + 1,
                    state: heartbeat.isOpen ? .connected : .connecting,
                    interval: Proactor.statusPeriod, counts: nil, nodeCounts: heartbeat.counts)
            }, in: proactor)
    }

    /// Whether a driver is on its way, so that its arrival is not reported a whole period late.
    var awaitsDrivers: Bool { counterparts.any { $0.state == .connecting } }

    /// A driver's fault is its link's failure, for as long as any stands.
    ///
    /// - Parameter active: What is wrong now, without that fault when it is over.
    func hearDriver(
        _ fault: Fault, of node: ShNodeName, among active: [FaultKey: ActiveFault],
        in proactor: isolated Proactor
    ) {
        guard fault.channel == nil, Self.driverFaults.contains(fault.kind),
            order.nodes[node] != nil
        else { return }
        let (name, now) = (Self.driverName(node), order.clock.now)
        if fault.isOn {
            counterparts.change(name) { $0.failed(fault.detail) }
        } else {
            let rest = Self.driverFaults.lazy.compactMap { kind in
                active[FaultKey(node: node, channel: nil, kind: kind)]
            }
            if let other = rest.first {
                counterparts.change(name) { $0.failed(other.fault.detail) }
            } else {
                counterparts.change(name) { $0.opened(at: now) }
                hearDrivers(in: proactor)
            }
        }
        proactor.publishStatus()
    }

    /// The node is gone, and its driver with it.
    func forgetDriver(of node: ShNodeName) { counterparts.forget(Self.driverName(node)) }

    private static let driverFaults: [Fault.Kind] = [
        .notConnected, .invalidComponent, .timeout, .malformedReply, .hung,
    ]

    private static func driverName(_ node: ShNodeName) -> String { "driver \(node)" }
}
