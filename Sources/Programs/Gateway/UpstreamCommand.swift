import ArgumentParser
import Glibc
import GridworksParent
import Journals
import Links
import Logging
import Mqtt
import Vocabulary

struct UpstreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upstream",
        abstract:
            "Be the other end: hear gateways in GridWorks' words, keep what they send, command them.",
        discussion: """
            Takes the part of a GridWorks parent for any number of gateways, Tidegate's or others'. An event \
            is acknowledged once it is on disk. Shows a table on a terminal, one JSON object a line elsewhere.

            Lines on standard input are orders: set ALIAS NODE on|off|EVENT|NUMBER, snap ALIAS, layout \
            ALIAS, quit.

            Stops on SIGINT or SIGTERM: what was stored is acknowledged first. A second signal stops at \
            once. The broker's password comes from $TIDEGATE_PASSWORD.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case table, jsonl }

    @Option(help: "Who this is: the alias that its gateways call their parent.")
    var alias: String

    @Option(help: "What the gateways call it in topics and in handles.")
    var shortName = "ltn"

    @Option(help: "A gateway, and what it is called in topics: d1.demo.house.scada, or d1.a=s1.")
    var child: [String] = []

    @Option(
        help: """
            mqtt://HOST:PORT, mqtts://HOST:PORT, mqtt+unix:///PATH, or embedded for a private one. \
            Without it, that of the child that this user runs on this machine.
            """)
    var broker: String?

    @Option(help: "The user to log in as.")
    var user: String?

    @Option(help: "The certificate authority of an mqtts broker, as a PEM file.")
    var ca: String?

    @Option(help: "The first level of the topic that says how it and its links stand: tidegate.")
    var topic: String?

    @Option(help: "The folder in which what came is kept.")
    var stateDirectory: String?

    @Option(help: "How much is kept, 1MB or more; the oldest is evicted.")
    var size = "1GB"

    @Option(help: "table or jsonl. A table on a terminal when nothing is said.")
    var format: Format?

    @Option(help: "How long an acknowledgement may take.")
    var ackTimeout = "5s"

    @Option(help: "How long a gateway may be silent before it is asked for a heartbeat.")
    var pollPeriod = "60s"

    @Flag(help: "Show what was received, and end; with --format jsonl, all of it.")
    var list = false

    func validate() throws {
        _ = try name(alias, "--alias")
        guard Self.isShortName(shortName) else { throw Self.badShortName(shortName) }
        guard list || !child.isEmpty else { throw ValidationError("name a gateway with --child") }
        let aliases = try children().map(\.alias)
        guard Set(aliases).count == aliases.count else {
            throw ValidationError("--child: each gateway is named once")
        }
        if let broker, broker != "embedded", let problem = BrokerAddress.problem(in: broker) {
            throw ValidationError("--broker: \(problem)")
        }
        if let topic,
            topic.isEmpty || topic.hasPrefix("$") || topic.contains(where: "/#+\0".contains)
        {
            throw ValidationError(
                "--topic \(topic) must be one level, without / # + and not starting with $")
        }
        guard JournalSettings.bytes(size) != nil else {
            throw ValidationError("--size \(size) must be a size like 100MB or 1GB")
        }
        let ack = try time(ackTimeout, "--ack-timeout")
        guard try time(pollPeriod, "--poll-period") >= ack else {
            throw ValidationError("--poll-period must not be shorter than --ack-timeout")
        }
    }

    func run() async throws {
        let directory = try directory()
        let path = "\(directory)/received.sqlite"
        if list { return try show(path) }
        // A reader that goes away is no reason to stop hearing.
        signal(SIGPIPE, SIG_IGN)
        Machine.raiseDescriptorLimit()
        let isTable = format.map { $0 == .table } ?? Output.isTerminal
        let (place, prefix) = try place()
        let running = RunningParent(
            plan: RunningParent.Plan(
                alias: try name(alias, "--alias"), shortName: shortName,
                children: try children(),
                rules: LinkRules(
                    ackTimeout: try time(ackTimeout, "--ack-timeout"),
                    pollPeriod: try time(pollPeriod, "--poll-period")),
                broker: place, topic: topic ?? prefix, directory: directory, path: path,
                size: JournalSettings.bytes(size) ?? 1_000_000_000),
            isTable: isTable, clock: SystemClock())
        let status = await running.run()
        if status != .success { throw status.code }
    }

    // MARK: Options

    private func children() throws -> [GridworksParentCodec.Child] {
        try child.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let alias = try name(String(parts[0]), "--child")
            guard parts.count > 1 else { return GridworksParentCodec.Child(alias) }
            guard Self.isShortName(String(parts[1])) else { throw Self.badShortName("\(parts[1])") }
            return GridworksParentCodec.Child(alias, shortName: String(parts[1]))
        }
    }

    private static func isShortName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }

    private static func badShortName(_ text: String) -> ValidationError {
        ValidationError("\"\(text)\" is no short name: lower-case letters and digits, at most 32")
    }

    private func name(_ text: String, _ option: String) throws -> GatewayName {
        guard let name = GatewayName(text) else {
            throw ValidationError("\(option): \"\(text)\" is no alias: \(GatewayTag.form)")
        }
        return name
    }

    private func time(_ text: String, _ option: String) throws -> Duration {
        guard let time = Duration(layoutText: text), time >= .milliseconds(100) else {
            throw ValidationError("\(option) \(text) must be a time like 500ms, 5s or 1min")
        }
        return time
    }

    private func directory() throws -> String {
        let given = stateDirectory ?? Machine.environment("TIDEGATE_STATE_DIRECTORY")
        if let given { return Machine.absolute(given) }
        return ResolvedSettings.standardStateDirectory(
            Machine.environment, name: try name(alias, "--alias").text)
    }

    /// Where the broker is, and the first level of all topics there as far as anybody says.
    private func place() throws -> (RunningParent.BrokerPlace, prefix: String) {
        if broker == "embedded" { return (.embedded, "tidegate") }
        let password = Machine.environment("TIDEGATE_PASSWORD")
        if let address = broker.flatMap(BrokerAddress.init) {
            let tls = address.usesTls ? MqttTls(ca: ca) : nil
            return (.at(address, user: user, password: password, tls: tls), "tidegate")
        }
        let aliases = Set(try children().map(\.alias))
        // Any other gateway's broker is that gateway's own: its child would not be there.
        let running = RunFile.all()
        let found = running.filter { aliases.contains($0.gateway) }
        guard let file = found.first, found.count == 1 else {
            let others = running.map(\.gateway.text).joined(separator: ", ")
            let why =
                found.count > 1
                ? "several of its children run here"
                : "none of its children runs here"
                    + (others.isEmpty ? "" : " as this user, only \(others)")
            Output.error(
                "tidegate: \(why); name the broker with --broker, or have a private one by "
                    + "--broker embedded")
            throw ExitStatus.configuration.code
        }
        return (.of(file, user: user, ca: ca), file.topic)
    }

    // MARK: What was received

    private func show(_ path: String) throws {
        signal(SIGPIPE, SIG_DFL)
        let store: ReceivedInspector
        do throws(JournalError) {
            store = try ReceivedInspector(path: path)
        } catch {
            Output.error("tidegate: \(error.detail)")
            throw ExitStatus.noInput.code
        }
        if format == .jsonl {
            var after: Int64 = 0
            while let (lines, last) = try withJournal({ () throws(JournalError) in
                try store.lines(after: after)
            }) {
                after = last
                let text = lines.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
                guard Output.write(text, to: STDOUT_FILENO) else { return }
            }
            return
        }
        var table = Table("CHILD", "EVENTS", "OLDEST", "NEWEST")
        for child in try withJournal({ () throws(JournalError) in try store.overview() }) {
            table.add(
                child.child.text, "\(child.count)", child.oldest?.iso8601 ?? "-",
                child.newest?.iso8601 ?? "-")
        }
        table.lines.forEach(Output.line)
    }
}
