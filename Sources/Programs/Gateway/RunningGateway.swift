import Brokers
import CommandLine
import Glibc
import Host
import Journals
import Layouts
import Logging
import Peers
import Proactors
import Threads
import Timing
import Vocabulary

/// One gateway from its first line of log to its exit status.
actor RunningGateway {
    /// How long the last lines have to reach a terminal or pipe, and the broker to end.
    private static let lastWords = Duration.milliseconds(300)
    /// How long the journal has to close. It may have to put a deleted file back.
    private static let journalClose = Duration.seconds(2)
    /// How long the word that the gateway is ready waits for relays whose devices are open or hang.
    private static let readyTime = Duration.seconds(5)

    /// As it was at the start: upstreams, journal, peers and settings stay so.
    private let layout: HardwareLayout
    let reloads: LayoutReloads
    private let layoutPath: String
    private let settings: ResolvedSettings
    private let clock: any GatewayClock
    private let screen: LiveScreen?
    private let logs: LogWriter
    private let logger: Logger
    private let levels: LogLevels
    private let assembly: GatewayAssembly
    private let service = ServiceManager()
    private let life: GatewayLife
    private var broker: BrokerKeeper?
    private var door: PeerDoor?
    private var control: (door: LocalControlDoor, running: Task<Void, Never>)?
    private var web: (door: WebDoor, running: Task<Void, Never>)?
    /// Keep the door open, and have the proactor hear of the peers.
    private var peerTasks: [Task<Void, Never>] = []
    private var runFile: RunFileKeeper?
    private var hasFailedToStart = false
    private var isStopping = false

    init(
        layout: HardwareLayout, file: LayoutFile, settings: ResolvedSettings, showsLiveValues: Bool,
        clock: any GatewayClock
    ) {
        (self.layout, self.settings, self.clock) = (layout, settings, clock)
        layoutPath = file.path
        let screen =
            showsLiveValues
            ? LiveScreen(
                title: "gateway \(layout.gateway)", isTerminal: Output.isTerminal, keys: .scroll,
                clock: clock)
            : nil
        self.screen = screen
        // A table that refreshes in place and log lines on the same terminal must share one writer.
        let sharesTerminal = Output.isTerminal && isatty(STDERR_FILENO) == 1
        let logs = LogWriter(
            descriptor: STDERR_FILENO, clock: clock, scroll: sharesTerminal ? screen?.scroll : nil)
        self.logs = logs
        let threshold = LogThreshold(settings.logLevel.value)
        logger = Logger(label: "tidegate") { _ in
            GatewayLogHandler(
                logLevel: settings.logLevel.value, format: settings.logFormat.value, writer: logs,
                clock: clock, threshold: threshold)
        }
        levels = LogLevels(threshold, clock: clock, logger: logger)
        assembly = GatewayAssembly(
            layout: layout, settings: settings, clock: clock, logger: logger)
        life = GatewayLife(service: service, clock: clock, logger: logger)
        reloads = LayoutReloads(
            file: file, layout: layout, assembly: assembly, life: life, logger: logger)
    }

    /// Runs until a signal asks for the end.
    func run() async -> ExitStatus {
        let signals = ProcessSignal.all(
            .interrupt, .terminate, .quit, .powerFailure, .processorTime, .hangUp, on: clock)
        ProcessSignal.ignoreOthers()
        let (requests, request) = AsyncStream<String>.makeStream()
        // Listens to the very end of the process, so that a second signal always counts.
        let (reloads, clock) = (reloads, clock)
        Task {
            var stops = StopSignals()
            for await signal in signals {
                if signal == .hangUp {
                    reloads.demand()
                    continue
                }
                switch stops.take(at: clock.now) {
                case .stop: request.yield("\(signal)")
                case .endAtOnce: StopSignals.endAtOnce(on: "\(signal)")
                case .nothing: break
                }
            }
        }
        let pool = Task { await TaskPool.keepFull(processors: Machine.cores, on: clock) }
        defer { pool.cancel() }
        let status = await run(until: requests, request)
        let screen = screen
        let logs = logs
        screen?.update { $0.isStopped = true }
        await within(Self.lastWords, on: clock) {
            await logs.finish()
            await screen?.finish()
        }
        return status
    }

    /// - Parameter request: Asks for the end itself when the start fails.
    private func run(
        until requests: AsyncStream<String>, _ request: AsyncStream<String>.Continuation
    ) async -> ExitStatus {
        defer { assembly.lock.release() }
        for doubt in LoadedLayout.doubts(about: layout, in: "layout") {
            logger.warning(.layoutWarning, "\(doubt)")
        }
        let proactor: Proactor
        let journal: SqliteJournal
        var chance = SystemChance()
        let incarnation = CommandID(using: &chance).text
        let profile = assembly.profile(incarnation: incarnation)
        do {
            journal = assembly.journal(profile)
            proactor = try assembly.proactor(profile, journal)
        } catch {
            logger.critical(.gatewayStartFailed, "cannot start: \(error)")
            return .unavailable
        }
        do {
            try assembly.lock.take()
            try Machine.makeFolder(settings.dataDirectory)
            try prepare()
            await remember(profile, proactor)
        } catch StateLock.Failure.held(let why) {
            // The other one drives the relays.
            logger.critical(.gatewayStartFailed, "cannot start: \(why)")
            return .unavailable
        } catch {
            // Whatever else is wrong: a relay that is still on from before does not wait for it.
            logger.critical(.gatewayStartFailed, "cannot start: \(error)")
            await proactor.start()
            await proactor.stop(because: "a failed start")
            return .unavailable
        }
        let lacking = proactor.lackingRelays
        guard lacking.isEmpty else {
            for (name, why) in lacking {
                logger.critical(.gatewayStartFailed, "cannot start: node \(name): \(why)")
            }
            for line in assembly.driveSafeStates(of: Set(lacking.keys)) {
                logger.error(.relayUnsafe, "not safe: \(line)")
            }
            await proactor.start()
            await proactor.stop(because: "a failed start")
            return .software
        }
        if let notice = assembly.simulationNotice {
            logger.notice(.gatewaySimulated, "\(notice)")
        }
        logger.notice(
            .gatewayStarting, "starting \(layout.nodes.count) nodes",
            metadata: ["gateway": "\(layout.gateway)", "incarnation": "\(incarnation)"])
        let showing = show(proactor)
        Task {
            guard await !self.start(proactor, journal, profile, request) else { return }
            request.yield("a failed start")
        }
        var reason = ""
        for await request in requests {
            logger.notice(.gatewayStopping, "stopping on \(request)")
            (isStopping, reason) = (true, request)
            break
        }
        life.stopping(status: "stopping on \(reason)")
        // Relays do not wait for a layout that is still read or checked; a stopped proactor takes none.
        let reloads = reloads
        await within(Self.lastWords, on: clock) { await reloads.stop() }
        let areSafe = await stop(proactor, because: reason, showing)
        // A disk that hangs does not hold up the end; the next start finds what was kept.
        await within(Self.journalClose, on: clock) { [logger] in
            await journal.close()
            let lost = await journal.lostAtClose
            guard lost > 0 else { return }
            logger.error(
                .journalLost, "\(lost) records lost: the disk did not take them, nor all upstreams",
                metadata: ["count": "\(lost)"])
        }
        life.stop()
        logger.notice(.gatewayStopped, "stopped")
        if hasFailedToStart { return .unavailable }
        if life.isHopeless { return .lifeless }
        return areSafe ? .success : .software
    }

    /// What a start needs of the machine, so that what is missing is reported at once.
    private func prepare() throws {
        for upstream in assembly.upstreams where assembly.brokerAddress(of: upstream) == nil {
            _ = try assembly.listener(of: upstream)
        }
        if let device = layout.settings.watchdogDevice { try life.open(device) }
    }

    /// What earlier layouts had brokers keep is taken back.
    private func remember(_ profile: GatewayProfile, _ proactor: Proactor) async {
        do throws(MachineError) {
            let former = try assembly.retainedNames.note(profile)
            await proactor.forget(former)
        } catch {
            logger.warning(
                .retainedNamesUnsaved,
                "retained topics of earlier layouts may remain at brokers: \(error.detail)")
        }
    }

    /// - Returns: Whether all of it could be started.
    private func start(
        _ proactor: Proactor, _ journal: SqliteJournal, _ profile: GatewayProfile,
        _ request: AsyncStream<String>.Continuation
    ) async -> Bool {
        await proactor.start()
        let unconfirmed = await proactor.untilSafe(within: Self.readyTime)
        if !unconfirmed.isEmpty {
            let names = unconfirmed.map(\.text).sorted().joined(separator: ", ")
            logger.error(.relayUnsafe, "not in their safe states after the start: \(names)")
        }
        guard !isStopping else { return true }
        life.start(proactor, unconfirmed) { request.yield("no heartbeat from the \($0)") }
        // Before the journal, which may take as long to open as it is damaged.
        let status = assembly.status(of: proactor)
        listenLocally(status)
        if let web = layout.web { serve(web, status) }
        do {
            var chance = SystemChance()
            try await journal.open(fresh: JournalIdentity(using: &chance))
            guard !isStopping else { return true }
            life.watchJournal(of: proactor)
            if let peers = layout.peers { listen(peers, answering: proactor) }
            for upstream in assembly.upstreams where !isStopping {
                try await attach(upstream, to: proactor, profile)
            }
            // Only now is there a pump to which each upstream's new words could be given.
            if !isStopping { await reloads.start(proactor) }
            let clock = clock
            Task {
                try await clock.sleep(until: clock.now.advanced(by: StartUpPages.pause))
                StartUpPages.release()
            }
            return true
        } catch {
            // A stop breaks a start off; that is no failure.
            guard !isStopping else { return true }
            let detail = (error as? JournalError)?.detail ?? "\(error)"
            logger.critical(.gatewayStartFailed, "cannot start: \(detail)")
            hasFailedToStart = true
            return false
        }
    }

    private func attach(
        _ upstream: UpstreamLayout, to proactor: Proactor, _ profile: GatewayProfile
    ) async throws {
        let login =
            if let address = assembly.brokerAddress(of: upstream) {
                assembly.user(of: upstream, at: address)
            } else {
                try startBroker(for: upstream, proactor)
            }
        // A stop has taken the run file away already, and nothing else would.
        guard !isStopping else { return }
        await proactor.attach(assembly.plan(for: upstream, login: login, profile: profile))
        life.watch(upstream.name, of: proactor)
        // The embedded broker is the first choice of clients, and leaves its own word.
        guard upstream == assembly.upstreams.first, !hasEmbeddedBroker else { return }
        await runFile(proactor).keep(assembly.runFile(for: upstream, login: login))
    }

    private var hasEmbeddedBroker: Bool {
        assembly.upstreams.contains { assembly.brokerAddress(of: $0) == nil }
    }

    /// Lets this machine's users ask.
    private func listenLocally(_ status: GatewayStatus) {
        let door = assembly.controlDoor(
            layout: layoutPath, reloads: reloads, levels: levels, status: status)
        control = (door, Task { await door.run() })
    }

    /// Lets browsers and programs ask, as soon as that is possible.
    private func serve(_ layout: WebLayout, _ status: GatewayStatus) {
        let door = assembly.webDoor(layout, status: status)
        web = (door, Task { await door.run() })
    }

    /// Lets others ask without a broker, as soon as that is possible.
    private func listen(_ layout: PeersLayout, answering proactor: Proactor) {
        let door = assembly.peerDoor(layout, answering: proactor)
        self.door = door
        let reporter = PeerStatusReporter(door: door, proactor: proactor, clock: clock)
        peerTasks = [Task { await door.run() }, Task { await reporter.run() }]
    }

    /// - Returns: Whether every actuator confirmed its safe state.
    private func stop(
        _ proactor: Proactor, because reason: String, _ showing: Task<Void, Never>?
    ) async -> Bool {
        await runFile?.remove()
        let door = door
        // Requesters that wait get their answers first, unless the network holds us up.
        for task in peerTasks { task.cancel() }
        let control = control
        control?.running.cancel()
        let web = web
        web?.running.cancel()
        let areSafe = await proactor.stop(because: reason)
        await within(Self.lastWords, on: clock) {
            await door?.stop()
            await control?.door.stop()
            await web?.door.stop()
        }
        screen?.release()
        await showing?.value
        let broker = broker
        // A broker that is not done by then ends with this process, whose thread is its parent.
        await within(Self.lastWords, on: clock) { await broker?.broker.stop() }
        return areSafe
    }

    /// Copies live values and faults to the screen, newest first served, until the proactor stops.
    private func show(_ proactor: Proactor) -> Task<Void, Never>? {
        guard let screen else { return nil }
        let subscription = proactor.live.subscribe(
            "screen", .newestPerKey, replay: .latestPerKey)
        let gateway = layout.gateway.text
        let ticker = Ticker(every: .seconds(1), delay: .zero, clock: clock)
        let looking = Task {
            while await ticker.next() != nil {
                let (profile, faults) = (proactor.profile, await proactor.activeFaults)
                let links = await proactor.linkStatuses.compactMap { LiveFault($0) }
                screen.update { table in
                    table.describe(profile)
                    table.take(faults, of: gateway)
                    table.take(links, of: gateway)
                }
            }
        }
        return Task {
            defer { looking.cancel() }
            while let news = await subscription.nextBatch() {
                let channels = LiveRows(profile: proactor.profile)
                await screen.show(channels.rows(news.values))
            }
        }
    }

    /// Starts a private mosquitto. One that cannot be started is tried again, and holds up nothing.
    private func startBroker(
        for upstream: UpstreamLayout, _ proactor: Proactor
    ) throws(MachineError) -> UpstreamLogin {
        // Several share it in a simulated run.
        if let broker { return broker.login }
        let keeper = BrokerKeeper(
            of: layout.gateway, topic: upstream.topic,
            listener: try assembly.listener(of: upstream), runFile: runFile(proactor),
            clock: clock, logger: logger)
        broker = keeper
        life.watch(keeper.broker)
        keeper.start { await proactor.report($0) }
        return keeper.login
    }

    private func runFile(_ proactor: Proactor) -> RunFileKeeper {
        if let runFile { return runFile }
        let keeper = RunFileKeeper(
            stateDirectory: assembly.settings.stateDirectory.value, clock: clock
        ) { problem in
            await proactor.report(
                Fault(
                    kind: .runFile, isOn: problem != nil,
                    detail: problem.map { "other commands do not find this gateway: \($0)" }
                        ?? "other commands find this gateway"))
        }
        runFile = keeper
        return keeper
    }
}
