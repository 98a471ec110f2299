/// Prints how fast the gateway's channels are beside those of swift-async-algorithms: one shape a line,
/// `NAME OURS THEIRS`, in elements a second or, for tickers, in ns late. The median of the runs; of all
/// shapes, or those that are named.
struct ChannelRates {
    private let ours: ChannelShapes
    private let peer: PeerShapes
    private let runs: Int
    private let named: [String]

    init(_ arguments: ArraySlice<String>) throws {
        let numbers = arguments.prefix(2).compactMap { Int($0) }
        guard numbers.count == 2, numbers[0] >= 1_000, numbers[1] > 0 else {
            throw BenchError("bench channels MESSAGES RUNS [NAME...]")
        }
        named = Array(arguments.dropFirst(2))
        (ours, peer, runs) = (
            ChannelShapes(messages: numbers[0]), PeerShapes(messages: numbers[0]), numbers[1]
        )
    }

    func run() async throws {
        for (name, readers) in [("one-1", 1), ("one-10", 10)] {
            try await report(
                name, { try await ours.fanOut(to: readers) },
                { await peer.share(to: readers) })
        }
        for (name, readers) in [("batch-1", 1), ("batch-10", 10)] {
            try await report(
                name,
                { try await ours.fanOutInBatches(to: readers, inARow: 40) },
                { await peer.share(to: readers) })
        }
        try await report("merge-3", { try await ours.merge(of: 3) }, { await peer.merge() })
        try await report("merge-10", { try await ours.merge(of: 10) }, nil)
        try await report(
            "queue-1", { try await ours.workQueue(takers: 1) }, { try await peer.channel() })
        try await report("queue-4", { try await ours.workQueue(takers: 4) }, nil)
        try await report("ask-8", { try await ours.ask() }, nil)
        try await reportDrift()
    }

    private func reportDrift() async throws {
        guard isWanted("tick") else { return }
        var drifts: (ours: [[Int64]], theirs: [[Int64]]) = ([], [])
        for _ in 0..<runs {
            drifts.ours.append(await ours.drift().sorted())
            drifts.theirs.append(await peer.drift().sorted())
        }
        for (name, place) in [("tick-median", 500), ("tick-99", 990)] {
            print(
                name, median(drifts.ours.map { Double($0[place]) }),
                median(drifts.theirs.map { Double($0[place]) }))
        }
    }

    private func isWanted(_ name: String) -> Bool { named.isEmpty || named.contains(name) }

    private func report(
        _ name: String, _ ours: () async throws -> Double, _ theirs: (() async throws -> Double)?
    ) async throws {
        guard isWanted(name) else { return }
        var rates: (ours: [Double], theirs: [Double]) = ([], [])
        // In turns, so that what else the machine does falls on both.
        for _ in 0..<runs {
            rates.ours.append(try await ours())
            if let theirs { rates.theirs.append(try await theirs()) }
        }
        print(name, median(rates.ours), theirs == nil ? "-" : median(rates.theirs))
    }

    private func median(_ rates: [Double]) -> String {
        let sorted = rates.sorted()
        return sorted.isEmpty ? "-" : "\(Int(sorted[sorted.count / 2]))"
    }
}
