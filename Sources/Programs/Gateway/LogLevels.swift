import Host
import Logging
import Proactors
import Vocabulary

/// Changes the log level of a running gateway for a time, so that no user has to change it back.
actor LogLevels {
    /// The longest time; a log of each message fills a small disk.
    static let longest = Duration.seconds(24 * 3_600)
    /// When none is named.
    static let usualTime = Duration.seconds(600)

    /// How the log stands.
    struct State: Hashable, Sendable {
        let level: Logger.Level
        /// What it is set to by layout, environment or command line.
        let usual: Logger.Level
        /// When it goes back to that; nil when it is that.
        let until: MonotonicInstant?
    }

    private let threshold: LogThreshold
    private let usual: Logger.Level
    private let clock: any GatewayClock
    private let logger: Logger
    private var until: MonotonicInstant?
    private var ending: Task<Void, Never>?

    init(_ threshold: LogThreshold, clock: any GatewayClock, logger: Logger) {
        (self.threshold, self.clock, self.logger) = (threshold, clock, logger)
        usual = threshold.level
    }

    var state: State { State(level: threshold.level, usual: usual, until: until) }

    /// - Parameter who: Who asks, for the log.
    func set(_ level: Logger.Level, for time: Duration, by who: String) {
        ending?.cancel()
        let time = min(time, Self.longest)
        let end = clock.now.advanced(by: time)
        (until, threshold.level) = (end, level)
        log("log level \(level) for \(time.layoutText) (\(who))")
        ending = Task { [clock] in
            guard (try? await clock.sleep(until: end)) != nil else { return }
            self.reset(at: end)
        }
    }

    /// Waits until the time of the level has passed.
    func ended() async { await ending?.value }

    private func reset(at end: MonotonicInstant) {
        // Another one may have been set meanwhile.
        guard until == end else { return }
        (until, threshold.level) = (nil, usual)
        log("log level \(usual) again")
    }

    /// Written whatever the level is, because it explains what follows.
    private func log(_ line: String) {
        logger.log(.logLevel, level: .critical > threshold.level ? .notice : .critical, "\(line)")
    }
}
