import Codecs
import Health
import PlainJson
import Vocabulary

/// One value of the live table.
package struct LiveRow: Hashable, Sendable {
    package let gateway: String
    package let node: String
    package let channel: String
    /// The value with its unit as people read it, or what stands in its place.
    package let text: String
    let quality: Quality
    package let at: WallTime
    package var isSimulated = false
    /// The whole value as one JSON object, for pipes.
    package var json = ""
}

/// Something that is wrong now.
package struct LiveFault: Hashable, Sendable {
    /// The node or link.
    package let who: String
    /// Nil when it is all of the node.
    package let channel: String?
    package let kind: String
    package let detail: String
    /// Nil when that is not known.
    let since: WallTime?
    /// What is older than the fault is not known to hold any more.
    let agesValues: Bool

    package init(_ activeFaults: ActiveFault) {
        who = activeFaults.node.text
        channel = activeFaults.fault.channel?.text
        kind = activeFaults.fault.kind.rawValue
        detail = activeFaults.fault.detail
        since = activeFaults.since
        agesValues =
            switch activeFaults.fault.kind {
            case .notConnected, .timeout, .malformedReply, .invalidComponent, .hung: true
            default: false
            }
    }

    package init(who: String, kind: String, detail: String) {
        (self.who, self.kind, self.detail) = (who, kind, detail)
        (channel, since, agesValues) = (nil, nil, false)
    }

    /// A link that has failed; nil for any other. What drivers say of themselves is shown by their nodes.
    package init?(_ link: LinkStatus) {
        guard link.state == .unreachable, !link.who.hasPrefix("driver ") else { return nil }
        (who, channel, kind, since, agesValues) = (link.who, nil, "unreachable", nil, false)
        detail = link.cause ?? ""
    }
}

/// What the live screen knows: the newest value of each channel, what each gateway is made of, how it
/// stands and what is wrong with it. Pure.
package struct LiveTable: Sendable {
    /// Values and gateways of strangers that are kept; more are not shown.
    static let mostRows = 20_000
    static let mostGateways = 1_000
    /// A gateway that says nothing for so many of its intervals is taken for lost, as by `tidegate tap`.
    static let silentIntervals = 3

    package struct Gateway: Sendable {
        package var nodes: [NodeProfile]?
        package var faults: [LiveFault] = []
        package var links: [LiveFault] = []
        /// Nil for one that was not heard to say how it stands.
        package var state: LinkStatus.State?
        package var interval = Duration.zero
        var heard: MonotonicInstant?

        /// How it stands in a word: its own, or what its silence says.
        func word(at now: MonotonicInstant) -> String {
            guard let state else { return "" }
            if isSilent(at: now) { return "silent" }
            return switch state {
            case .connected: "online"
            case .closed, .unreachable: "offline"
            default: state.word
            }
        }

        /// Whether its values are outdated.
        func isGone(at now: MonotonicInstant) -> Bool {
            switch state {
            case nil, .connecting?, .connected?, .preparing?, .other?: isSilent(at: now)
            case .timedOut?, .closing?, .closed?, .unreachable?: true
            }
        }

        private func isSilent(at now: MonotonicInstant) -> Bool {
            guard let heard, interval > .zero, state == .connected else { return false }
            return heard.duration(to: now) > interval * silentIntervals
        }
    }

    /// What is shown, for people.
    package let title: String
    private(set) var rows: [String: LiveRow] = [:]
    private(set) var gateways: [String: Gateway] = [:]
    /// Why nothing comes; nil while there is a connection. Values are not known to hold without one.
    var complaint: String?
    /// Whether the gateway that shows itself has ended.
    package var isStopped = false

    init(title: String) { self.title = title }

    /// - Returns: Whether there is room for it.
    @discardableResult
    package mutating func show(_ row: LiveRow) -> Bool {
        let key = "\(row.gateway) \(row.channel)"
        guard rows[key] != nil || rows.count < Self.mostRows else { return false }
        rows[key] = row
        return true
    }

    package mutating func describe(_ profile: GatewayProfile) {
        change(profile.gateway.text) { $0.nodes = profile.nodes }
    }

    package mutating func take(_ faults: [ActiveFault], of gateway: String) {
        change(gateway) { $0.faults = faults.map { LiveFault($0) } }
    }

    /// What is wrong with its links.
    package mutating func take(_ links: [LiveFault], of gateway: String) {
        change(gateway) { $0.links = links }
    }

    /// - Returns: How the gateway stands now in a word; nil when nothing has changed.
    package mutating func take(
        _ status: PlainStatus, of gateway: String, at now: MonotonicInstant
    ) -> String? {
        let before = gateways[gateway]?.word(at: now)
        change(gateway) { known in
            known.state = status.own.state
            known.links = status.links.compactMap { LiveFault($0) }
            (known.heard, known.interval) = (now, status.own.interval)
        }
        let after = gateways[gateway]?.word(at: now)
        return after == before ? nil : after
    }

    private mutating func change(_ name: String, _ change: (inout Gateway) -> Void) {
        guard gateways[name] != nil || gateways.count < Self.mostGateways else { return }
        change(&gateways[name, default: Gateway()])
    }
}
