import Fakes
import Logging
import Testing
import Vocabulary

@testable import Gateway
@testable import Host

@Suite(.timeLimit(.minutes(1))) struct `The log level of a running gateway` {
    private let clock = ManualClock()
    private let threshold = LogThreshold(.notice)
    private let levels: LogLevels

    init() {
        let silence = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        levels = LogLevels(threshold, clock: clock, logger: silence)
    }

    /// Waits until the level is back, which is the next thing that the clock brings.
    private func isUsual() async -> Bool { await levels.state.until == nil }

    @Test func `is changed for a time and goes back by itself`() async {
        await levels.set(.trace, for: .seconds(600), by: "cli root")
        #expect(threshold.level == .trace)
        #expect(await levels.state.usual == .notice)
        await clock.sleepers(1)
        clock.advance(by: .seconds(599))
        #expect(threshold.level == .trace)
        clock.advance(by: .seconds(1))
        await levels.ended()
        #expect(threshold.level == .notice)
        #expect(await isUsual())
    }

    @Test func `set again counts from then on`() async {
        await levels.set(.trace, for: .seconds(10), by: "cli root")
        await clock.sleepers(1)
        clock.advance(by: .seconds(9))
        await levels.set(.debug, for: .seconds(10), by: "cli root")
        await clock.sleepers(1)
        clock.advance(by: .seconds(9))
        #expect(threshold.level == .debug)
        clock.advance(by: .seconds(1))
        await levels.ended()
        #expect(threshold.level == .notice)
    }

    @Test func `is not changed for more than a day`() async {
        await levels.set(.trace, for: .seconds(1_000_000), by: "cli root")
        #expect(await levels.state.until == clock.now.advanced(by: .seconds(86_400)))
    }
}
