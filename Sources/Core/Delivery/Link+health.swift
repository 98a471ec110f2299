import Vocabulary

// The peer's health.
extension Link {
    mutating func heard(at now: MonotonicInstant) -> [Action] {
        guard hasPeer else { return [] }
        switch state {
        case .notStarted, .connecting, .stopped: return []
        case .awaitingSetupAndPeer: state = .awaitingSetup
        case .awaitingSetup: break
        case .awaitingPeer: return activate(at: now)
        case .active:
            lastHeard = now
            ping?.wasHeardSince = true
        }
        return []
    }

    mutating func acknowledged(_ identity: String) -> [Action] {
        if let answered = ping, answered.identity == identity {
            deliveries.answered(answered.turn)
            ping = nil
            return []
        }
        return carryOut(deliveries.acknowledged(identity)) + [.handOver]
    }

    /// What time alone has made due.
    mutating func attend(at now: MonotonicInstant) -> [Action] {
        guard isConnected else { return [] }
        var actions = subscribeAgain(at: now)
        suspects.keep { deliveries[$0] != nil }
        if suspects.pass(to: now, isActive: mayHandOverHistory) { actions.append(.handOver) }
        switch state {
        case .active: actions += attendActive(at: now)
        case .awaitingPeer where lastPing.advanced(by: rules.pollPeriod) <= now:
            actions.append(sendPing(at: now))
        default: break
        }
        return actions
    }

    private mutating func attendActive(at now: MonotonicInstant) -> [Action] {
        if let ping, ping.sent.advanced(by: rules.ackTimeout) <= now {
            guard ping.wasHeardSince else { return fallSilent(at: now) }
            // It lives, though it does not answer pings.
            deliveries.answered(ping.turn)
            self.ping = nil
        }
        let hadWaiting = deliveries.deadline.map { $0 <= now } ?? false
        let (outcomes, wantsPing) = deliveries.review(at: now, lastPing: lastPingTurn)
        var actions = carryOut(outcomes) + tryHistoryAgain(at: now)
        if hadWaiting { actions.append(.handOver) }
        let isQuiet = lastHeard.advanced(by: rules.pollPeriod) <= now
        if hasPeer, ping == nil, wantsPing || isQuiet { actions.append(sendPing(at: now)) }
        return actions
    }

    private mutating func fallSilent(at now: MonotonicInstant) -> [Action] {
        state = .awaitingPeer
        ping = nil
        deliveries.fallSilent()
        let words = "no message within \(rules.ackTimeout.layoutText) after a ping"
        return [.record(.peerSilent, words), sendPing(at: now)]
    }

    mutating func sendPing(at now: MonotonicInstant) -> Action {
        let identity = Self.uuid(using: &chance)
        lastPing = now
        if state == .active {
            lastPingTurn = deliveries.nextTurn()
            ping = Ping(identity: identity, turn: lastPingTurn, sent: now)
        }
        return .ping(identity)
    }

    private static func uuid(using chance: inout SeededGenerator) -> String {
        let high = chance.next() & ~0xf000 | 0x4000
        let low = chance.next() & ~(0b11 << 62) | 0b10 << 62
        let digits = JournalIdentity(high: high, low: low).description
        var groups: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }
}
