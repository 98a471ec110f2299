import ArgumentParser
import Channels
import Glibc
import UnixSignals
import Upstreams
import Vocabulary

struct TapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap",
        abstract: "Follow how the gateways on a broker and their links stand, without being one.",
        discussion: """
            A line for each change on a terminal, one JSON object for each status elsewhere. A gateway \
            that is silent for one of its intervals is late, for three lost. Ends on SIGINT or SIGTERM, \
            or with 69 when the broker refuses the login.
            """)

    @OptionGroup var options: BrokerOptions

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let clock = SystemClock()
        let target = try options.target(for: "tap")
        let session = MqttSession(settings: target.settings, clock: clock)
        session.connect()
        let desk = TapDesk(clock: clock, target: target)
        let following = Task { await desk.follow(session) }
        let looking = Task { await desk.lookForSilence() }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let waiting = Task {
            for await _ in signals {
                following.cancel()
                break
            }
        }
        let status = await following.value
        waiting.cancel()
        looking.cancel()
        session.close()
        if status != .success { throw status.code }
    }
}

/// Where the messages and the silence meet.
private actor TapDesk {
    private let clock: any GatewayClock
    private let target: BrokerOptions.Target
    private var tap = LinkTap(isJson: !Output.isTerminal)

    init(clock: any GatewayClock, target: BrokerOptions.Target) {
        (self.clock, self.target) = (clock, target)
    }

    func follow(_ session: MqttSession) async -> ExitStatus {
        for await news in session.news {
            switch news {
            case .connected:
                let alias = target.gateway?.text ?? "+"
                do {
                    try session.subscribe("\(target.reader.prefix)/\(alias)/status")
                } catch {
                    Output.error("tidegate: \(error)")
                }
            case .refused(let reason), .subscriptionRefused(_, let reason):
                Output.error("tidegate: \(target.settings.broker): \(reason)")
                return .unavailable
            case .unreachable(let reason), .disconnected(let reason):
                Output.error("tidegate: \(target.settings.broker): \(reason); trying again")
            case .received(let message):
                guard let read = target.reader.read(message), case .status(let status) = read.matter
                else { break }
                show(tap.take(status, at: clock.timestamp))
            default: break
            }
        }
        return .success
    }

    /// Looks once a second, which is finer than any interval that gateways state.
    func lookForSilence() async {
        while (try? await clock.sleep(until: clock.now.advanced(by: .seconds(1)))) != nil {
            show(tap.look(at: clock.timestamp))
        }
    }

    private func show(_ lines: [String]) {
        for line in lines where !Output.write(line + "\n", to: STDOUT_FILENO) {
            // A reader that goes away ends the command.
            _exit(ExitStatus.success.rawValue)
        }
    }
}
