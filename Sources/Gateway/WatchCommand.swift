import ArgumentParser
import Channels
import Glibc
import Proactors
import UnixSignals
import Upstreams
import Vocabulary

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show all readings of the gateways on a broker as they come.",
        discussion: """
            A table that refreshes in place on a terminal, one JSON object a line elsewhere. Ends on \
            SIGINT or SIGTERM, or with 69 when the broker refuses the login.
            """)

    @OptionGroup var options: BrokerOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let clock = SystemClock()
        let target = try options.target(for: "watch")
        let screen = LiveScreen(
            title: "broker \(target.settings.broker)", isTerminal: Output.isTerminal, clock: clock,
            // A reader that goes away, as `| head` does, ends the command; nothing hangs on it.
            whenUnheard: { _exit(ExitStatus.success.rawValue) })
        let session = MqttSession(settings: target.settings, clock: clock)
        session.connect()
        let watching = Task { await follow(session, target, screen) }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let waiting = Task {
            for await _ in signals {
                watching.cancel()
                break
            }
        }
        let status = await watching.value
        waiting.cancel()
        session.close()
        await within(.milliseconds(300), on: clock) { await screen.finish() }
        if status != .success { throw status.code }
    }

    private func follow(
        _ session: MqttSession, _ target: BrokerOptions.Target, _ screen: LiveScreen
    ) async -> ExitStatus {
        var simulated: Set<String> = []
        var title = "broker \(target.settings.broker)"
        for await news in session.news {
            switch news {
            case .connected:
                for filter in ["status", "birth", "live/+"] {
                    let alias = target.gateway?.text ?? "+"
                    do {
                        try session.subscribe("\(target.reader.prefix)/\(alias)/\(filter)")
                    } catch {
                        Output.error("tidegate: \(error)")
                    }
                }
            case .refused(let reason), .subscriptionRefused(_, let reason):
                Output.error("tidegate: \(target.settings.broker): \(reason)")
                return .unavailable
            case .unreachable(let reason), .disconnected(let reason):
                Output.error("tidegate: \(target.settings.broker): \(reason); trying again")
            case .received(let message):
                guard let read = target.reader.read(message) else { break }
                switch read.matter {
                case .birth(let profile):
                    for node in profile.nodes where node.isSimulated {
                        simulated.insert("\(profile.gateway) \(node.name)")
                    }
                case .status(let status):
                    let stand = "\(read.gateway) is \(status.own.state.word)"
                    guard stand != title else { break }
                    title = stand
                    screen.scroll("\(title)\n")
                case .live(let reading):
                    screen.show([row(reading, read.gateway, simulated, message.text)])
                default: break
                }
            case .subscribed, .acknowledged, .publishRefused, .dropped: break
            }
        }
        return .success
    }

    private func row(
        _ reading: PlainReading, _ gateway: GatewayName, _ simulated: Set<String>, _ json: String
    ) -> LiveRow {
        LiveRow(
            gateway: gateway.text, node: reading.node.text, channel: reading.channel.text,
            text: reading.quality == .good ? reading.text : "—", quality: reading.quality,
            at: reading.time, isSimulated: simulated.contains("\(gateway) \(reading.node)"),
            json: json)
    }
}
