import Foundation
import Testing
import Vocabulary

private let environment = ProcessInfo.processInfo.environment
/// How many seeds are tried. `make soak` asks for 10,000.
private let count = environment["SCENARIOS"].flatMap(UInt64.init) ?? 40
/// The one seed to replay.
private let only = environment["SCENARIO_SEED"].flatMap(UInt64.init)

@Suite struct `Whole gateways in seeded weather` {
    /// Seeds that once found something, by what it was.
    static let found: [(seed: UInt64, what: String)] = []

    @Test func `break none of their promises`() async {
        let seeds = only.map { [$0] } ?? Self.found.map(\.seed) + Array(1...count)
        var figures = Scenario.Figures()
        await withTaskGroup(of: Scenario.Figures.self) { group in
            var left = seeds[...]
            // Some at a time, because each has a thread for every node.
            for seed in left.prefix(4) { group.addTask { await Self.run(seed) } }
            left = left.dropFirst(4)
            for await more in group {
                figures.add(more)
                if let seed = left.popFirst() { group.addTask { await Self.run(seed) } }
            }
        }
        let faults = figures.faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        print(
            """
            scenarios: \(seeds.count) seeds, \(figures.simulated / .seconds(3_600)) simulated hours, \
            \(figures.checks) steps checked, \(figures.commands) commands \(figures.answers), \
            \(figures.switches) switches, \(figures.readings) readings told once
            faults: \(faults.joined(separator: ", "))
            """)
        // One seed may have a quiet day; all together do not.
        #expect(only != nil || figures.switches > seeds.count)
    }

    private static func run(_ seed: UInt64) async -> Scenario.Figures {
        let scenario = Scenario(seed: seed)
        await scenario.run()
        let breaches = Set(await scenario.breaches)
        if !breaches.isEmpty {
            Issue.record(
                """
                \(breaches.sorted().prefix(5).joined(separator: "; "))
                replay: SCENARIO_SEED=\(seed) swift test --filter ScenarioTests
                """)
            if only != nil { print(await scenario.story.joined(separator: "\n")) }
        }
        return await scenario.figures
    }
}
