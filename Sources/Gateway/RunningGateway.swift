import Brokers
import Glibc
import Layouts
import Logging
import Proactors
import UnixSignals
import Vocabulary

/// One gateway from its first line of log to its exit status.
final class RunningGateway {
    private let layout: HardwareLayout
    private let settings: ResolvedSettings
    private let clock: any GatewayClock
    private let screen: LiveScreen?
    private let logs: LogWriter
    private let logger: Logger
    private let assembly: GatewayAssembly
    private var brokers: [EmbeddedBroker] = []
    private var runFile: RunFile?

    init(
        layout: HardwareLayout, settings: ResolvedSettings, showsLiveValues: Bool,
        clock: any GatewayClock
    ) {
        (self.layout, self.settings, self.clock) = (layout, settings, clock)
        let screen =
            showsLiveValues
            ? LiveScreen(
                title: "gateway \(layout.gateway)", isTerminal: Output.isTerminal, clock: clock)
            : nil
        self.screen = screen
        // A table that refreshes in place and log lines on the same terminal must share one writer.
        let sharesTerminal = Output.isTerminal && isatty(STDERR_FILENO) == 1
        let logs = LogWriter(
            descriptor: STDERR_FILENO, clock: clock, scroll: sharesTerminal ? screen?.scroll : nil)
        self.logs = logs
        logger = Logger(label: "tidegate") { _ in
            GatewayLogHandler(
                logLevel: settings.logLevel.value, format: settings.logFormat.value, writer: logs,
                clock: clock)
        }
        assembly = GatewayAssembly(
            layout: layout, settings: settings, clock: clock, logger: logger)
    }

    /// Runs until a signal asks for the end.
    func run() async -> ExitStatus {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let status = await run(until: signals)
        screen?.finish()
        logs.drain()
        return status
    }

    private func run(until signals: UnixSignalsSequence) async -> ExitStatus {
        let lock: StateLock
        let proactor: Proactor
        var chance = SystemChance()
        let incarnation = CommandID(using: &chance).text
        let profile = assembly.profile(incarnation: incarnation)
        do {
            lock = try StateLock(directory: settings.stateDirectory.value)
            proactor = try assembly.proactor(profile)
        } catch {
            logger.critical("cannot start: \(error)")
            return .unavailable
        }
        defer { withExtendedLifetime(lock) {} }
        logger.notice(
            "starting \(layout.nodes.count) nodes",
            metadata: ["gateway": "\(layout.gateway)", "incarnation": "\(incarnation)"])
        await proactor.start()
        let showing = show(proactor)
        do {
            for upstream in layout.upstreams { try await attach(upstream, to: proactor, profile) }
        } catch {
            logger.critical("cannot start: \(error)")
            await stop(proactor, showing)
            return .unavailable
        }
        let (requests, request) = AsyncStream<UnixSignal>.makeStream()
        let listening = Task {
            var isStopping = false
            for await signal in signals {
                if isStopping {
                    Output.error("tidegate: second signal, \(signal): stopped at once")
                    _exit(ExitStatus.interrupted.rawValue)
                }
                isStopping = true
                request.yield(signal)
            }
        }
        for await signal in requests {
            logger.notice("stopping on \(signal)")
            break
        }
        await stop(proactor, showing)
        listening.cancel()
        logger.notice("stopped")
        return .success
    }

    private func attach(
        _ upstream: UpstreamLayout, to proactor: Proactor, _ profile: GatewayProfile
    ) async throws {
        let login: UpstreamLogin
        if let address = assembly.brokerAddress(of: upstream) {
            login = try assembly.login(of: upstream, at: address)
        } else {
            login = try await startBroker()
        }
        try leaveRunFile(login, topic: upstream.topic)
        await proactor.attach(try assembly.plan(for: upstream, login: login, profile: profile))
    }

    private func stop(_ proactor: Proactor, _ showing: Task<Void, Never>?) async {
        runFile?.remove()
        await proactor.stop()
        await showing?.value
        for broker in brokers { await broker.stop() }
    }

    /// Copies live values to the screen, newest first served, until the proactor stops.
    private func show(_ proactor: Proactor) -> Task<Void, Never>? {
        guard let screen else { return nil }
        let channels = LiveRows(profile: proactor.profile)
        let subscription = proactor.live.subscribe("screen")
        return Task {
            while let news = await subscription.next() { screen.show(channels.rows(news)) }
        }
    }

    /// Starts a private mosquitto and has its fate logged.
    private func startBroker() async throws -> UpstreamLogin {
        var chance = SystemChance()
        try Machine.makeFolder(RunFile.folder)
        let broker = EmbeddedBroker(
            folder: "\(RunFile.folder)/\(layout.gateway)-broker", clock: clock, using: &chance)
        brokers.append(broker)
        let login = try await broker.start()
        logger.notice("embedded broker listens", metadata: ["broker": "\(login.address)"])
        let logger = logger
        Task {
            for await news in broker.news {
                switch news {
                case .started: break
                case .died(let reason): logger.error("embedded broker died: \(reason)")
                case .restarted: logger.notice("embedded broker runs again")
                }
            }
        }
        return UpstreamLogin(address: login.address, user: login.user, password: login.password)
    }

    private func leaveRunFile(_ login: UpstreamLogin, topic: String) throws(MachineError) {
        guard runFile == nil else { return }
        let file = RunFile(
            gateway: layout.gateway, broker: login.address, user: login.user,
            password: login.password, topic: topic)
        try file.write()
        runFile = file
    }
}
