import Journals
import Logging
import Vocabulary

// The gateway's word of itself, and what its journal reports.
extension Proactor {
    /// Keeps an event as a fact of the gateway.
    func record(_ event: GatewayEvent, at stamp: Timestamp? = nil) {
        take([Fact(node: .gateway, at: stamp ?? clock.timestamp, matter: .event(event))])
    }

    /// An event as a line of the log.
    func words(_ event: GatewayEvent) -> (Logger.Level, String) {
        switch event.kind {
        case .connected: (.notice, "connected")
        case .subscribed: (.notice, "subscribed, accepting commands")
        case .peerActive: (.notice, "peer active")
        case .peerSilent: (.warning, "peer silent: \(event.detail)")
        case .disconnected: (.warning, "not connected: \(event.detail)")
        case .connectFailed:
            event.link.flatMap({ pumps[$0] })?.link.isConnected == true
                ? (.warning, event.detail) : (.warning, "not connected: \(event.detail)")
        case .dropped, .deadLettered, .salvaged: (.warning, event.detail)
        case .periodEnded: (.debug, "the reporting period \(event.detail)")
        default:
            (
                .notice,
                event.detail.isEmpty
                    ? event.kind.rawValue : "\(event.kind.rawValue): \(event.detail)"
            )
        }
    }

    func take(_ news: JournalEvent) {
        switch news {
        case .committed(let through):
            progress.committed(through: through)
            for pump in pumps.values { pump.committed(through: progress.committed, in: self) }
        case .readable(let through):
            progress.readable(through: through)
            for pump in pumps.values { pump.readable(through: progress.readable, in: self) }
        case .dropped(let count, let upstream, _):
            if let pump = pumps[upstream] { return pump.evicted(count, in: self) }
            let event = progress.earlyDrops[upstream, default: DropReporter()].drop(
                count, of: upstream, at: clock.now)
            if let event { record(event) }
        case .fault(let isOn, let detail):
            guard isOn != isActive(.storage) else { return }
            reportFault(.storage, isOn: isOn, detail)
        case .salvaged(let detail):
            record(GatewayEvent(.salvaged, detail: detail))
        }
    }

    /// Something is wrong with the gateway itself, or is no more. What was reported already is not reported again.
    public func report(_ fault: Fault) {
        guard !isStopping else { return }
        let key = FaultKey(node: .gateway, channel: fault.channel, kind: fault.kind)
        let known = faults.active[key]?.fault
        guard fault.isOn ? fault != known : known != nil else { return }
        take([Fact(node: .gateway, at: clock.timestamp, matter: .fault(fault))])
    }

    private func isActive(_ kind: Fault.Kind) -> Bool {
        faults.active[FaultKey(node: .gateway, channel: nil, kind: kind)] != nil
    }

    private func reportFault(_ kind: Fault.Kind, isOn: Bool, _ detail: String) {
        take([
            Fact(
                node: .gateway, at: clock.timestamp,
                matter: .fault(Fault(kind: kind, isOn: isOn, detail: detail)))
        ])
    }

    /// Malformed messages from an upstream: logged when they begin and, with their count, when they are over.
    func noteMalformed(_ detail: String) {
        guard faults.malformed.begin(.malformedReply, at: clock.now) else { return }
        reportFault(.malformedReply, isOn: true, detail)
    }

    func endMalformed(at now: MonotonicInstant) {
        for (kind, count) in faults.malformed.ended(at: now) {
            reportFault(
                kind, isOn: false,
                "\(count) malformed messages from upstream; none in the last \(Self.malformedOver.layoutText)"
            )
        }
    }

    /// Another client took the upstream's name at its broker.
    func noteRival(_ name: UpstreamName, _ detail: String) {
        let isFirst = faults.rivals.isEmpty
        guard faults.rivals.begin(name, at: clock.now), isFirst else { return }
        reportFault(.duplicateGateway, isOn: true, "upstream \(name): \(detail)")
    }

    func endRivalries(at now: MonotonicInstant) {
        guard !faults.rivals.ended(at: now).isEmpty, faults.rivals.isEmpty else { return }
        reportFault(
            .duplicateGateway, isOn: false,
            "no other client with this gateway's client identifier for \(Self.rivalryOver.layoutText)"
        )
    }
}
