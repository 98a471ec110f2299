import Brokers
import Delivery
import Glibc
import GridworksParent
import Host
import Journals
import Mqtt
import PlainJson
import Proactors
import Threads
import Timing
import Vocabulary

/// One `tidegate upstream` from its start to its exit status.
actor RunningParent {
    /// Which broker it talks to.
    enum BrokerLocation: Sendable {
        case embedded
        /// That of a gateway of this user on this machine, wherever it comes back.
        case of(RunFile, user: String?, ca: String?)
        case at(BrokerAddress, user: String?, password: String?, tls: MqttTls?)
    }

    /// What the command line asks for.
    struct Plan: Sendable {
        let alias: GatewayName
        let shortName: String
        let children: [GridworksParentCodec.Child]
        let rules: LinkRules
        let broker: BrokerLocation
        /// The first level of the topic on which it says how it stands.
        let topic: String
        let directory: String
        /// The file of what was received.
        let path: String
        let size: Int64
    }

    /// How long the last lines have to reach their reader, and the broker to end.
    private static let lastWords = Duration.milliseconds(300)

    private let plan: Plan
    private let clock: any GatewayClock
    private let presence: PlainPresence
    private let screen: ParentScreen
    private var broker: EmbeddedBroker?
    private var runFile: RunFile?

    init(plan: Plan, isTable: Bool, clock: any GatewayClock) {
        (self.plan, self.clock) = (plan, clock)
        var chance = SystemChance()
        presence = PlainPresence(
            of: plan.alias, incarnation: CommandID(using: &chance).text, prefix: plan.topic)
        screen = ParentScreen(
            title: "parent \(plan.alias)", children: plan.children.map(\.alias), isTable: isTable,
            clock: clock)
    }

    /// Runs until a signal or `quit` asks for the end.
    func run() async -> ExitStatus {
        let signals = ProcessSignal.all(.interrupt, .terminate, .hangUp, on: clock)
        let (requests, request) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Listens to the very end of the process, so that a second signal always counts.
        let clock = clock
        Task {
            var stops = StopSignals()
            for await signal in signals {
                switch stops.take(at: clock.now) {
                case .stop: request.yield()
                case .endAtOnce: StopSignals.endAtOnce(on: "\(signal)")
                case .nothing: break
                }
            }
        }
        let lock = StateLock(directory: plan.directory)
        let store = ReceivedStore(
            path: plan.path, size: plan.size, clock: clock, makeFolder: lock.takeAgain)
        let parent: Parent
        do {
            try lock.take()
            try await store.open()
            parent = Parent(
                machine: machine(), session: MqttSession(settings: try await login(), clock: clock),
                presence: presence, store: store, clock: clock,
                report: { [screen] in screen.show($0) })
        } catch {
            let detail = (error as? JournalError)?.detail ?? "\(error)"
            Output.error("tidegate: cannot start: \(detail)")
            return .unavailable
        }
        defer { lock.release() }
        await parent.start()
        listen(to: parent, request)
        for await _ in requests { break }
        await parent.stop()
        await end()
        return .success
    }

    private func machine() -> ParentMachine {
        var chance = SystemChance()
        return ParentMachine(
            alias: plan.alias, incarnation: presence.incarnation, shortName: plan.shortName,
            children: plan.children, rules: plan.rules, chance: SeededGenerator(seed: chance.next())
        )
    }

    private func end() async {
        runFile?.remove()
        let (broker, screen) = (broker, screen)
        await within(Self.lastWords, on: clock) { await broker?.stop() }
        await within(Self.lastWords, on: clock) { await screen.finish() }
    }

    /// Hands on what is typed, line by line. The end of the input is not the end of the program.
    private nonisolated func listen(
        to parent: Parent, _ request: AsyncStream<Void>.Continuation
    ) {
        let (lines, line) = AsyncStream<String>.makeStream(bufferingPolicy: .bufferingOldest(256))
        startThread(
            ThreadPlan(name: "orders", leaves: ThreadPlan.reserve), on: clock, lacks: { _ in }
        ) {
            while let text = readLine() { line.yield(text) }
            line.finish()
        }
        Task {
            for await line in lines {
                if isatty(STDIN_FILENO) == 1 { screen.lineWasTyped() }
                if ParentOrder(line) == .quit {
                    request.yield()
                } else {
                    await parent.take(line: line)
                }
            }
        }
    }

    // MARK: The broker

    private func login() async throws -> MqttSettings {
        let clientID = "tidegate-upstream-\(plan.alias)"
        var settings: MqttSettings
        switch plan.broker {
        case .at(let address, let user, let password, let tls):
            settings = MqttSettings(
                broker: address, clientID: clientID, user: user, password: password, tls: tls)
        case .of(let file, let user, let ca):
            settings = try file.session(clientID, user: user, ca: ca)
        case .embedded:
            let broker = try await startBroker()
            settings = MqttSettings(
                broker: broker.address, clientID: clientID,
                longestReconnectDelay: RunFile.longestReconnectDelay)
            settings.endpointProvider = broker.endpointProvider
        }
        (settings.window, settings.inboxCapacity) = (1_024, 1_024)
        settings.largestPayload = GridworksParentCodec.longest
        settings.inboxBytes = 32 << 20
        return settings
    }

    /// Starts a private mosquitto and leaves its address to programs of this user.
    ///
    /// - Throws: Why it cannot be started now. Later on it is started again until it can be.
    private func startBroker() async throws -> EmbeddedBroker {
        let broker = EmbeddedBroker(
            folder: RunFile.brokerFolder(plan.alias), clock: clock, using: SystemChance())
        self.broker = broker
        broker.start()
        for await news in broker.news {
            if case .fails(let error) = news {
                await broker.stop()
                throw error
            }
            break
        }
        let file = RunFile(
            gateway: plan.alias, broker: broker.address, topic: plan.topic, isEmbedded: true)
        try file.write()
        runFile = file
        Output.error("tidegate: the private broker listens at \(broker.address)")
        Task {
            for await news in broker.news {
                switch news {
                case .runs: Output.error("tidegate: the private broker is running again")
                case .fails(let error):
                    Output.error("tidegate: the private broker is not running: \(error.detail)")
                }
            }
        }
        return broker
    }
}
