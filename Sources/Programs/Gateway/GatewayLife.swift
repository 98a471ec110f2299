import Brokers
import Glibc
import Host
import Logging
import Proactors
import Synchronization
import Vocabulary

/// Who watches over a running gateway, and who learns of it: the log, the service manager and the
/// board's own watchdog.
final class GatewayLife: Sendable {
    /// How long the orderly stop has, once there is nothing else to do but end.
    static let orderlyStop = Duration.seconds(4)

    private let service: ServiceManager
    private let logger: Logger
    private let clock: any GatewayClock
    private let watch: Watchdog
    private let device = Guarded<WatchdogDevice?>(nil)
    private let status = Guarded("")
    /// Relays that have not been seen in their safe states since the start.
    private let unconfirmed = Guarded<Set<ShNodeName>>([])
    private let wantsToEnd = Atomic(false)
    private let isStopping = Atomic(false)

    init(service: ServiceManager, clock: any GatewayClock, logger: Logger) {
        (self.service, self.clock, self.logger) = (service, clock, logger)
        watch = Watchdog(clock: clock, period: service.watchdogPeriod ?? Watchdog.period)
    }

    /// Takes over the board's own watchdog.
    func open(_ path: String) throws(MachineError) {
        let opened = try WatchdogDevice(path: path)
        device.withLock { $0 = opened }
    }

    /// Whether the process ends because a part gives no heartbeat and nothing else can help.
    var isHopeless: Bool { wantsToEnd.load(ordering: .relaxed) }

    /// Nodes run and safe states are driven: reports it, and watches from now on.
    ///
    /// - Parameters:
    ///   - unconfirmed: The relays that are not known to be in their safe states; the status names them
    ///     until they are.
    ///   - end: Asks for the orderly stop, with the part that is to blame for it.
    func start(
        _ proactor: Proactor, _ unconfirmed: Set<ShNodeName> = [],
        end: @escaping @Sendable (GatewayPart) -> Void
    ) {
        guard !isStopping.load(ordering: .relaxed) else { return }
        self.unconfirmed.withLock { $0 = unconfirmed }
        for (name, heartbeat) in proactor.heartbeats {
            watch.watch(name, heartbeat, else: proactor.remedy(for: name))
        }
        watch.watch(
            .proactor, within: Watchdog.timeout.proactor, else: .endProcess(after: .zero),
            asking: { await proactor.turn() })
        service.ready(status: words(proactor))
        watch.start(
            Watchdog.Hands(
                heartbeat: { [weak self] in self?.heartbeat(proactor) },
                act: { [weak self] action in self?.act(action, proactor, end) }))
    }

    /// The journal is open: watches over it, too. To open it may take as long as a damaged one is large.
    func watchJournal(of proactor: Proactor) {
        watch.watch(
            .journal, within: Watchdog.timeout.journal,
            else: .endProcess(after: Watchdog.journalGrace),
            asking: { _ = await proactor.journalStatus() })
    }

    /// An upstream is attached: watches over its session.
    func watch(_ link: UpstreamName, of proactor: Proactor) {
        watch.watch(
            .link(link), within: Watchdog.timeout.link, else: .restart(atMost: 3),
            lastSeen: { proactor.lastHeartbeat(of: link) })
    }

    /// The embedded broker runs: watches over the thread that keeps it. The broker itself is that thread's
    /// affair.
    func watch(_ broker: EmbeddedBroker) {
        watch.watch(
            .broker, within: Watchdog.timeout.broker, else: .leave,
            asking: { _ = await broker.process })
    }

    /// Another layout is being taken over.
    func reloading() { service.reloading(at: clock.now) }

    /// It was taken over, or refused: watches over the nodes that there are now.
    func reloaded(_ proactor: Proactor, without leaving: Set<ShNodeName> = []) {
        let heartbeats = proactor.heartbeats
        // What was reported of the stop is not contradicted by a reload that was in work.
        guard !isStopping.load(ordering: .relaxed) else { return }
        for name in leaving where heartbeats[name] == nil { watch.forget(.node(name)) }
        for (name, heartbeat) in heartbeats where !watch.watches(name, heartbeat) {
            watch.watch(name, heartbeat, else: proactor.remedy(for: name))
        }
        service.ready(status: words(proactor))
    }

