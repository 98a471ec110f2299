import Glibc
import Vocabulary

/// Says that a thread waits for its turn on something that nodes share, and for no hardware; or that it
/// waits up to a deadline for what a device sends by itself.
///
/// A shared wire calls `report` with true before it has its caller wait, and with false once that is over:
/// a node that waits for its turn does not hang, however many wait with it.
public enum TurnWait {
    /// Hears true when a wait begins, and false when it is over.
    public typealias Report = @Sendable (Bool) -> Void

    /// By thread. A task-local value would do, but its push crashes in release builds of Swift 6.3.1 on an
    /// actor's own executor.
    private static let reports = Guarded<[pthread_t: Report]>([:])

    /// Takes the news of the node that the current call is made for; nil when nobody watches over it.
    public static var report: Report? {
        let thread = pthread_self()
        return reports.withLock { $0[thread] }
    }

    /// Does `work` on this thread, and has `report` hear of each wait in it.
    public static func reporting<Result, Failure: Error>(
        to report: @escaping Report, _ work: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let thread = pthread_self()
        let before = reports.withLock { reports in
            defer { reports[thread] = report }
            return reports[thread]
        }
        defer { reports.withLock { $0[thread] = before } }
        return try work()
    }
}
