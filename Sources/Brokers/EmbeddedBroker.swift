import Glibc
import Links
import Synchronization
import Threads
import Vocabulary

/// A private mosquitto for this machine only: started, watched, started again, and stopped.
///
/// It lives on a thread of its own, which is the parent of the broker's process: the kernel ends the
/// broker when that thread goes, so it does not outlive the gateway, whatever kills it.
public actor EmbeddedBroker {
    /// The pause before the broker is started again: at first, and at most.
    public static let restarting = (first: Duration.milliseconds(200), cap: Duration.seconds(30))
    /// How often the broker is asked for a sign of life, how long it may take for it, and after how many
    /// questions without an answer it is ended and started again.
    public static let asking = (
        period: Duration.seconds(10), within: Duration.seconds(3), misses: 3
    )
    private static let portTries = 5
    /// How long the broker may take to come up.
    private static let readyWithin = Duration.seconds(10)
    /// How long it may take to end when it is asked to.
    private static let patienceMilliseconds: Int32 = 300
    /// A broker that comes up is left alone when it is to be stopped; this often that is looked for.
    private static let lookMilliseconds: Int32 = 50

    /// For one consumer. Holds 16 news; the oldest give way. Ends after `stop()`.
    public nonisolated let news: AsyncStream<BrokerNews>

    private let thread: SyncThread
    private let clock: any GatewayClock
    private let folder: BrokerFolder
    private let programs: ProgramSearch
    private let user = "tidegate"
    private let password: String
    private let teller: AsyncStream<BrokerNews>.Continuation
    private var port: UInt16 = 0
    private let answersWithin: Duration
    private let isStopping = Atomic<Bool>(false)
    private var child: ChildProcess?
    private var restartAt: MonotonicInstant?
    private var askAt: MonotonicInstant?
    /// Questions without an answer, one after the other.
    private var misses = 0
    private var restarting = Backoff(
        first: EmbeddedBroker.restarting.first, cap: EmbeddedBroker.restarting.cap)
    private var log = LogTail()

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the broker keeps its thread for as long as it lives.
        unsafe thread.asUnownedSerialExecutor()
    }

    /// The broker's process while it runs.
    public var process: Int32? { child?.process }

    /// - Parameters:
    ///   - folder: For the broker's files; made if need be, emptied by `stop()`. Nobody else may use it.
    ///   - searchPath: Where mosquitto is looked for, in the form of `PATH`; nil for `PATH` itself.
    ///   - answersWithin: How long the broker may take to answer when it is asked for a sign of life.
    ///   - generator: Makes the password, so it must be one for secrets.
    public init(
        folder: String, clock: any GatewayClock, searchPath: String? = nil,
        answersWithin: Duration = EmbeddedBroker.asking.within,
        using generator: inout some RandomNumberGenerator
    ) {
        self.answersWithin = answersWithin
        self.folder = BrokerFolder(path: folder)
        self.clock = clock
        programs = ProgramSearch(path: searchPath)
        password = CommandID(using: &generator).text
        (news, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
        thread = SyncThread(name: "broker", clock: clock)
    }

    deinit {
        thread.end()
        teller.finish()
    }

    /// Starts the broker and returns once it accepts connections.
    ///
    /// - Throws: `.notInstalled`, `.badFolder`, or `.failed` with what the broker said.
    public func start() throws(BrokerError) -> BrokerLogin {
        precondition(port == 0, "an embedded broker is started once")
        do throws(BrokerError) {
            try folder.prepare()
            try writePasswords()
            try launchOnFreePort()
        } catch {
            folder.clear()
            throw error
        }
        let login = BrokerLogin(
            address: BrokerAddress(host: "127.0.0.1", port: port), user: user, password: password)
        askAt = clock.now.advanced(by: Self.asking.period)
        teller.yield(.started(login))
        thread.begin { [weak self] in
            self?.assumeIsolated { $0.round() } ?? SyncThread.Rest(until: nil)
        }
        return login
    }

    /// Ends the broker within about half a second, and takes its files away. Breaks off a start that
    /// is under way.
    public nonisolated func stop() async {
        isStopping.store(true, ordering: .relaxed)
        await end()
    }

    private func end() {
        thread.pause()
        (restartAt, askAt) = (nil, nil)
        child?.end(patience: Self.patienceMilliseconds)
        child = nil
        folder.clear()
        teller.finish()
    }

    // MARK: - Watching

    /// One look at the broker. Runs on the thread.
    private func round() -> SyncThread.Rest {
        if let restartAt, clock.now >= restartAt { restart() }
        while child != nil {
            guard let bytes = child?.read() else {
                mourn()
                break
            }
            guard !bytes.isEmpty else { break }
            log.append(bytes)
        }
        if let askAt, clock.now >= askAt { ask() }
        let until = [restartAt, askAt].compactMap(\.self).min()
        return SyncThread.Rest(until: until, watching: child?.output)
    }

    /// Asks the broker for a sign of life. One that runs and never answers is ended as if it had died.
    private func ask() {
        let answers = Loopback.answers(
            port, user: user, password: password, within: answersWithin,
            or: { isStopping.load(ordering: .relaxed) })
        guard !isStopping.load(ordering: .relaxed) else {
            askAt = nil
            return
        }
        askAt = clock.now.advanced(by: Self.asking.period)
        misses = answers ? 0 : misses + 1
        guard misses >= Self.asking.misses else { return }
        child?.end(patience: Self.patienceMilliseconds)
        child = nil
        lost("did not answer \(misses) times")
    }

    private func lost(_ reason: String) {
        (askAt, misses) = (nil, 0)
        restartAt = clock.now.advanced(by: restarting.failed())
        teller.yield(.died("broker: \(reason)\(log.lastWords)"))
    }

    /// The broker has closed its output, which it does by ending.
    private func mourn() {
        let ending = child?.reap(within: 100) ?? "closed its output and was ended"
        child = nil
        lost(ending)
    }

    private func restart() {
        restartAt = nil
        do throws(BrokerError) {
            try launch()
            restarting.succeeded()
            askAt = clock.now.advanced(by: Self.asking.period)
            teller.yield(.restarted)
        } catch {
            guard !isStopping.load(ordering: .relaxed) else { return }
            restartAt = clock.now.advanced(by: restarting.failed())
            teller.yield(.died(error.detail))
        }
    }

    // MARK: - Starting

    private func writePasswords() throws(BrokerError) {
        try folder.write("\(user):\(password)\n", to: folder.passwords)
        // The tool replaces the password in the file by its hash.
        var tool = try ChildProcess([
            try programs.find("mosquitto_passwd"), "-U", folder.passwords,
        ])
        guard tool.reap(within: 10_000) == "exit status 0" else {
            throw BrokerError(
                kind: .failed, detail: "mosquitto_passwd -U \(folder.passwords): has failed")
        }
    }

    private func launchOnFreePort() throws(BrokerError) {
        for triesLeft in (0..<Self.portTries).reversed() {
            port = try Loopback.freePort()
            do throws(BrokerError) {
                return try launch()
            } catch {
                // Somebody else may have taken the port in between.
                guard triesLeft > 0, log.text.contains("Address already in use") else {
                    throw error
                }
            }
        }
    }

    private func launch() throws(BrokerError) {
        log = LogTail()
        try folder.write(folder.text(port: port), to: folder.configuration)
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
                throw BrokerError(kind: .failed, detail: "broker: was stopped before it was ready")
            }
            guard clock.now < deadline else {
                throw BrokerError(
                    kind: .failed, detail: "broker: is not ready after 10 s\(log.lastWords)")
            }
            guard started.awaitOutput(milliseconds: Self.lookMilliseconds) else { continue }
            guard let bytes = started.read() else {
                let ending = started.reap(within: 100) ?? "it closed its output"
                throw BrokerError(kind: .failed, detail: "broker: \(ending)\(log.lastWords)")
            }
            log.append(bytes)
        }
        try Loopback.check(port)
        child = consume started
    }
}

