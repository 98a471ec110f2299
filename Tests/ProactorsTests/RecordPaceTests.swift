import Channels
import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `The records of one source` {
    private func change(_ number: Int, of node: ShNodeName = "pump") -> Fact {
        Fact(
            node: node, at: stamp(number),
            matter: .fault(
                Fault(kind: .timeout, isOn: number.isMultiple(of: 2), detail: "no answer")))
    }

    /// Changes come ten times a second.
    private func stamp(_ number: Int) -> Timestamp {
        Timestamp(
            wall: WallTime(nanoseconds: Int64(number) * 100_000_000),
            monotonic: MonotonicInstant(nanoseconds: Int64(number) * 100_000_000))
    }

    @Test func `that come seldom are all kept as they are`() {
        var pace = RecordPace()
        for number in 0..<100 {
            let fact = change(number)
            let now = MonotonicInstant(nanoseconds: Int64(number) * 10_000_000_000)
            #expect(pace.admit([fact], at: now) == [fact])
            #expect(pace.due(at: now) == [])
        }
    }

    @Test
    func `that come ten times a second are thinned, end as things are, and say what is missing`() {
        var pace = RecordPace()
        var kept: [Fact] = []
        // An hour of a fault that comes and goes, looked at each second.
        for number in 0...36_000 {
            kept += pace.admit([change(number)], at: stamp(number).monotonic)
            if number.isMultiple(of: 10) { kept += pace.due(at: stamp(number).monotonic) }
        }
        #expect(kept.count <= RecordPace.burst + 360 + 1)
        kept += pace.due(at: stamp(36_001).monotonic, isLast: true)
        #expect(kept.prefix(RecordPace.burst) == (0..<RecordPace.burst).map { change($0) }[...])
        #expect(kept.last?.at == stamp(36_000))
        let missing = kept.reduce(0) { count, fact in
            guard case .fault(let fault) = fact.matter else { return count }
            let words = fault.detail.split(separator: " ")
            return count + (words.dropFirst(3).first.flatMap { Int($0) } ?? 0)
        }
        #expect(kept.count + missing == 36_001)
        #expect(kept.map(\.at.monotonic) == kept.map(\.at.monotonic).sorted())
    }

    @Test func `never cost another source or a reading its record`() {
        var pace = RecordPace()
        for number in 0..<100 { _ = pace.admit([change(number)], at: stamp(number).monotonic) }
        let other = change(100, of: "fan")
        let reading = Fact(
            node: "pump", at: stamp(100),
            matter: .readings([Reading(channel: "pump", value: 1)]))
        let own = Fact(node: .gateway, at: stamp(100), matter: .event(GatewayEvent(.clockSet)))
        #expect(
            pace.admit([change(100), other, reading, own], at: stamp(100).monotonic)
                == [other, reading, own])
    }

    @Test func `are those of one channel: a meter that is exchanged records all of its totals`() {
        var pace = RecordPace()
        let resets = (0..<30).map { number in
            Fact(
                node: "meter", at: stamp(0),
                matter: .event(
                    GatewayEvent(.counterReset, detail: "channel total-\(number): reset")))
        }
        #expect(pace.admit(resets, at: stamp(0).monotonic) == resets)
    }

    @Test func `that were held while the clock was wrong are labelled right`() async throws {
        let bench = Bench(
            .init(name: "tank", device: ScriptedDevice(.shows([1]))), isTimeSynchronised: false)
        await bench.start()
        for number in 0...25 {
            let at = bench.clock.timestamp
            await bench.proactor.take([
                Fact(node: "tank", at: at, matter: change(number, of: "tank").matter)
            ])
        }
        await bench.pass(.seconds(1))
        bench.clock.jump(by: .seconds(3_600))
        await bench.pass(.seconds(12))
        let entries = try await bench.journal.next(for: "site", after: 0, limit: 999)
        let faults = entries.filter { if case .fault = $0.fact.matter { true } else { false } }
        #expect(faults.count == RecordPace.burst + 1)
        #expect(faults.allSatisfy { $0.fact.at.isSynchronised })
    }

    @Test func `reach upstream thinned, and the last one says how things are`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([1]))))
        await bench.start()
        bench.broker.accept()
        for number in 0...600 {
            let fact = change(number, of: "tank")
            await bench.proactor.take([
                Fact(node: "tank", at: bench.clock.timestamp, matter: fact.matter)
            ])
            await bench.pass(.milliseconds(100))
        }
        await bench.pass(.seconds(10))
        let changes = await bench.published("fault/tank", RecordPace.burst + 7)
        #expect(changes.count == RecordPace.burst + 7)
        #expect(changes.last == "timeout true")
    }
}