    /// The process is about to stop, and why.
    func stopping(status: String) {
        isStopping.store(true, ordering: .relaxed)
        service.stopping(status: status)
    }

    func stop() {
        watch.stop()
        device.withLock { $0?.disarm() }
    }

    // MARK: - On the watch's thread

    private func heartbeat(_ proactor: Proactor) {
        if service.watchdogPeriod != nil { service.heartbeat() }
        device.withLock { $0?.heartbeat() }
        let words = words(proactor)
        let isNews = status.withLock { last in
            defer { last = words }
            return last != words
        }
        if isNews { service.status(words) }
    }

    private func words(_ proactor: Proactor) -> String {
        let missing = watch.missing
        let lost =
            missing.isEmpty
            ? "" : "; no heartbeat from \(missing.map(\.description).joined(separator: ", "))"
        let unsure = unconfirmed.withLock { names in
            names.formIntersection(proactor.unconfirmed)
            return names.union(proactor.orphanedNames).map(\.text).sorted()
        }
        let risk =
            unsure.isEmpty ? "" : "; not in their safe states: \(unsure.joined(separator: ", "))"
        return "\(proactor.heartbeats.count) nodes run\(lost)\(risk)"
    }

    private func act(
        _ action: HeartbeatMonitor.Action, _ proactor: Proactor, _ end: (GatewayPart) -> Void
    ) {
        switch action {
        case .missing(let part, let time):
            logger.error(
                .heartbeatMissing, "\(part): no heartbeat for \(time.components.seconds) s")
        case .returned(let part): logger.notice(.heartbeatBack, "\(part): heartbeat is back")
        case .restart(let part):
            let (watch, logger) = (watch, logger)
            Task {
                let isDone = await proactor.restart(part, watchedBy: watch)
                if isDone {
                    logger.notice(.partRestarted, "\(part): restarted")
                } else {
                    logger.error(.partRestartFailed, "\(part): cannot be restarted")
                }
            }
        case .endProcess(let part):
            logger.critical(
                .watchdogExpired,
                "\(part): watchdog expired, not recoverable: terminating")
            stopping(status: "no heartbeat from the \(part)")
            wantsToEnd.store(true, ordering: .relaxed)
            // An orderly stop needs the proactor.
            if part != .proactor {
                end(part)
                wait(Self.orderlyStop) { false }
            }
            endAnyway(proactor)
        }
    }

    /// Drives safe states from this thread alone, and ends the process.
    private func endAnyway(_ proactor: Proactor) {
        let answers = Shared([ShNodeName: Bool]())
        let (actuators, time) = proactor.secure { name, isSafe in
            answers.value.withLock { $0[name] = isSafe }
        }
        wait(time) { answers.value.withLock { Set($0.keys).isSuperset(of: actuators) } }
        let safe = answers.value.withLock { $0.filter(\.value).keys }
        let rest = actuators.subtracting(safe).map(\.text).sorted()
        let words =
            rest.isEmpty ? "all relays are safe" : "not safe: \(rest.joined(separator: ", "))"
        TerminalKeys.end()
        Output.errorIfHeard("tidegate: terminated without an orderly stop; \(words)")
        _exit(ExitStatus.lifeless.rawValue)
    }

    /// Blocks this thread until `isDone`, at most for `time`.
    private func wait(_ time: Duration, until isDone: () -> Bool) {
        let deadline = clock.now.advanced(by: time)
        while clock.now < deadline, !isDone() { _ = poll(nil, 0, 20) }
    }
}

/// Something that several threads hold.
private final class Shared<Value: Sendable>: Sendable {
    let value: Guarded<Value>

    init(_ value: Value) { self.value = Guarded(value) }
}
