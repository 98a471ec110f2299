import CommandLine
import Host
import Layouts
import Logging
import Proactors
import Timing
import Vocabulary

/// Applies each new layout of a running gateway, one after the other: at once when a reload is asked for, and
/// when the file has changed.
actor LayoutReloads {
    /// What came of a layout that a user asked for.
    enum Outcome: Hashable, Sendable {
        /// It runs; what has changed.
        case applied(String)
        case unchanged
        /// The old one keeps running; why.
        case rejected(String)
    }

    /// How long a requester waits for what comes of it.
    static let longestReload = Duration.seconds(60)

    private enum DeferredCommand {
        /// A user asked, whether the file has changed or not, and may wait for the outcome.
        case asked(AsyncStream<Outcome>.Continuation?)
        case news(LayoutWatch.News)
    }

    private let file: LayoutFile
    private let assembly: GatewayAssembly
    private let life: GatewayLife
    private let logger: Logger
    private let clock: any GatewayClock
    /// What the gateway runs by now.
    private var layout: HardwareLayout
    /// What was looked at last, so that a file that a user asked for is not reported again.
    private var lastSeen: [UInt8] = []
    /// The last few requests; older ones are evicted, because only the newest layout counts.
    private let deferredCommands: AsyncStream<DeferredCommand>
    private let deferred: AsyncStream<DeferredCommand>.Continuation
    private var tasks: [Task<Void, Never>] = []

    init(
        file: LayoutFile, layout: HardwareLayout, assembly: GatewayAssembly, life: GatewayLife,
        logger: Logger
    ) {
        (self.file, self.layout, self.assembly) = (file, layout, assembly)
        (self.life, self.logger, clock) = (life, logger, assembly.clock)
        (deferredCommands, deferred) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4))
    }

    /// The nodes run: layouts are taken over from now on, also one that was asked for before.
    func start(_ proactor: Proactor) async {
        await file.start()
        let (deferredCommands, deferred, news) = (deferredCommands, deferred, file.news)
        tasks = [
            Task { for await news in news { deferred.yield(.news(news)) } },
            Task {
                for await deferred in deferredCommands { await self.attend(deferred, proactor) }
            },
        ]
    }

    /// The file is to be read again. The requester does not wait, even for a file system that hangs.
    nonisolated func demand() { deferred.yield(.asked(nil)) }

    /// The same for one who waits for the outcome.
    nonisolated func ask() async -> Outcome {
        let (outcomes, outcome) = AsyncStream.makeStream(of: Outcome.self)
        // One that is evicted is as good as the newer one, which no requester distinguishes.
        if case .dropped(.asked(let evicted)) = deferred.yield(.asked(outcome)) {
            evicted?.yield(.rejected("another request came in between; ask again"))
        }
        let answer = await within(Self.longestReload, on: clock) {
            for await outcome in outcomes { return outcome }
            return Outcome.rejected("the gateway stops")
        }
        return answer ?? .rejected("not done within \(Self.longestReload.layoutText); see the log")
    }

    /// No more is taken over; what is in work ends with the nodes.
    func stop() async {
        deferred.finish()
        for task in tasks { task.cancel() }
        await file.stop()
    }

    private func attend(_ deferred: DeferredCommand, _ proactor: Proactor) async {
        guard !Task.isCancelled else { return }
        switch deferred {
        case .asked(let outcome):
            let result: Outcome
            do throws(MachineError) {
                result = await reload(try LoadedLayout(file.path), proactor, isAsked: true)
            } catch {
                result = await refuse("cannot read \(error.detail)", proactor)
            }
            outcome?.yield(result)
        case .news(.changed(let bytes)):
            guard bytes != lastSeen else { return }
            _ = await reload(LoadedLayout(file.path, bytes), proactor, isAsked: false)
        case .news(.missing):
            logger.warning(
                .layoutMissing,
                "\(file.path): layout file removed; keeping the running configuration")
        case .news(.unreadable(let why)):
            logger.warning(
                .layoutUnreadable,
                "layout unreadable, keeping the running configuration: \(why)")
        }
    }

    private func reload(
        _ loaded: LoadedLayout, _ proactor: Proactor, isAsked: Bool
    ) async -> Outcome {
        lastSeen = loaded.bytes
        guard let new = loaded.layout else {
            loaded.reportProblems { logger.error(.layoutInvalid, "\($0)") }
            let first = loaded.problems.first.map { "; the first: \($0)" } ?? ""
            return await refuse(
                "\(file.path): \(loaded.problems.total) problems; keeping the running configuration\(first)",
                proactor)
        }
        let diff = LayoutDiff(from: layout, to: new)
        guard !diff.isEmpty else {
            if isAsked {
                life.reloading()
                life.reloaded(proactor)
            }
            logger.notice(.layoutUnchanged, "layout unchanged")
            return .unchanged
        }
        for line in diff.lines { logger.notice(.layoutChange, "\(line)") }
        loaded.reportDoubts { logger.warning(.layoutWarning, "\($0)") }
        life.reloading()
        do {
            let replacement = try assembly.replacement(
                from: layout, to: new, incarnation: proactor.profile.incarnation)
            do throws(MachineError) {
                _ = try assembly.retainedNames.note(replacement.profile)
            } catch {
                logger.warning(
                    .retainedNamesUnsaved,
                    "cannot save the list of retained topics: \(error.detail)")
            }
            let areSafe = await proactor.replace(replacement)
            if !areSafe {
                logger.error(.relayUnsafe, "not every stopped relay confirmed its safe state")
            }
            layout = new
            life.reloaded(proactor, without: Set(diff.removed))
            return .applied(diff.summary)
        } catch {
            await proactor.refuseReload(error.detail)
            life.reloaded(proactor)
            return .rejected(error.detail)
        }
    }

    private func refuse(_ detail: String, _ proactor: Proactor) async -> Outcome {
        life.reloading()
        await proactor.refuseReload(detail)
        life.reloaded(proactor)
        return .rejected(detail)
    }
}
