import ArgumentParser
import Delivery
import Glibc
import GridworksParent
import Host
import Journals
import Logging
import Mqtt
import Vocabulary

package struct UpstreamCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "upstream",
        abstract:
            "Run a GridWorks parent: receive, store and command any number of gateways.",
        discussion: """
            The gateways may be Tidegate's or others'. An event \
            is acknowledged once it is on disk. Shows a table on a terminal, one JSON object a line elsewhere.

            Lines on standard input are orders: set ALIAS NODE on|off|EVENT|NUMBER, snap ALIAS, layout \
            ALIAS, quit.

            Stops on SIGINT or SIGTERM: what was stored is acknowledged first. A second signal stops at \
            once. The broker's password comes from $TIDEGATE_PASSWORD.
            """)

    package enum Format: String, ExpressibleByArgument, CaseIterable { case table, jsonl }

    @Option(help: "This parent's alias, as in its gateways' layouts.")
    var alias: String

    @Option(help: "This parent's short name in topics and handles.")
    package var shortName = "ltn"

    @Option(help: "A gateway and its short name in topics: d1.demo.house.scada, or d1.a=s1.")
    var child: [String] = []

    @Option(
        help: """
            mqtt://HOST:PORT, mqtts://HOST:PORT, mqtt+unix:///PATH, or embedded for a private one. \
            Default: the broker of the child that this user runs on this machine.
            """)
    package var broker: String?

    @Option(help: "The user name at the broker.")
    package var user: String?

    @Option(help: "The certificate authority of an mqtts broker, as a PEM file.")
    package var ca: String?

    @Option(help: "The first level of its status topic. Default: tidegate.")
    package var topic: String?

    @Option(help: "The folder of the event store.")
    package var stateDirectory: String?

    @Option(help: "The size of the event store, 1MB or more; the oldest events are evicted.")
    var size = "1GB"

    @Option(help: "table or jsonl. Default: table on a terminal.")
    package var format: Format?

    @Option(help: "The timeout of an acknowledgement.")
    package var ackTimeout = "5s"

    @Option(help: "How long a gateway may be silent before it is pinged.")
    package var pollPeriod = "60s"

    @Flag(help: "Show what was received, and exit; with --format jsonl, all of it.")
    package var list = false

    package init() {}

    package func validate() throws {
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

    package func run() async throws {
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
        ValidationError(
            "\"\(text)\" is not a valid short name: lower-case letters and digits, at most 32")
    }

    private func name(_ text: String, _ option: String) throws -> GatewayName {
        guard let name = GatewayName(text) else {
            throw ValidationError("\(option): \"\(text)\" is not a valid alias: \(GatewayTag.form)")
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

    /// Where the broker is, and the first level of all topics there as far as it is known.
    private func place() throws -> (RunningParent.BrokerLocation, prefix: String) {
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
                ? "several of its children run on this machine"
                : "none of its children runs on this machine"
                    + (others.isEmpty ? "" : " as this user, only \(others)")
            Output.error(
                "tidegate: \(why); name the broker with --broker, or use a private one with "
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
