import Foundation
import TestMachine
import Testing
import Vocabulary

private let environment = ProcessInfo.processInfo.environment
/// How many seeds are tried, from which on. `make soak` asks for 10,000.
private let count = environment["SCENARIOS"].flatMap(UInt64.init) ?? 80
private let first = environment["SCENARIO_FIRST"].flatMap(UInt64.init) ?? 1
/// The one seed to replay.
private let only = environment["SCENARIO_SEED"].flatMap(UInt64.init)

/// Seeds that are tried together; a failure names them.
private let block: UInt64 = 80

@Suite(.ownThread, .serialized) struct `Whole gateways in seeded weather` {
    /// Seeds that once found something, by what it was.
    static let found: [(seed: UInt64, what: String)] = [
        (99, "a queued wish was carried out although its giver had fallen silent")
    ]
    static let blocks: [ClosedRange<UInt64>] =
        only.map { [$0...$0] }
        ?? found.map { $0.seed...$0.seed }
        + stride(from: first, to: first + count, by: Int(block)).map {
            $0...min($0 + block, first + count) - 1
        }

    @Test(arguments: blocks)
    func `break none of their promises`(seeds: ClosedRange<UInt64>) async {
        var figures = Figures()
        await withTaskGroup(of: Figures.self) { group in
            var left = Array(seeds)[...]
            // Some at a time, because each has a thread for every node.
            for seed in left.prefix(6) { group.addTask { await Self.run(seed) } }
            left = left.dropFirst(6)
            for await more in group {
                figures.add(more)
                if let seed = left.popFirst() { group.addTask { await Self.run(seed) } }
            }
        }
        print(figures.block("scenarios, seeds \(seeds):"))
        // One seed may have a quiet day; all of a block do not.
        guard seeds.count >= block else { return }
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
