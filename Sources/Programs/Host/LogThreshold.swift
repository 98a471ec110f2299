import Logging
import Vocabulary

/// From which level on lines are written. May change while the gateway runs, from any thread.
package final class LogThreshold: Sendable {
    private let state: Guarded<Logger.Level>

    package init(_ level: Logger.Level) { state = Guarded(level) }

    package var level: Logger.Level {
        get { state.withLock(\.self) }
        set { state.withLock { $0 = newValue } }
    }
}
