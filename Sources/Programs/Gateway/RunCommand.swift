import ArgumentParser
import Brokers
import CommandLine
import Glibc
import Host
import Layouts
import Logging
import Proactors
import Vocabulary

package struct RunCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the gateway that a layout describes.",
        discussion: """
            Stops on SIGINT, SIGTERM, SIGQUIT or SIGPWR: relays go to their safe states, upstreams get an offline \
            status, within two seconds. A second signal stops at once. A changed layout is validated and applied \
            while the gateway runs, on SIGHUP at once. Every option also has an environment variable \
            and, except the broker, a key in the layout; --explain-settings shows which one applies.
            """)

    @Argument(help: "The layout file.", completion: .file(extensions: ["json"]))
    package var layout: String

    @Flag(help: "Simulate all hardware.")
    var simulate = false

    @Option(
        help: """
            The broker of the upstream: embedded, mqtt://HOST:PORT, mqtts://HOST:PORT or \
            mqtt+unix:///PATH.
            """)
    package var broker: String?

    @Flag(help: "With --simulate: use the brokers of the layout, not an embedded one.")
    var realUpstreams = false

    @Option(help: "The seed of simulated hardware and of all random numbers.")
    var seed: UInt64?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    package var logLevel: String?

    @Option(help: "text for people, json for machines. Default: text on a terminal.")
    var logFormat: String?

    @Option(
        help: "The folder of totals, journal and keys; simulated runs use a subfolder.")
    var stateDirectory: String?

    @Flag(help: "Show live values on standard output, as `tidegate watch` does.")
    var watch = false

    @Flag(help: "Print every setting with the origin of its value, and exit.")
    var explainSettings = false

    package init() {}

    package func run() async throws {
        let path = layout
        let (layout, bytes, _) = try LoadedLayout.checked(path)
        let settings = try resolve(for: layout)
        if settings.broker.value != nil, layout.upstreams.count > 1 {
            Output.error(
                "tidegate: \(settings.broker.origin): the layout has \(layout.upstreams.count) upstreams, "
                    + "and one broker for all would receive everything twice; set the brokers in the layout"
            )
            throw ExitStatus.configuration.code
        }
        if explainSettings {
            var table = Table("SETTING", "VALUE", "FROM")
            for line in settings.explanation { table.add(line.name, line.value, line.origin) }
            table.lines.forEach(Output.line)
            return
        }
        Machine.raiseDescriptorLimit()
        // A reader that goes away, as `| head` does, is no reason to leave relays as they are.
        signal(SIGPIPE, SIG_IGN)
        let clock = SystemClock()
        let assembly = GatewayAssembly(
            layout: layout, settings: settings, clock: clock, logger: Self.silence)
        if let problem = assembly.lack { end(assembly, because: problem) }
        let gateway = RunningGateway(
            layout: layout, file: LayoutFile(path: path, content: bytes, clock: clock),
            settings: settings, showsLiveValues: watch, clock: clock)
        let status = await gateway.run()
        if status != .success { throw status.code }
    }

    /// Ends the program that the machine has no room for, relays in their safe states.
    ///
    /// - Parameter problem: What there is not enough of.
    package func end(because problem: String) -> Never {
        if let loaded = try? LoadedLayout.valid(layout), let settings = try? resolve(for: loaded) {
            end(
                GatewayAssembly(
                    layout: loaded, settings: settings, clock: SystemClock(), logger: Self.silence),
                because: problem)
        }
        Output.error("tidegate: cannot start: \(problem)")
        Glibc.exit(ExitStatus.software.rawValue)
    }

    private func end(_ assembly: GatewayAssembly, because problem: String) -> Never {
        do {
            try assembly.lock.take()
        } catch StateLock.Failure.held(let why) {
            // The other one drives the relays.
            Output.error("tidegate: cannot start: \(why)")
            Glibc.exit(ExitStatus.unavailable.rawValue)
        } catch {
            // The relays come first, whatever else is wrong.
        }
        defer { assembly.lock.release() }
        let doubtful = assembly.driveSafeStates()
        for line in doubtful { Output.error("tidegate: not safe: \(line)") }
        Output.error(
            "tidegate: cannot start: \(problem)" + (doubtful.isEmpty ? "; all relays are safe" : "")
        )
        Glibc.exit(ExitStatus.software.rawValue)
    }

    private static let silence = Logger(label: "tidegate") { _ in SwiftLogNoOpLogHandler() }

    private func resolve(for layout: HardwareLayout) throws -> ResolvedSettings {
        var given = ResolvedSettings.CommandLine()
        (given.broker, given.logLevel, given.logFormat) = (broker, logLevel, logFormat)
        (given.stateDirectory, given.seed) = (stateDirectory, seed)
        given.simulate = simulate ? true : nil
        given.realUpstreams = realUpstreams ? true : nil
        do {
            return try ResolvedSettings(
                given, environment: Machine.environment, layout: layout.settings,
                gateway: layout.gateway, isTerminal: isatty(STDERR_FILENO) == 1)
        } catch {
            for line in error.lines { Output.error("tidegate: \(line)") }
            throw ExitStatus.configuration.code
        }
    }
}
