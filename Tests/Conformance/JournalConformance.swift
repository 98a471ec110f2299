import Journals
import Vocabulary

/// What every journal owes the proactor and its upstreams.
public enum JournalConformance {
    /// A journal for upstreams that may each have so many unacknowledged facts waiting.
    public typealias Maker = ([UpstreamName: Int]) async -> any Journal

    /// Puts fresh journals to use, and returns every promise that they break; none when all is well.
    public static func broken(by make: Maker) async -> [String] {
        do throws(JournalError) {
            var broken = try await order(make)
            broken += try await limits(make)
            broken += try await cursors(make)
            broken += try await goingBack(make)
            broken += try await bounds(make)
            broken += try await strangers(make)
            return try await broken + nobody(make)
        } catch {
            return ["it throws \(error.kind): \(error.detail)"]
        }
    }

    /// Facts of one node, told apart by their time.
    static func facts(_ numbers: ClosedRange<Int64>) -> [Fact] {
        numbers.map { number in
            let wall = WallTime(nanoseconds: number)
            let stamp = Timestamp(wall: wall, monotonic: MonotonicInstant(nanoseconds: number))
            return Fact(node: "tank", at: stamp, matter: .readings([]))
        }
    }

    private static func numbers(_ entries: [Entry]) -> [Int64] {
        entries.map(\.fact.at.wall.nanoseconds)
    }

    private static func order(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site": 1_000])
        let first = journal.append(facts(1...3))
        let second = journal.append(facts(4...5))
        let nothing = journal.append([])
        let all = try await journal.next(for: "site", after: 0, limit: 100)
        return unless(first == 1...3 && second == 4...5, "facts are numbered from 1 without gaps")
            + unless(nothing == nil, "no facts take no place")
            + unless(numbers(all) == [1, 2, 3, 4, 5], "facts come in the order they were told")
            + unless(all.map(\.sequence) == [1, 2, 3, 4, 5], "entries bear their places")
    }

    private static func limits(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site": 1_000])
        _ = journal.append(facts(1...9))
        let some = try await journal.next(for: "site", after: 2, limit: 3)
        let none = try await journal.next(for: "site", after: 9, limit: 3)
        let zero = try await journal.next(for: "site", after: 0, limit: 0)
        return unless(numbers(some) == [3, 4, 5], "next begins after the sequence, oldest first")
            + unless(none.isEmpty && zero.isEmpty, "next gives no more than there is or is asked")
    }

    private static func cursors(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["quick": 1_000, "slow": 1_000])
        _ = journal.append(facts(1...6))
        try await journal.advance("quick", through: 6)
        try await journal.advance("slow", through: 2)
        let quick = try await journal.next(for: "quick", after: 0, limit: 100)
        let slow = try await journal.next(for: "slow", after: 0, limit: 100)
        let status = await journal.status()
        return unless(quick.isEmpty, "what was acknowledged does not come again")
            + unless(numbers(slow) == [3, 4, 5, 6], "each upstream has a cursor of its own")
            + unless(
                status["quick"] == JournalStatus(acknowledged: 6, waiting: 0, dropped: 0)
                    && status["slow"] == JournalStatus(acknowledged: 2, waiting: 4, dropped: 0),
                "the status tells how each upstream stands")
    }

    private static func goingBack(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site": 1_000])
        _ = journal.append(facts(1...6))
        try await journal.advance("site", through: 4)
        try await journal.advance("site", through: 2)
        let left = try await journal.next(for: "site", after: 0, limit: 100)
        let beyond = await kind { () async throws(JournalError) in
            try await journal.advance("site", through: 7)
        }
        let status = await journal.status()
        return unless(numbers(left) == [5, 6], "a cursor does not go back")
            + unless(beyond == .badCursor, "a cursor beyond the last fact is refused")
            + unless(status["site"]?.acknowledged == 4, "a refused cursor moves nothing")
    }

    private static func bounds(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["small": 3, "large": 100])
        _ = journal.append(facts(1...4))
        try await journal.advance("small", through: 2)
        _ = journal.append(facts(5...10))
        let small = try await journal.next(for: "small", after: 2, limit: 100)
        let large = try await journal.next(for: "large", after: 0, limit: 100)
        // An acknowledgement of what gave way meanwhile is nobody's fault.
        try await journal.advance("small", through: 5)
        let status = await journal.status()
        return unless(numbers(small) == [8, 9, 10], "the oldest give way where there is no room")
            + unless(numbers(large) == Array(1...10), "what gives way for one stays for the others")
            + unless(
                status["small"]?.dropped == 6 && status["small"]?.waiting == 3,
                "what gave way is counted")
            + unless(status["large"]?.dropped == 0, "it is counted for its upstream alone")
    }

    private static func strangers(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make(["site": 10])
        let next = await kind { () async throws(JournalError) in
            _ = try await journal.next(for: "stranger", after: 0, limit: 1)
        }
        let advance = await kind { () async throws(JournalError) in
            try await journal.advance("stranger", through: 0)
        }
        return unless(
            next == .unknownUpstream && advance == .unknownUpstream,
            "an upstream that is not of this journal is told so")
    }

    private static func nobody(_ make: Maker) async throws(JournalError) -> [String] {
        let journal = await make([:])
        let places = journal.append(facts(1...3))
        return unless(places == nil, "facts that nobody wants are not kept")
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
