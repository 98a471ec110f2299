import Journals
import Vocabulary

/// What every journal owes the proactor and its upstreams.
public enum JournalConformance {
    /// How much a journal holds.
    public enum Room: Sendable {
        /// More than 1,000 facts.
        case ample
        /// Fewer than 100,000 facts.
        case little
    }

    /// An open journal for these upstreams, empty, that keeps facts without being asked twice.
    public typealias Maker = ([UpstreamName], Room) async -> any Journal

    /// Puts fresh journals to use, and returns every promise that they break; none when all is well.
    public static func broken(by make: Maker) async -> [String] {
        do throws(JournalError) {
            var broken = try await order(make)
            broken += try await limits(make)
            broken += try await cursors(make)
            broken += try await goingBack(make)
            broken += try await bounds(make)
            broken += try await deadLettering(make)
            broken += try await times(make)
            return try await broken + strangers(make)
        } catch {
            return ["it throws \(error.kind): \(error.detail)"]
        }
    }

    /// Facts of one node, distinguished by their time.
    public static func facts(_ numbers: ClosedRange<Int64>, areSynchronised: Bool = true) -> [Fact]
    {
        numbers.map { number in
            let wall = WallTime(nanoseconds: number)
            let stamp = Timestamp(
                wall: wall, monotonic: MonotonicInstant(nanoseconds: number),
                isSynchronised: areSynchronised)
            return Fact(node: "tank", at: stamp, matter: .readings([]))
        }
    }

    /// Appends facts and returns once they are kept, with all the news until then.
    public static func keep(
        _ facts: [Fact], in journal: any Journal,
        _ news: inout AsyncStream<JournalEvent>.AsyncIterator
    ) async -> [JournalEvent] {
        guard let offsets = journal.append(facts) else { return [] }
        var heard: [JournalEvent] = []
        while let word = await news.next() {
            heard.append(word)
            if case .committed(let through) = word, through >= offsets.upperBound { break }
        }
        return heard
    }

    private static func numbers(_ entries: [Entry]) -> [Int64] {
        entries.map(\.fact.at.wall.nanoseconds)
    }

    private static func order(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site"], .ample)
        var news = journal.news.makeAsyncIterator()
        let first = journal.append(facts(1...3))
        let nothing = journal.append([])
        let heard = await keep(facts(4...5), in: journal, &news)
        let all = try await journal.next(for: "site", after: 0, limit: 100)
        await journal.close()
        let end = await news.next()
        return unless(first == 1...3, "facts are numbered from 1 without gaps")
            + unless(nothing == nil, "no facts take no offset")
            + unless(heard.last == .committed(through: 5), "what is kept is told")
            + unless(numbers(all) == [1, 2, 3, 4, 5], "facts come in the order they were told")
            + unless(all.map(\.offset) == [1, 2, 3, 4, 5], "entries bear their offsets")
            + unless(end == nil, "the news end when the journal is closed")
    }

    private static func limits(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site"], .ample)
        var news = journal.news.makeAsyncIterator()
        _ = await keep(facts(1...9), in: journal, &news)
        let some = try await journal.next(for: "site", after: 2, limit: 3)
        let none = try await journal.next(for: "site", after: 9, limit: 3)
        let zero = try await journal.next(for: "site", after: 0, limit: 0)
        await journal.close()
        return unless(numbers(some) == [3, 4, 5], "next begins after the offset, oldest first")
            + unless(none.isEmpty && zero.isEmpty, "next gives no more than there is or is asked")
    }

