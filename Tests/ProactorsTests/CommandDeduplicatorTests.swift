import Testing
import Vocabulary

@testable import Proactors

@Suite struct `A command deduplicator` {
    private func command(
        _ id: String, node: ShNodeName = "pump", value: Int64 = 1
    ) -> Command {
        Command(
            id: CommandID(id)!, node: node, order: .set(value),
            source: CommandSource(.rule, "test"))
    }

    private func refusal(_ outcome: CommandOutcome?) -> String? {
        if case .refused(let why) = outcome { why } else { nil }
    }

    @Test func `lets a new command be carried out`() {
        var deduplicator = CommandDeduplicator()
        #expect(deduplicator.take(command("a")) == nil)
    }

    @Test func `answers a command that comes again with the first result`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("a"))
        deduplicator.settled(command("a"), .failed("stuck"))
        #expect(deduplicator.take(command("a")) == .failed("stuck"))
    }

    @Test func `refuses a command that comes again while it is in work`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("a"))
        #expect(refusal(deduplicator.take(command("a")))?.contains("in work") == true)
    }

    @Test func `begins again with a command that found no place`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("a"))
        deduplicator.forget(command("a"))
        #expect(deduplicator.take(command("a")) == nil)
    }

    @Test func `refuses an identity that was another command's`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("1"))
        #expect(refusal(deduplicator.take(command("1", node: "valve"))) != nil)
        deduplicator.settled(command("1"), .failed("stuck"))
        #expect(refusal(deduplicator.take(command("1", node: "valve"))) != nil)
        #expect(refusal(deduplicator.take(command("1", value: 0))) != nil)
        #expect(deduplicator.take(command("1")) == .failed("stuck"))
    }

    @Test func `forgets nothing because of other nodes, or of those who keep a hold`() {
        var deduplicator = CommandDeduplicator()
        _ = deduplicator.take(command("first"))
        deduplicator.settled(command("first"), .failed("first"))
        for number in 0..<600 {
            let other = command("o\(number)", node: "valve")
            let hold = Command(
                id: CommandID("h\(number)")!, node: "pump",
                order: .override(value: 1, for: .seconds(9)),
                source: CommandSource(.page))
            for command in [other, hold] {
                _ = deduplicator.take(command)
                deduplicator.settled(command, .failed("busy"))
            }
        }
        #expect(deduplicator.take(command("first")) == .failed("first"))
        #expect(deduplicator.take(command("o0", node: "valve")) == nil)
        deduplicator.forget(node: "pump")
        #expect(deduplicator.take(command("first")) == nil)
    }

    @Test func `remembers the last 256 answers and no more`() {
        var deduplicator = CommandDeduplicator()
        for number in 0..<257 {
            _ = deduplicator.take(command("\(number)"))
            deduplicator.settled(command("\(number)"), .failed("\(number)"))
        }
        #expect(deduplicator.take(command("1")) == .failed("1"))
        #expect(deduplicator.take(command("0")) == nil)
    }
}
