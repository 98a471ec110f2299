import Testing
import Vocabulary

@testable import Proactors

@Suite struct `A command deduplicator` {
    private let now = WallTime(nanoseconds: 1_000_000_000)

    private func command(
        _ id: String, node: ShNodeName = "pump", value: Int64 = 1, expires: WallTime? = nil
    ) -> Command {
        Command(
            id: CommandID(id)!, node: node, order: .set(value),
            source: CommandSource(.rule, "test"), expires: expires)
    }

    private func refusal(_ decision: CommandDeduplicator.Decision) -> String? {
        if case .answer(.refused(let why)) = decision { why } else { nil }
    }

    @Test func `lets a new command be carried out`() {
        var deduplicator = CommandDeduplicator()
        #expect(deduplicator.take(command("a"), now: now) == .carryOut)
    }

    @Test func `answers a command that comes again with the first result`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("a"), now: now)
        deduplicator.answered(command("a"), .failed("stuck"))
        #expect(deduplicator.take(command("a"), now: now) == .answer(.failed("stuck")))
    }

    @Test func `refuses a command that comes again while it is under way`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("a"), now: now)
        #expect(refusal(deduplicator.take(command("a"), now: now))?.contains("in work") == true)
    }

    @Test func `refuses what has expired, and not what expires only now`() {
        var deduplicator = CommandDeduplicator()
        let late = command("a", expires: now.advanced(by: .nanoseconds(-1)))
        #expect(refusal(deduplicator.take(late, now: now))?.contains("expired") == true)
        #expect(deduplicator.take(command("b", expires: now), now: now) == .carryOut)
    }

    @Test func `refuses what would not expire within a day, whoever asks`() {
        var deduplicator = CommandDeduplicator()
        let latest = now.advanced(by: Command.longestExpiry + Command.clockSkew)
        let later = latest.advanced(by: .nanoseconds(1))
        #expect(
            refusal(deduplicator.take(command("a", expires: later), now: now))?.contains("ahead")
                == true)
        #expect(deduplicator.take(command("b", expires: latest), now: now) == .carryOut)
    }

    @Test func `begins again with a command that found no place`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("a"), now: now)
        deduplicator.forget(command("a"))
        #expect(deduplicator.take(command("a"), now: now) == .carryOut)
    }

    @Test func `refuses an identity that was another command's`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("1"), now: now)
        #expect(refusal(deduplicator.take(command("1", node: "valve"), now: now)) != nil)
        deduplicator.answered(command("1"), .failed("stuck"))
        #expect(refusal(deduplicator.take(command("1", node: "valve"), now: now)) != nil)
        #expect(refusal(deduplicator.take(command("1", value: 0), now: now)) != nil)
        #expect(deduplicator.take(command("1"), now: now) == .answer(.failed("stuck")))
    }

    @Test func `forgets nothing because of other nodes, or of those who keep a hold`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("first"), now: now)
        deduplicator.answered(command("first"), .failed("first"))
        for number in 0..<600 {
            let other = command("o\(number)", node: "valve")
            let hold = Command(
                id: CommandID("h\(number)")!, node: "pump",
                order: .override(value: 1, for: .seconds(9)),
                source: CommandSource(.page))
            for command in [other, hold] {
                _ = deduplicator.take(command, now: now)
                deduplicator.answered(command, .failed("busy"))
            }
        }
        #expect(deduplicator.take(command("first"), now: now) == .answer(.failed("first")))
        #expect(deduplicator.take(command("o0", node: "valve"), now: now) == .carryOut)
        deduplicator.forget(node: "pump")
        #expect(deduplicator.take(command("first"), now: now) == .carryOut)
    }

    @Test func `remembers the last 256 answers and no more`() {
        var deduplicator = CommandDeduplicator()
        for number in 0..<257 {
            _ = deduplicator.take(command("\(number)"), now: now)
            deduplicator.answered(command("\(number)"), .failed("\(number)"))
        }
        #expect(deduplicator.take(command("1"), now: now) == .answer(.failed("1")))
        #expect(deduplicator.take(command("0"), now: now) == .carryOut)
    }
}
