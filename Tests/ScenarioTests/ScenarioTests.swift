import Foundation
import Testing
import Vocabulary

private let environment = ProcessInfo.processInfo.environment
/// How many seeds are tried, from which on. `make soak` asks for 10,000.
private let count = environment["SCENARIOS"].flatMap(UInt64.init) ?? 240
private let first = environment["SCENARIO_FIRST"].flatMap(UInt64.init) ?? 1
/// The one seed to replay.
private let only = environment["SCENARIO_SEED"].flatMap(UInt64.init)

@Suite struct `Whole gateways in seeded weather` {
    /// Seeds that once found something, by what it was.
    static let found: [(seed: UInt64, what: String)] = [
        (99, "a queued wish was carried out although its giver had fallen silent")
    ]

    @Test func `break none of their promises`() async {
        let seeds = only.map { [$0] } ?? Self.found.map(\.seed) + Array(first..<first + count)
        var figures = Figures()
        await withTaskGroup(of: Figures.self) { group in
            var left = seeds[...]
            // Some at a time, because each has a thread for every node.
            for seed in left.prefix(6) { group.addTask { await Self.run(seed) } }
            left = left.dropFirst(6)
            for await more in group {
                figures.add(more)
                if let seed = left.popFirst() { group.addTask { await Self.run(seed) } }
            }
        }
        let range = only.map { "seed \($0)" } ?? "seeds \(first) to \(first + count - 1)"
        print(figures.block("scenarios, \(range):"))
        // One seed may have a quiet day; all together do not.
        guard seeds.count >= 200 else { return }
        #expect(figures.switches > seeds.count)
        for promise in Promise.allCases {
            #expect(figures.checks[promise, default: 0] > 0, "never looked at: \(promise.rawValue)")
        }
    }

    private static func run(_ seed: UInt64) async -> Figures {
        let scenario = Scenario(seed: seed)
        await scenario.run()
        let breaches = Set(await scenario.breaches)
        if !breaches.isEmpty {
            Issue.record(
                """
                \(breaches.sorted().prefix(5).joined(separator: "; "))
                before it: \(await scenario.story.suffix(12).joined(separator: "; "))
                replay: SCENARIO_SEED=\(seed) swift test --filter ScenarioTests
                """)
            if only != nil { print(await scenario.story.joined(separator: "\n")) }
        }
        return await scenario.figures
    }
}
