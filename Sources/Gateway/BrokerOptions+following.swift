import Glibc
import UnixSignals
import Upstreams
import Vocabulary

extension BrokerOptions.Target {
    /// A status names each link, and a parent has one to each of its children.
    private static let longestStatus = 1 << 20

    /// Hands everything that the gateways say on `topics` to `received`, one message after the other. A
    /// gateway of this machine that told its broker is followed to where it comes back.
    ///
    /// - Parameters:
    ///   - topics: Below a gateway's own, such as `live/+`.
    ///   - gateway: Nil for every gateway on the broker.
    /// - Returns: Why it ended: SIGINT or SIGTERM, or a broker that refuses the login.
    func follow(
        _ topics: [String], of gateway: GatewayName?, clock: any GatewayClock,
        received: (MqttMessage) async -> Void
    ) async -> ExitStatus {
        var settings = settings
        settings.largestPayload = Self.longestStatus
        let session = MqttSession(settings: settings, clock: clock)
        session.connect()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let ending = Task {
            for await _ in signals { session.close() }
        }
        defer {
            ending.cancel()
            session.close()
        }
        for await news in session.news {
            switch news {
            case .connected: subscribe(session, topics, of: gateway)
            // Reasons of a connection that was never made name the broker.
            case .refused(let reason):
                Output.error("tidegate: \(reason)")
                return .unavailable
            case .subscriptionRefused(_, let reason):
                let advice = gateway == nil ? "; name one gateway with --gateway" : ""
                Output.error("tidegate: \(place): \(reason)\(advice)")
                return .unavailable
            case .unreachable(let reason): Output.error("tidegate: \(reason); trying again")
            case .disconnected(let reason):
                Output.error("tidegate: \(place): \(reason); trying again")
            case .received(let message): await received(message)
            case .dropped(let count):
                Output.error(
                    "tidegate: \(place): \(count) messages came too fast or were too large, "
                        + "and were dropped")
            case .subscribed, .acknowledged, .publishRefused: break
            }
        }
        return .success
    }

    private func subscribe(_ session: MqttSession, _ topics: [String], of gateway: GatewayName?) {
        for topic in topics {
            do {
                try session.subscribe("\(reader.prefix)/\(gateway?.text ?? "+")/\(topic)")
            } catch {
                Output.error("tidegate: \(error)")
            }
        }
    }
}
