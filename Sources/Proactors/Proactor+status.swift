import Links
import Upstreams
import Vocabulary

// How the gateway and its links stand, told again and again so that silence means something.
extension Proactor {
    /// How often each upstream hears it; three times this without a word, and the gateway is lost.
    static let statusPeriod = Duration.seconds(10)

    /// How every link stands, in the order of their names.
    public var linkStatuses: [LinkStatus] {
        lines.sorted { $0.key < $1.key }.map { name, line in
            LinkStatus(
                who: name.text, incarnation: profile.incarnation, sequence: statusSequence,
                state: line.statusState, interval: Self.statusPeriod,
                counts: LinkCounts(
                    received: line.received, sent: line.sent, dropped: line.dropped,
                    unacknowledged: line.link.inFlight,
                    oldestUnsent: line.behindSince.map { $0.duration(to: clock.now) }))
        }
    }

    /// The words for one upstream, each with a sequence of its own.
    func statusWords(_ state: LinkStatus.State, for name: UpstreamName) -> [MqttMessage] {
        statusSequence += 1
        let own = LinkStatus(
            who: profile.gateway.text, incarnation: profile.incarnation,
            sequence: statusSequence, state: state, interval: Self.statusPeriod)
        return lines[name]?.plan.codec.status(own, links: linkStatuses, at: clock.wallTime) ?? []
    }

    /// Has every upstream hear the status soon, whoever has changed.
    func tellStatus() {
        for name in lines.keys {
            lines[name]?.mustTellStatus = true
            lines[name]?.bell.yield()
        }
    }

    /// Notes how far each link is behind what was taken in.
    func noteProgress(_ name: UpstreamName) {
        guard let line = lines[name] else { return }
        let isBehind = line.link.cursor < newest
        lines[name]?.behindSince = isBehind ? line.behindSince ?? clock.now : nil
    }
}

extension UpstreamLine {
    /// The link's state in the words that every kind of link has.
    var statusState: LinkStatus.State {
        switch link.state {
        case .notStarted: .preparing
        case .connecting, .awaitingSetupAndPeer, .awaitingSetup: .opening
        case .awaitingPeer: .stopped
        case .active: .started
        case .stopped: .closed
        }
    }
}
