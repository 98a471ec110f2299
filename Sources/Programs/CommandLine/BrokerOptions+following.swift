import Glibc
import Host
import Mqtt
import Vocabulary

/// What comes of following the gateways on a broker.
enum Followed: Sendable {
    case message(MqttMessage)
    /// There is a connection from now on.
    case connected
    /// There is none now, and why; it is tried again.
    case lost(String)
    /// Something else that a person should know.
    case problem(String)
}

extension BrokerOptions.Target {
    /// A status names each link, and a parent has one to each of its children.
    private static let longestStatus = 1 << 20
    /// Retained values all come at once, of every gateway on the broker.
    private static let inbox = (messages: 1 << 16, bytes: 32 << 20)

    /// Hands everything that the gateways say on `topics` to `take`, one message after the other, and what
    /// becomes of the connection. A gateway of this machine that named its broker is followed to where it comes
    /// back.
    ///
    /// - Parameters:
    ///   - topics: Below a gateway's own, such as `live/+`.
    ///   - gateway: Nil for every gateway on the broker.
    ///   - quit: Ends it, as a signal does, once something comes.
    ///   - ending: Called when the end is asked for, so that `take` waits no more.
    /// - Returns: Why it ended, after reporting: SIGINT, SIGTERM or `quit`, or a broker that refuses the login.
    func follow(
        _ topics: [String], of gateway: GatewayName?, clock: any GatewayClock,
        quit: AsyncStream<Void>? = nil, ending: @escaping @Sendable () -> Void = {},
        take: (Followed) async -> Void
    ) async -> ExitStatus {
        var settings = settings
        settings.largestPayload = Self.longestStatus
        (settings.inboxCapacity, settings.inboxBytes) = Self.inbox
        // A broker keeps a thousand messages at most for one who is slow to acknowledge; what is retained may
        // be more.
        settings.subscriptionQos = .atMostOnce
        let session = MqttSession(settings: settings, clock: clock)
        session.connect()
        let signals = ProcessSignal.all(.interrupt, .terminate, on: clock)
        let end = { @Sendable in
            session.close()
            ending()
        }
        let endings = [
            Task { for await _ in signals { end() } },
            Task { if let quit { for await _ in quit { end() } } },
        ]
        defer {
            for ending in endings { ending.cancel() }
            session.close()
        }
        for await news in session.news {
            switch news {
            case .connected:
                await take(.connected)
                for problem in subscribe(session, topics, of: gateway) {
                    await take(.problem(problem))
                }
            // Reasons of a connection that was never made name the broker.
            case .refused(let reason):
                Output.error("tidegate: \(reason)")
                return .unavailable
            case .subscriptionRefused(_, let reason):
                let advice = gateway == nil ? "; name one gateway with --gateway" : ""
                Output.error("tidegate: \(place): \(reason)\(advice)")
                return .unavailable
            case .unreachable(let reason): await take(.lost(reason))
            case .disconnected(let reason): await take(.lost("\(place): \(reason)"))
            case .received(let message): await take(.message(message))
            case .dropped(let count):
                await take(
                    .problem(
                        "\(place): \(count) messages dropped, too fast or too "
                            + "large"))
            case .subscribed, .acknowledged, .publishRefused, .nameTaken: break
            }
        }
        return .success
    }

    /// - Returns: What could not be subscribed, and why.
    private func subscribe(
        _ session: MqttSession, _ topics: [String], of gateway: GatewayName?
    ) -> [String] {
        var problems: [String] = []
        for topic in topics {
            do {
                try session.subscribe("\(reader.prefix)/\(gateway?.text ?? "+")/\(topic)")
            } catch {
                problems.append("\(error)")
            }
        }
        return problems
    }
}

extension Followed {
    /// One line for standard error; nil for what goes without saying.
    var complaint: String? {
        switch self {
        case .message, .connected: nil
        case .lost(let why): "tidegate: \(why); retrying"
        case .problem(let why): "tidegate: \(why)"
        }
    }
}
