import Vocabulary

// From a connection to an active link.
extension Link {
    mutating func connected(at now: MonotonicInstant) -> [Action] {
        guard state == .connecting else { return [] }
        state = hasPeer ? .awaitingSetupAndPeer : .awaitingSetup
        failures.reset()
        unconfirmed = Set(topics)
        suspects.connected(at: now)
        let actions: [Action] = [.record(.connected, "")]
        guard !topics.isEmpty else { return actions + setupDone(at: now) }
        return actions + [.subscribe(topics)]
    }

    mutating func connectFailed(_ reason: String) -> [Action] {
        // A reason that comes and goes is reported once for each time that the broker is away.
        guard state == .connecting, failures.begin(reason) else { return [] }
        return [.record(.connectFailed, reason)]
    }

    mutating func disconnected(_ reason: String, at now: MonotonicInstant) -> [Action] {
        guard isConnected else { return [] }
        state = .connecting
        (ping, subscribeAt) = (nil, nil)
        (unconfirmed, denied) = ([], [])
        holdsUntil = nil
        deliveries.restart()
        return [.record(.disconnected, reason)] + judge(at: now)
    }

    mutating func subscribed(_ topic: String, at now: MonotonicInstant) -> [Action] {
        guard isConnected, unconfirmed.remove(topic) != nil else { return [] }
        refusals.end(topic)
        return unconfirmed.isEmpty ? setupDone(at: now) : activateWithout(denied, at: now)
    }

    /// Without a peer, facts need no subscription; only commands do.
    private mutating func activateWithout(
        _ denied: Set<String>, at now: MonotonicInstant
    ) -> [Action] {
        guard !hasPeer, state == .awaitingSetup, unconfirmed == denied else { return [] }
        return activate(at: now)
    }

    mutating func subscriptionRefused(
        _ topic: String, _ reason: String, at now: MonotonicInstant
    ) -> [Action] {
        guard isConnected, unconfirmed.contains(topic) else { return [] }
        denied.insert(topic)
        subscribeAt = subscribeAt ?? now.advanced(by: resubscribing.failed())
        var actions: [Action] = []
        if refusals.begin(topic, reason) {
            actions.append(
                .record(
                    .connectFailed, "subscription to \(topic) rejected by the broker: \(reason)"))
        }
        return actions + activateWithout(denied, at: now)
    }

    private mutating func setupDone(at now: MonotonicInstant) -> [Action] {
        resubscribing.succeeded()
        let actions: [Action] = [.record(.subscribed, "")] + (suspects.isCareful ? [.handOver] : [])
        switch state {
        case .awaitingSetupAndPeer:
            state = .awaitingPeer
            return actions + [sendPing(at: now)]
        case .awaitingSetup: return actions + activate(at: now)
        case .notStarted, .connecting, .awaitingPeer, .active, .stopped: return actions
        }
    }

    mutating func activate(at now: MonotonicInstant) -> [Action] {
        (state, ping, lastHeard) = (.active, nil, now)
        return (hasPeer ? [.record(.peerActive, "")] : []) + [.greetPeer, .handOver]
    }

    mutating func subscribeAgain(at now: MonotonicInstant) -> [Action] {
        guard let moment = subscribeAt, moment <= now else { return [] }
        defer { (denied, subscribeAt) = ([], nil) }
        return [.subscribe(denied.sorted())]
    }
}
