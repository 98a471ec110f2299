import CommandLine
import Host
import Timing
import Vocabulary

/// Keeps the run file where the user's other commands look for it, for as long as the gateway runs: a folder
/// that cannot be used, or a file that was swept away, is tried again and again.
actor RunFileKeeper {
    static let period = Duration.seconds(10)

    private let stateDirectory: String
    private let clock: any GatewayClock
    /// Takes what is wrong, once for each change; nil when nothing is any more.
    private let report: @Sendable (_ problem: String?) async -> Void
    private var file: RunFile?
    private var problem: String?
    private var isKept = false
    private var isOver = false
    private var keeping: Task<Void, Never>?

    init(
        stateDirectory: String, clock: any GatewayClock,
        report: @escaping @Sendable (_ problem: String?) async -> Void
    ) {
        self.stateDirectory = stateDirectory
        (self.clock, self.report) = (clock, report)
    }

    /// Leaves `file` in place of the last one.
    func keep(_ file: RunFile) async {
        guard !isOver else { return }
        (self.file, isKept) = (file, false)
        self.file?.stateDirectory = stateDirectory
        await look()
        guard keeping == nil, !isOver else { return }
        keeping = Task { [weak self, clock] in
            let ticker = Ticker(every: Self.period, clock: clock)
            while await ticker.next() != nil { await self?.look() }
        }
    }

    /// Takes the file away for good.
    func remove() {
        isOver = true
        keeping?.cancel()
        if isKept { file?.remove() }
    }

    private func look() async {
        guard !isOver, let file, !isKept || !file.isThere else { return }
        let before = problem
        do throws(MachineError) {
            try file.write()
            (isKept, problem) = (true, nil)
        } catch {
            (isKept, problem) = (false, error.detail)
        }
        if problem != before { await report(problem) }
    }
}
