import Testing
import Vocabulary

@Suite struct `A command's deadline` {
    private let now = Timestamp(
        wall: WallTime(nanoseconds: 1_000_000_000), monotonic: MonotonicInstant(nanoseconds: 5))

    private func command(
        expiresIn time: Duration? = nil, startIn limit: Duration? = nil
    ) -> Command {
        Command(
            id: CommandID("a")!, node: "pump", order: .set(1), source: CommandSource(.rule),
            expires: time.map { now.wall.advanced(by: $0) },
            startBy: limit.map { now.monotonic.advanced(by: $0) })
    }

    private func refusal(_ command: Command, at now: Timestamp) -> String {
        do throws(CommandRefusal) {
            _ = try CommandDeadline(of: command, at: now)
            return ""
        } catch { return error.why }
    }

    @Test func `is two seconds to begin, and what its feedback takes more to answer`() throws {
        let deadline = try CommandDeadline(of: command(), at: now, feedback: .seconds(3))
        #expect(deadline.startBy == now.monotonic.advanced(by: .seconds(2)))
        #expect(deadline.answerBy == now.monotonic.advanced(by: .seconds(5)))
        #expect(deadline.validUntil == nil)
    }

    @Test(
        arguments: [
            (Duration.seconds(1), Duration?.none, Duration.seconds(1), Duration.seconds(1)),
            (nil, .seconds(1), .seconds(1), .seconds(1)),
            (.seconds(9), .seconds(1), .seconds(1), .seconds(1)),
            (.seconds(1), .seconds(9), .seconds(1), .seconds(1)),
            (.seconds(60), .seconds(50), .seconds(2), .seconds(50)),
            (nil, .seconds(-1), .seconds(-1), .seconds(-1)),
        ] as [(Duration?, Duration?, Duration, Duration)])
    func `is no later than its requester wants it`(
        expiry: Duration?, limit: Duration?, start: Duration, end: Duration
    ) throws {
        let command = command(expiresIn: expiry, startIn: limit)
        let deadline = try CommandDeadline(of: command, at: now)
        #expect(deadline.startBy == now.monotonic.advanced(by: start))
        #expect(deadline.validUntil == now.monotonic.advanced(by: end))
        #expect(deadline.answerBy == now.monotonic.advanced(by: .seconds(2)))
    }

    @Test func `refuses what has expired, and not what expires only now`() {
        let late = command(expiresIn: .nanoseconds(-1))
        #expect(refusal(late, at: now).hasPrefix("node pump: expired at"))
        #expect(refusal(command(expiresIn: .zero), at: now) == "")
    }

    @Test func `refuses what would not expire within a day, from every requester`() {
        let latest = CommandDeadline.longestExpiry + CommandDeadline.clockSkew
        #expect(
            refusal(command(expiresIn: latest + .nanoseconds(1)), at: now).contains("ahead"))
        #expect(refusal(command(expiresIn: latest), at: now) == "")
    }

    @Test func `judges no expiry while the clock is not synchronised, and any limit of its own`() {
        let unsure = Timestamp(wall: now.wall, monotonic: now.monotonic, isSynchronised: false)
        #expect(refusal(command(expiresIn: .seconds(1)), at: unsure).contains("not synchronised"))
        #expect(refusal(command(startIn: .seconds(1)), at: unsure) == "")
    }
}