    private static func cursors(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["quick", "slow"], .ample)
        var news = journal.news.makeAsyncIterator()
        _ = await keep(facts(1...6), in: journal, &news)
        try await journal.advance("quick", through: 6)
        try await journal.advance("slow", through: 2)
        let quick = try await journal.next(for: "quick", after: 0, limit: 100)
        let slow = try await journal.next(for: "slow", after: 0, limit: 100)
        let status = await journal.status()
        await journal.close()
        return unless(quick.isEmpty, "what was acknowledged does not come again")
            + unless(numbers(slow) == [3, 4, 5, 6], "each upstream has a cursor of its own")
            + unless(
                status["quick"] == JournalStatus(acknowledged: 6, waiting: 0, dropped: 0)
                    && status["slow"] == JournalStatus(acknowledged: 2, waiting: 4, dropped: 0),
                "the status tells how each upstream stands")
    }

    private static func goingBack(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site"], .ample)
        var news = journal.news.makeAsyncIterator()
        _ = await keep(facts(1...6), in: journal, &news)
        try await journal.advance("site", through: 4)
        try await journal.advance("site", through: 2)
        let left = try await journal.next(for: "site", after: 0, limit: 100)
        let beyond = await kind { () async throws(JournalError) in
            try await journal.advance("site", through: 7)
        }
        let status = await journal.status()
        await journal.close()
        return unless(numbers(left) == [5, 6], "a cursor does not go back")
            + unless(beyond == .badCursor, "a cursor beyond the last fact is refused")
            + unless(status["site"]?.acknowledged == 4, "a refused cursor moves nothing")
    }

    private static func bounds(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["quick", "slow"], .little)
        var news = journal.news.makeAsyncIterator()
        var (last, heard): (Int64, [JournalEvent]) = (0, [])
        // What is acknowledged is evicted first, and nobody loses anything by it.
        while last < 100_000, await journal.status()["slow"]?.dropped == 0 {
            heard += await keep(facts((last + 1)...(last + 1_000)), in: journal, &news)
            last += 1_000
            try await journal.advance("quick", through: JournalOffset(last))
        }
        let status = await journal.status()
        let dropped = status["slow"]?.dropped ?? 0
        var (left, offset): ([Int64], JournalOffset) = ([], 0)
        while true {
            let entries = try await journal.next(for: "slow", after: offset, limit: 1_000)
            guard let end = entries.last else { break }
            left += numbers(entries)
            offset = end.offset
        }
        // An acknowledgement of what was evicted meanwhile is nobody's fault.
        try await journal.advance("slow", through: 1)
        await journal.close()
        let told = heard.reduce(0) { sum, word in
            if case .dropped(let count, upstream: "slow", _) = word { sum + count } else { sum }
        }
        return unless(
            dropped > 0 && left.last == last, "the oldest are evicted where there is no room")
            + unless(
                left == Array((Int64(dropped) + 1)...max(last, Int64(dropped) + 1)),
                "what is newer stays, without a gap")
            + unless(status["slow"]?.waiting == left.count, "what waits is counted")
            + unless(told == dropped, "what was evicted is counted")
            + unless(status["quick"]?.dropped == 0, "nobody loses what it has acknowledged")
    }

    private static func deadLettering(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site", "other"], .ample)
        var news = journal.news.makeAsyncIterator()
        _ = await keep(facts(1...3), in: journal, &news)
        try await journal.deadLetter(2...2, for: "site", because: "never acknowledged")
        let status = await journal.status()
        await journal.close()
        return unless(
            status["site"]?.deadLettered == 1 && status["other"]?.deadLettered == 0,
            "what is dead-lettered is counted for its upstream")
    }

    private static func times(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site"], .ample)
        var news = journal.news.makeAsyncIterator()
        _ = await keep(facts(1...2, areSynchronised: false) + facts(3...3), in: journal, &news)
        await journal.correctTimes(by: .nanoseconds(1_000))
        let entries = try await journal.next(for: "site", after: 0, limit: 9)
        await journal.close()
        return unless(
            numbers(entries) == [1_001, 1_002, 3], "unsure times are moved, sure ones not")
            + unless(
                entries.allSatisfy(\.fact.at.isSynchronised), "a corrected time is synchronised")
            + unless(
                entries.map(\.fact.at.monotonic.nanoseconds) == [1, 2, 3],
                "the monotonic time stays")
    }

    private static func strangers(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site"], .ample)
        let next = await kind { () async throws(JournalError) in
            _ = try await journal.next(for: "stranger", after: 0, limit: 1)
        }
        let advance = await kind { () async throws(JournalError) in
            try await journal.advance("stranger", through: 0)
        }
        let deadLetters = await kind { () async throws(JournalError) in
            try await journal.deadLetter(1...1, for: "stranger", because: "")
        }
        await journal.close()
        return unless(
            [next, advance, deadLetters] == [.unknownUpstream, .unknownUpstream, .unknownUpstream],
            "an upstream that is not of this journal is told so")
    }

    private static func unless(_ isKept: Bool, _ promise: String) -> [String] {
        isKept ? [] : [promise]
    }

    private static func kind(
        of work: () async throws(JournalError) -> Void
    ) async -> JournalError.Kind? {
        do throws(JournalError) {
            try await work()
            return nil
        } catch {
            return error.kind
        }
    }
}
