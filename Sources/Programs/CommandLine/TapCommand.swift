import ArgumentParser
import Glibc
import Host
import Mqtt
import PlainJson
import Timing
import Vocabulary

package struct TapCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "tap",
        abstract: "Monitor the status of gateways on a broker and of their links (passive).",
        discussion: """
            Without a broker on this machine or among the options the gateways of this machine are asked themselves.

            A line for each change on a terminal, one JSON object for each status elsewhere. A gateway \
            without a status for one interval is late, for three lost. Ends on SIGINT or SIGTERM, \
            or with 69 when the broker refuses the login.
            """)

    @OptionGroup var options: BrokerOptions

    package init() {}

    package func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let clock = SystemClock()
        // A broker has more to say: of all that are on it. What there is without one is followed without.
        let local = RunFile.all().isEmpty ? options.allLocal : []
        guard local.isEmpty else { return try await tap(local, on: clock) }
        let target = try options.target(for: "tap", isForAll: true)
        let state = TapState(clock: clock, reader: target.reader)
        let looking = Task { await state.lookForSilence() }
        // Other clients of the broker have links there, too.
        let status = await target.follow(
            ["status"], of: options.gateway == nil ? nil : target.gateway, clock: clock
        ) { news in
            if case .message(let message) = news { await state.take(message) }
            if let complaint = news.complaint { Output.error(complaint) }
        }
        looking.cancel()
        if status != .success { throw status.code }
    }

    /// Follows gateways of this machine without a broker.
    private func tap(_ places: [LocalGateways.Place], on clock: SystemClock) async throws {
        let state = TapState(clock: clock, reader: PlainReader())
        let looking = Task { await state.lookForSilence() }
        let status = await LocalFollow(request: .tap, places: places, clock: clock).follow { news in
            if case .message(let message) = news { await state.take(message) }
            if let complaint = news.complaint { Output.error(complaint) }
        }
        looking.cancel()
        if status != .success { throw status.code }
    }
}

/// Where the messages and the silence meet.
private actor TapState {
    private let clock: any GatewayClock
    private let reader: PlainReader
    private var tap = LinkTap(isJson: !Output.isTerminal)

    init(clock: any GatewayClock, reader: PlainReader) {
        (self.clock, self.reader) = (clock, reader)
    }

    func take(_ message: MqttMessage) {
        guard let read = reader.read(message), case .status(let status) = read.matter else {
            return
        }
        show(tap.take(status, isRetained: message.isRetained, at: clock.timestamp))
    }

    /// Looks once a second, which is finer than any interval that gateways state.
    func lookForSilence() async {
        let ticker = Ticker(every: .seconds(1), clock: clock)
        while await ticker.next() != nil {
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
