import ArgumentParser
import Documents
import Glibc
import Host
import Peers
import PlainJson
import Vocabulary

struct PeerAskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Read a value or status of a gateway, or command it, over the direct link.",
        usage: """
            tidegate peer ask HOST[:PORT] read CHANNEL
            tidegate peer ask HOST[:PORT] set NODE VALUE [--for TIME]
            tidegate peer ask HOST[:PORT] release NODE
            tidegate peer ask HOST[:PORT] status
            tidegate peer ask HOST[:PORT] watch
            """,
        discussion: """
            Text on a terminal, one JSON object a line elsewhere. Ends with 0 after the answer, 1 \
            when the command is refused or fails, 69 when the gateway is unreachable, 75 after a timeout, with \
            the outcome of a command unknown. A watch runs until SIGINT or SIGTERM, and ends with 0 \
            then; with 69 or 75 when the gateway disconnects.
            """)

    @Argument(help: "HOST[:PORT] of a gateway whose layout has a \"peers\" section.")
    var address: String

    @Argument(help: "read CHANNEL, set NODE VALUE, release NODE, status or watch.")
    var words: [String]

    @Option(help: "Timeout of the answer, in seconds.")
    var timeout: Int = 8

    @Option(
        name: .customLong("for"),
        help: "With set: override the node for that time, 1s to 24h, or until release.")
    var overrideFor: String?

    @OptionGroup var speech: PeerSpeech
    @OptionGroup var options: PeerOptions

    func validate() throws {
        guard overrideFor == nil || words.first == "set" else {
            throw ValidationError("--for needs set")
        }
        guard (1...1200).contains(timeout) else {
            throw ValidationError("--timeout must be 1 to 1200")
        }
        _ = try question(id: CommandID("check"))
    }

    private func question(id: CommandID?) throws -> PeerQuestion {
        switch (words.first, words.count) {
        case ("status", 1): return .status
        case ("watch", 1): return .watch
        case ("read", 2):
            guard let channel = DataChannelName(words[1]) else {
                throw ValidationError(
                    "\"\(words[1])\" is no \(DataChannelTag.noun): \(DataChannelTag.form)")
            }
            return .read(channel)
        case ("set", 3):
            let request = try CommandRequest(value: words[2], overrideFor: overrideFor)
            return try order(request, id: id)
        case ("release", 2): return try order(.release, id: id)
        default:
            throw ValidationError(
                "ask for: read CHANNEL, set NODE VALUE, release NODE, status or watch")
        }
    }

    /// The command is of no use when its requester is gone.
    private func order(_ request: CommandRequest, id: CommandID?) throws -> PeerQuestion {
        guard let node = ShNodeName(words[1]), let id else {
            throw ValidationError("\"\(words[1])\" is no \(ShNodeTag.noun): \(ShNodeTag.form)")
        }
        return .set(node, PeerOrder(request, id: id, within: .seconds(timeout)))
    }

    func run() async throws {
        let address = try PeerArguments.address(address)
        var chance = SystemChance()
        let question = try question(id: CommandID(using: &chance))
        var settings = speech.settings()
        settings.timeout = .seconds(timeout)
        let node = try PeerArguments.node(settings, options, speech, reaching: address)
        if question == .watch {
            try await watch(node, address)
        } else {
            let text = try await PeerArguments.ending { () throws(PeerError) in
                try await node.ask(question, of: address)
            }
            try show(text, question)
        }
        await node.stop()
    }

    /// Shows values until a signal asks for the end, or the gateway ends it.
    private func watch(_ node: PeerNode, _ address: PeerAddress) async throws {
        let watch = await node.watch(address)
        let signals = ProcessSignal.all(.interrupt, .terminate, on: SystemClock())
        let watching = Task {
            while let text = try await PeerArguments.ending({ () throws(PeerError) in
                try await watch.next()
            }) {
                try show(text, .watch)
            }
        }
        let ending = Task {
            for await _ in signals { watching.cancel() }
        }
        defer { ending.cancel() }
        try await watching.value
        guard !watching.isCancelled else { return }
        Output.error("tidegate: \(address): ended the watch")
        throw ExitStatus.unavailable.code
    }

    private func show(_ text: [UInt8], _ question: PeerQuestion) throws {
        // The other side is another peer, paired or not.
        let json = String(decoding: text, as: UTF8.self).jsonLine
        if let why = JsonParser.document(text, .strict)?["refused"]?.text {
            Output.error("tidegate: \(address): refused, \(why.printable(limit: 1_000))")
            throw ExitStatus.failure.code
        }
        switch question {
        case .set(let node, let order):
            guard let answer = PlainReader().answer(in: text) else {
                return Output.line(json)
            }
            guard answer.outcome == .confirmed else {
                Output.error(
                    "tidegate: \(node) was not \(words[0] == "release" ? "released" : "set"), \(answer.outcome): "
                        + (answer.detail ?? "no reason given"))
                throw (answer.outcome == .timedOut ? ExitStatus.timedOut : ExitStatus.failure).code
            }
            let state = order.request.state(answer.value)
            let held = overrideFor.map { ", overridden for \($0)" } ?? ""
            Output.line(
                words[0] == "release"
                    ? "\(node) is released and \(state)" : "\(node) is \(state)\(held)")
        case .read, .watch:
            guard Output.isTerminal, let reading = PlainReader().reading(in: text) else {
                if !Output.write(json + "\n", to: STDOUT_FILENO) { throw ExitStatus.success.code }
                return
            }
            let quality = reading.quality == .good ? "" : " (\(reading.quality.rawValue))"
            Output.line("\(reading.channel): \(reading.scaledText)\(quality)")
        case .status:
            guard Output.isTerminal, let report = PlainReader().report(in: text) else {
                return Output.line(json)
            }
            let window = LiveTable.Window(
                width: Machine.terminalWidth, hasColours: Output.hasColours)
            let lines = StatusText(report: report).lines(in: window, at: SystemClock().timestamp)
            // As it is: the table has escaped what is foreign, the rest are its own colours.
            _ = Output.write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO)
        }
    }
}
