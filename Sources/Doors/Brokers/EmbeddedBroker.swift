import Glibc
import Synchronization
import Threads
import Timing
import Vocabulary

/// A private mosquitto for this user alone: started, watched, started again, and stopped.
///
/// Clients of this user meet it on a Unix socket in a folder that nobody else comes into; a TCP port is
/// open only when one is asked for, with a login of its own. It lives on a thread of its own, which is the
/// parent of the broker's process: the kernel ends the broker when that thread goes, so it does not outlive
/// the gateway, whatever kills it.
public actor EmbeddedBroker {
    /// The pause before the broker is started again: at first, and at most.
    public static let restarting = (first: Duration.milliseconds(200), cap: Duration.seconds(30))
    /// How often the broker is asked for a heartbeat, how long it may take for it, and after how many
    /// questions without an answer it is ended and started again.
    public static let asking = (
        period: Duration.seconds(10), within: Duration.seconds(3), misses: 3
    )
    /// How often a port is looked at that could not be opened.
    public static let portPeriod = Duration.seconds(10)
    /// How long the broker may take to come up.
    private static let readyWithin = Duration.seconds(10)
    /// How long it may take to end when it is asked to.
    private static let timeoutMilliseconds: Int32 = 300
    /// Pieces of the broker's log that are read in one round.
    private static let mostReads = 64
    /// A broker that comes up is left alone when it is to be stopped; this often that is looked for.
    private static let lookMilliseconds: Int32 = 50

    /// For one consumer. Holds 16 news; the oldest are evicted. Ends after `stop()`.
    public nonisolated let news: AsyncStream<BrokerEvent>
    /// The private socket, whether the broker runs or not.
    public nonisolated let address: BrokerAddress

    private let thread: SyncThread
    private let clock: any GatewayClock
    private let listener: BrokerListener?
    private let programs: ProgramSearch
    private let eventContinuation: AsyncStream<BrokerEvent>.Continuation
    private let answersWithin: Duration
    private let isStopping = Atomic<Bool>(false)
    /// The last of what became of it; nil until the first start has come to an end.
    private let latest = Guarded<BrokerEvent?>(nil)
    private var chance: any RandomNumberGenerator & Sendable
    private var folder: BrokerFolder
    private var child: ChildProcess?
    private var startAt: MonotonicInstant?
    private var startedAt: MonotonicInstant
    private var askAt: MonotonicInstant?
    /// When a port that could not be opened is looked at again.
    private var portAt: MonotonicInstant?
    /// Questions without an answer, one after the other.
    private var misses = 0
    private var restarting = Backoff(
        first: EmbeddedBroker.restarting.first, cap: EmbeddedBroker.restarting.cap)
    /// The last failure, so that it is not reported again with each try.
    private var reported: BrokerError?
    private var log = LogTail()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the broker keeps its thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// The broker's process while it runs.
    public var process: Int32? { child?.process }

    /// How it is, readable from anywhere; nil while it starts for the first time.
    public nonisolated var state: BrokerEvent? { latest.withLock(\.self) }

    /// - Parameters:
    ///   - folder: For the broker's files; made if need be, emptied by `stop()`. Nobody else may use it.
    ///   - listener: A TCP port to listen on beside the private socket.
    ///   - searchPath: Where mosquitto is looked for, in the form of `PATH`; nil for `PATH` itself.
    ///   - answersWithin: How long the broker may take to answer when it is asked for a heartbeat.
    ///   - chance: Makes the passwords of `listener`, so it must be one for secrets.
    public init(
        folder: String, listener: BrokerListener? = nil, clock: any GatewayClock,
        searchPath: String? = nil, answersWithin: Duration = EmbeddedBroker.asking.within,
        using chance: any RandomNumberGenerator & Sendable
    ) {
        self.folder = BrokerFolder(path: folder)
        address = BrokerAddress(socket: self.folder.socket)
        (self.listener, self.answersWithin) = (listener, answersWithin)
        (self.clock, self.chance) = (clock, chance)
        startedAt = clock.now
        programs = ProgramSearch(path: searchPath)
        (news, eventContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
        thread = SyncThread(name: "broker", clock: clock, leaves: ThreadPlan.reserve)
    }

    deinit {
        thread.end()
        eventContinuation.finish()
    }

    /// Starts the broker, and again whenever it ends or does not start; `news` say how that goes.
    public nonisolated func start() {
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.round() } ?? SyncThread.Rest(until: nil)
        }
    }

    /// Ends the broker within about half a second, and takes its files away. Breaks off a start that
    /// is in work.
    public nonisolated func stop() async {
        isStopping.store(true, ordering: .relaxed)
        await end()
    }

    private func end() {
        thread.pause()
        (startAt, askAt, portAt) = (nil, nil, nil)
        endChild(because: "is stopped")
        folder.clear()
        eventContinuation.finish()
    }

    private func endChild(because reason: String) {
        let error = BrokerError(kind: .ended, detail: "broker: \(reason)")
        latest.withLock { $0 = .fails(error) }
        child?.end(timeout: Self.timeoutMilliseconds)
        child = nil
    }

    // MARK: - Watching

    /// One look at the broker. Runs on the thread.
    private func round() -> SyncThread.Rest {
        let now = clock.now
        if child == nil, now >= startAt ?? now { launch() }
        // A flood of lines must not keep the questions below from being asked; the rest wakes
        // this thread at once.
        for _ in 0..<Self.mostReads where child != nil {
            guard let bytes = child?.read() else {
                mourn()
                break
            }
            guard !bytes.isEmpty else { break }
            log.append(bytes)
        }
        if let askAt, clock.now >= askAt { ask() }
        if let portAt, clock.now >= portAt { lookAtPort() }
        let until = [startAt, askAt, portAt].compactMap(\.self).min()
        return SyncThread.Rest(until: until, watching: child?.output)
    }

    /// Asks the broker for a heartbeat. One that runs and never answers is ended as if it had died.
    private func ask() {
        let answers = process.map(answers) ?? false
        guard !isStopping.load(ordering: .relaxed) else {
            askAt = nil
            return
        }
        askAt = clock.now.advanced(by: Self.asking.period)
        misses = answers ? 0 : misses + 1
        guard misses >= Self.asking.misses else { return }
        endChild(because: "does not answer")
        lost("timed out \(misses) times")
    }

    private func answers(_ process: pid_t) -> Bool {
        PrivateSocket.answers(
            folder.socket, process: process, within: answersWithin,
            or: { isStopping.load(ordering: .relaxed) })
    }

    /// Starts the broker again once its port is free.
    private func lookAtPort() {
        portAt = clock.now.advanced(by: Self.portPeriod)
        guard child != nil, listener?.problem == nil else { return }
        endChild(because: "is restarted to open its port")
        (askAt, portAt, startAt) = (nil, nil, clock.now)
    }

    /// The broker has closed its output, which it does by ending.
    private func mourn() {
        let ending = child?.reap(within: 100) ?? "closed its output and was terminated"
        child = nil
        lost(ending)
    }

    private func lost(_ reason: String) {
        (askAt, portAt, misses) = (nil, nil, 0)
        // One that ends soon after each start is started more and more seldom.
        let pause = restarting.ended(after: startedAt.duration(to: clock.now))
        startAt = clock.now.advanced(by: pause)
        report(BrokerError(kind: .ended, detail: "broker: \(reason)\(log.lastWords)"))
    }

    private func report(_ failure: BrokerError) {
        latest.withLock { $0 = .fails(failure) }
        guard failure != reported else { return }
        reported = failure
        eventContinuation.yield(.fails(failure))
    }

    // MARK: - Starting

    private func launch() {
        startAt = nil
        do throws(BrokerError) {
            try folder.prepare()
            let (listener, wanted) = openListener()
            let process = try begin(wanted)
            (startedAt, reported) = (clock.now, nil)
            askAt = startedAt.advanced(by: Self.asking.period)
            if case .failed = listener { portAt = startedAt.advanced(by: Self.portPeriod) }
            let place = BrokerLocation(address: address, process: process, listener: listener)
            latest.withLock { $0 = .runs(place) }
            eventContinuation.yield(.runs(place))
        } catch {
            guard !isStopping.load(ordering: .relaxed) else { return }
            startAt = clock.now.advanced(by: restarting.failed())
            report(error)
        }
    }

    /// Makes the login of the TCP port. A port that cannot be had is left out, because mosquitto would not
    /// start with it.
    private func openListener() -> (BrokerLocation.Listener, BrokerListener?) {
        guard let listener else { return (.none, nil) }
        if let problem = listener.problem { return (.failed(problem), nil) }
        let password = listener.password ?? CommandID(using: &chance).text
        do throws(BrokerError) {
            try folder.write("\(listener.user):\(password)\n", to: folder.passwords)
            // The tool replaces the password in the file by its hash.
            var tool = try ChildProcess([
                try programs.find("mosquitto_passwd"), "-U", folder.passwords,
            ])
            guard tool.reap(within: 10_000) == "exit status 0" else {
                throw BrokerError(
                    kind: .failed, detail: "mosquitto_passwd -U \(folder.passwords): failed")
            }
        } catch {
            return (.failed(error.detail), nil)
        }
        let login = BrokerLogin(address: listener.address, user: listener.user, password: password)
        return (.open(login), listener)
    }

    /// - Returns: The broker's process, which answers.
    private func begin(_ listener: BrokerListener?) throws(BrokerError) -> pid_t {
        log = LogTail()
        try folder.write(folder.text(listener), to: folder.configuration)
        var arguments = [try programs.find("mosquitto"), "-c", folder.configuration]
        // Without setpriv, of util-linux, a gateway that is killed leaves its broker behind. SIGKILL,
        // because mosquitto loses a SIGTERM that comes before its main loop, and has nothing to save.
        if let setpriv = programs.search("setpriv") {
            arguments = [setpriv, "--pdeathsig", "KILL", "--"] + arguments
        }
        var started = try ChildProcess(arguments)
        let deadline = clock.now.advanced(by: Self.readyWithin)
        while !log.text.contains(" running\n") {
            guard !isStopping.load(ordering: .relaxed) else {
                throw BrokerError(kind: .failed, detail: "broker: stopped before it was ready")
            }
            guard clock.now < deadline else {
                throw BrokerError(
                    kind: .failed, detail: "broker: not ready after 10 s\(log.lastWords)")
            }
            guard started.awaitOutput(milliseconds: Self.lookMilliseconds) else { continue }
            guard let bytes = started.read() else {
                let ending = started.reap(within: 100) ?? "it closed its output"
                throw BrokerError(kind: .failed, detail: "broker: \(ending)\(log.lastWords)")
            }
            log.append(bytes)
        }
        let process = started.process
        guard answers(process) else {
            throw BrokerError(
                kind: .failed, detail: "broker: does not answer on \(folder.socket)\(log.lastWords)"
            )
        }
        child = consume started
        return process
    }
}
