import ArgumentParser
import Glibc
import Host
import Mqtt
import PlainJson
import Proactors
import Timing
import Vocabulary

package struct WatchCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show live readings of a gateway on this machine, or of those on a broker.",
        discussion: """
            A gateway on this machine is asked itself, without a broker, unless an option names one.

            On a terminal a table that refreshes in place, relays and faulty channels first, active \
            faults at its foot. Arrows, j and k, PgUp and PgDn scroll, q quits. Values are in units of the right size \
            there, such as kWh; NO_COLOR=1 switches colours off. Elsewhere it is one JSON object a line, exact.

            Ends on SIGINT or SIGTERM with 0, or with 69 when the broker refuses the login or the gateway the user.
            """)

    @OptionGroup var options: BrokerOptions

    package init() {}

    package func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let clock = SystemClock()
        let local = try options.local()
        let target = try local == nil ? options.target(for: "watch") : nil
        let (deferredCommands, deferred) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let screen = LiveScreen(
            title: local.map { "gateway \($0.gateway)" } ?? target?.title ?? "",
            isTerminal: Output.isTerminal, keys: .scrollAndQuit, clock: clock,
            quit: { deferred.yield() },
            // A reader that goes away, as `| head` does, ends the command; nothing hangs on it.
            whenUnheard: {
                TerminalKeys.end()
                _exit(ExitStatus.success.rawValue)
            })
        let viewer = Viewer(
            screen: screen, reader: target?.reader ?? PlainReader(), clock: clock)
        let status: ExitStatus
        if let target {
            status = await target.follow(
                ["status", "birth", "faults", "live/+"], of: target.gateway, clock: clock,
                quit: deferredCommands, ending: { screen.release() }
            ) { await viewer.take($0) }
        } else {
            status = await LocalFollow(
                request: .watch, places: [local].compactMap(\.self), clock: clock
            ).follow(quit: deferredCommands, ending: { screen.release() }) {
                await viewer.take($0)
            }
        }
        await within(.milliseconds(300), on: clock) { await screen.finish() }
        if status != .success { throw status.code }
    }
}

/// Brings what comes over a broker to the screen.
private struct Viewer: Sendable {
    let screen: LiveScreen
    let reader: PlainReader
    let clock: any GatewayClock

    func take(_ news: Followed) async {
        switch news {
        case .message(let message): await take(message)
        case .connected: screen.update { $0.complaint = nil }
        case .lost(let why): complain("not connected: \(why); retrying", stays: true)
        case .problem(let why): complain(why, stays: false)
        }
    }

    private func take(_ message: MqttMessage) async {
        guard let read = reader.read(message) else { return }
        switch read.matter {
        case .birth(let profile): screen.update { $0.describe(profile) }
        case .activeFaults(let faults): screen.update { $0.take(faults, of: read.gateway.text) }
        case .status(let status):
            var word: String?
            let now = clock.now
            screen.update { word = $0.take(status, of: read.gateway.text, at: now) }
            guard let word else { return }
            screen.scroll("\(read.gateway) is \(word)\n")
            if !screen.isTerminal, word != "online" {
                Output.error("tidegate: \(read.gateway) is \(word); its values are outdated")
            }
        case .live(let reading):
            await screen.show([LiveRow(reading, of: read.gateway, json: message.text.jsonLine)])
        default: break
        }
    }

    /// - Parameter stays: Whether it stands below the table until there is a connection again.
    private func complain(_ why: String, stays: Bool) {
        guard screen.isTerminal else { return Output.error("tidegate: \(why)") }
        screen.scroll("tidegate: \(why.printable(limit: 2_000))\n")
        if stays { screen.update { $0.complaint = why } }
    }
}
