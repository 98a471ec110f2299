import Health
import Peers
import Proactors
import Timing
import Vocabulary

/// Reports to the proactor how the peers on the direct link stand, so that they are shown beside all other links.
///
/// Chirp has no beat, so it is the operating system that asks whether a silent peer is still there; one
/// that does not answer for three periods has failed.
struct PeerStatusReporter: Sendable {
    /// How often they are looked at.
    static let period = Duration.seconds(2)

    let door: PeerDoor
    let proactor: Proactor
    let clock: any GatewayClock

    /// Returns when the task is cancelled.
    func run() async {
        let ticker = Ticker(every: Self.period, clock: clock)
        var words = PeerStatuses(incarnation: proactor.profile.incarnation)
        while await ticker.next() != nil {
            await proactor.hear(words.statuses(of: await door.links, await door.state))
        }
    }
}

/// Puts what a node knows of its peers into the words of all links. Pure.
struct PeerStatuses {
    private let incarnation: String
    private var sequence: UInt64 = 0
    private var open: Set<String> = []
    private var door = PeerDoor.State.opening

    init(incarnation: String) { self.incarnation = incarnation }

    /// What is to be heard of the way in and of each peer, in order. What comes back says first that it opens,
    /// which alone ends a failure.
    mutating func statuses(of links: [PeerLink], _ door: PeerDoor.State) -> [LinkStatus] {
        var statuses: [LinkStatus] = []
        if case .open = door, self.door != door { statuses.append(status(of: .opening)) }
        statuses.append(status(of: door))
        self.door = door
        for link in links {
            if link.connections > 0, open.insert(link.name).inserted {
                statuses.append(status(of: link, .connecting))
            }
            if link.connections == 0 { open.remove(link.name) }
            let state: LinkStatus.State =
                link.connections > 0 ? .connected : link.cause == nil ? .closed : .unreachable
            statuses.append(status(of: link, state))
        }
        return statuses
    }

    /// The way in goes by the name of all peers.
    private mutating func status(of door: PeerDoor.State) -> LinkStatus {
        sequence += 1
        let (state, cause): (LinkStatus.State, String?) =
            switch door {
            case .opening: (.connecting, nil)
            case .open: (.connected, nil)
            case .failed(let why): (.unreachable, why)
            }
        return LinkStatus(
            who: "peers", incarnation: incarnation, sequence: sequence, state: state,
            interval: PeerStatusReporter.period, counts: nil, cause: cause)
    }

    private mutating func status(of link: PeerLink, _ state: LinkStatus.State) -> LinkStatus {
        sequence += 1
        return LinkStatus(
            who: "peer \(link.name)", incarnation: incarnation, sequence: sequence, state: state,
            interval: PeerStatusReporter.period, counts: link.counts,
            cause: state == .unreachable ? link.cause : nil)
    }
}
