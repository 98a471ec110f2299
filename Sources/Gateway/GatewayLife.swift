import Glibc
import Logging
import Proactors
import Synchronization
import Vocabulary

/// Who watches over a running gateway, and who is told about it: the log, the service manager and the
/// board's own watchdog.
final class GatewayLife: Sendable {
    /// How long the orderly stop has, once there is nothing else to do but end.
    static let lastStop = Duration.seconds(4)

    private let service: ServiceManager
    private let logger: Logger
    private let clock: any GatewayClock
    private let watch: LifeWatch
    private let device = Guarded<WatchdogDevice?>(nil)
    private let status = Guarded("")
    private let wantsToEnd = Atomic(false)

    init(service: ServiceManager, clock: any GatewayClock, logger: Logger) {
        (self.service, self.clock, self.logger) = (service, clock, logger)
        watch = LifeWatch(clock: clock, period: service.watchdogPeriod ?? LifeWatch.period)
    }

    /// Takes over the board's own watchdog.
    func open(_ path: String) throws(MachineError) {
        let opened = try WatchdogDevice(path: path)
        device.withLock { $0 = opened }
    }

    /// Whether the process ends because a part gives no sign of life and nothing else can help.
    var isHopeless: Bool { wantsToEnd.load(ordering: .relaxed) }

    /// Nodes run and safe states are driven: tells so, and watches from now on.
    ///
    /// - Parameter end: Asks for the orderly stop, with the part that is to blame for it.
    func start(_ proactor: Proactor, end: @escaping @Sendable (GatewayPart) -> Void) {
        for (name, pulse) in proactor.pulses { watch.watch(name, pulse, else: .leave) }
        watch.watch(
            .proactor, within: LifeWatch.patience.proactor, else: .endProcess(after: .zero),
            asking: { await proactor.turn() })
        watch.watch(
            .journal, within: LifeWatch.patience.journal,
            else: .endProcess(after: LifeWatch.journalGrace), asking: proactor.askJournal)
        let count = proactor.pulses.count
        service.ready(status: words(count))
        watch.start(
            LifeWatch.Hands(
                alive: { [weak self] in self?.alive(count) },
                act: { [weak self] action in self?.act(action, end) }))
    }

    func stop() {
        watch.stop()
        device.withLock { $0?.disarm() }
    }

    // MARK: - On the watch's thread

    private func alive(_ count: Int) {
        if service.watchdogPeriod != nil { service.alive() }
        device.withLock { $0?.alive() }
        let words = words(count)
        let isNews = status.withLock { last in
            defer { last = words }
            return last != words
        }
        if isNews { service.status(words) }
    }

    private func words(_ count: Int) -> String {
        let missing = watch.missing
        let lost =
            missing.isEmpty
            ? "" : "; no sign of life from \(missing.map(\.description).joined(separator: ", "))"
        return "\(count) nodes run\(lost)"
    }

    private func act(_ action: VitalSigns.Action, _ end: (GatewayPart) -> Void) {
        switch action {
        case .missing(let part, let time):
            logger.error("\(part): no sign of life for \(time.components.seconds) s")
        case .returned(let part): logger.notice("\(part): lives again")
        case .restart(let part): logger.notice("\(part): is started again")
        case .endProcess(let part):
            logger.critical("\(part): gives no sign of life, and nothing here can help: ending")
            service.stopping(status: "no sign of life from the \(part)")
            wantsToEnd.store(true, ordering: .relaxed)
            end(part)
            // When even the orderly stop hangs, the service manager starts the next process, which drives
            // safe states first.
            endAnyway()
        }
    }

    /// Waits on this thread for the stop to end the process, and ends it otherwise.
    private func endAnyway() {
        let deadline = clock.now.advanced(by: Self.lastStop)
        while case let rest = clock.now.duration(to: deadline), rest > .zero {
            _ = poll(nil, 0, Int32(clamping: rest.wholeNanoseconds / 1_000_000 + 1))
        }
        Output.errorIfHeard("tidegate: the orderly stop hangs: ended")
        _exit(ExitStatus.lifeless.rawValue)
    }
}
