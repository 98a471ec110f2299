import Glibc
import Vocabulary

/// What a signal to stop asks for: the first the orderly stop, a second one the end at once.
package struct StopSignals {
    /// timeout(1) and shells send a signal to a process and again to its group: that is one request.
    static let together = Duration.milliseconds(100)

    package enum DeferredCommand {
        case stop
        case endAtOnce
        /// It was said already.
        case nothing
    }

    private var first: MonotonicInstant?

    package init() {}

    package mutating func take(at now: MonotonicInstant) -> DeferredCommand {
        guard let first else {
            first = now
            return .stop
        }
        return first.duration(to: now) < Self.together ? .nothing : .endAtOnce
    }

    /// Ends the process.
    package static func endAtOnce(on signal: String) -> Never {
        TerminalKeys.end()
        Output.errorIfHeard("tidegate: second signal, \(signal): terminated at once")
        _exit(ExitStatus.interrupted.rawValue)
    }
}