/// Finds programs as a shell does.
private struct ProgramSearch: Sendable {
    private let folders: [String]

    /// - Parameter path: Nil for `PATH` and the folders that it often lacks and mosquitto is often in.
    init(path: String?) {
        // Sound: the string is copied before anybody could change the environment.
        let inherited = unsafe getenv("PATH").map { unsafe String(cString: $0) }
        let path = path ?? (inherited ?? "/usr/bin:/bin") + ":/usr/sbin:/usr/local/sbin"
        folders = path.split(separator: ":").map(String.init)
    }

    func find(_ program: String) throws(BrokerError) -> String {
        if let path = search(program) { return path }
        throw BrokerError(
            kind: .notInstalled,
            detail: "embedded broker: there is no \(program) here; install the Debian package "
                + "mosquitto, or name a broker in the layout")
    }

    func search(_ program: String) -> String? {
        // Sound: the call reads the path only.
        folders.lazy.map { "\($0)/\(program)" }.first { unsafe access($0, X_OK) == 0 }
    }
}

/// The last of what the broker wrote, at most 4 KiB.
private struct LogTail {
    private var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) {
        bytes += more
        if bytes.count > 4096 { bytes.removeFirst(bytes.count - 4096) }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The last line for the end of a message: `: Error: Address already in use`.
    var lastWords: String {
        guard let line = text.split(separator: "\n").last else { return "" }
        // Each line starts with the time in seconds.
        let parts = line.split(separator: ": ", maxSplits: 1)
        return ": \(parts.last ?? line)"
    }
}
