/// Something that happened to the gateway itself, worth a place in its history.
public struct GatewayEvent: Hashable, Sendable {
    public let kind: Kind
    /// The upstream it is about; nil when it is about none.
    public let link: UpstreamName?
    /// What the kind counts or measures; nil when it has no number.
    public let number: Int64?
    /// One line for people.
    public let detail: String

    /// What happened; the raw value is the word in topics and exports.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// The gateway runs; `detail` is its incarnation.
        case started
        /// The gateway stops in good order; `detail` says why.
        case stopped
        /// The link's broker took the login.
        case connected
        /// The link's broker is unreachable, and why. Reported once for each change of the reason.
        case connectFailed
        /// The connection of the link is gone, and why.
        case disconnected
        /// All subscriptions of the link are confirmed.
        case subscribed
        /// The link's peer answers: facts flow.
        case peerActive
        /// The link's peer was silent for too long.
        case peerSilent
        /// A reporting period of the link is over: `number` is its length in nanoseconds, and the fact's
        /// time is its end. A codec that reports in periods closes one here, the same way each time.
        case periodEnded
        /// So many facts were evicted before the link, or any, had acknowledged them.
        case dropped
        /// The link's peer never acknowledged a fact; `number` is its place in the journal.
        case deadLettered
        /// The wall clock was set: `number` is by how many nanoseconds.
        case clockSet
        /// A damaged journal was opened; `detail` says what was saved and where the rest is kept.
        case salvaged
        /// A changed layout runs, and what it touched.
        case reloaded
        /// A changed layout was refused, and why. The old one goes on.
        case reloadRejected
        /// A part of the gateway gave no heartbeat and was started again.
        case restarted
        /// A counter's register began at its lowest number again; `number` is the total, in the channel's
        /// steps, that goes on.
        case counterWrapped
        /// A counter went on from a lower number, because its meter was exchanged or reset; `number` is
        /// the new total, in the channel's steps.
        case counterReset
        /// A command set a total; `number` is the new one, in the channel's steps.
        case totalSet
    }

    public init(
        _ kind: Kind, link: UpstreamName? = nil, number: Int64? = nil, detail: String = ""
    ) {
        (self.kind, self.link, self.number, self.detail) = (kind, link, number, detail)
    }
}
