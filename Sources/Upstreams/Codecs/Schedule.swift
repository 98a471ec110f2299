/// Periods aligned to the wall clock.
public struct Schedule: Hashable, Sendable {
    /// How long one report gathers readings; nil when each reading goes on its own.
    public let report: Duration?
    /// How often a snapshot is published; nil for never.
    public let snapshot: Duration?

    public init(report: Duration? = nil, snapshot: Duration? = nil) {
        (self.report, self.snapshot) = (report, snapshot)
    }
}
