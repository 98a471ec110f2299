import ArgumentParser
import Channels
import Glibc
import Proactors
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
            title: target.title, isTerminal: Output.isTerminal, clock: clock,
            // A reader that goes away, as `| head` does, ends the command; nothing hangs on it.
            whenUnheard: { _exit(ExitStatus.success.rawValue) })
        var simulated: Set<String> = []
        var title = target.title
        let status = await target.follow(
            ["status", "birth", "live/+"], of: target.gateway, clock: clock
        ) { message in
            guard let read = target.reader.read(message) else { return }
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
        }
        await within(.milliseconds(300), on: clock) { await screen.finish() }
        if status != .success { throw status.code }
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
