import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Channels
@testable import Health
@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `How a gateway's links stand` {
    private func words(_ bench: Bench) async -> [String] {
        await bench.proactor.linkStatuses.map { "\($0.who) \($0.state.word)" }
    }

    @Test func `is published of upstreams, drivers and peers in the same words`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([1, 2, 3, 4, 5, 6]))))
        await bench.start()
        bench.broker.accept()
        _ = await bench.published("live/tank", 1)
        await bench.proactor.hear([
            LinkStatus(
                who: "peer laptop", incarnation: "l", sequence: 1, state: .connected,
                interval: .seconds(2))
        ])
        // One at a time: of two values that wait together only the newest is published.
        for count in 2...4 {
            await bench.pass(.seconds(1))
            _ = await bench.published("live/tank", count)
        }
        #expect(
            await words(bench) == [
                "site connected", "driver tank connected", "peer laptop connected",
            ])
        let tank = await bench.proactor.linkStatuses[1]
        #expect(tank.counts == nil && (tank.nodeCounts?[.polls] ?? 0) > 0)
        // The peer stated two seconds, and three times that have passed without a word.
        await bench.pass(.seconds(4))
        let laptop = await bench.proactor.linkStatuses.last
        #expect(laptop?.state == .unreachable && laptop?.cause == "no status for 6s")
    }

    @Test func `a driver that fails is a link that failed, with its cause, until it answers again`()
        async
    {
        let device = ScriptedDevice(.shows([1]))
        let bench = Bench(.init(name: "tank", device: device))
        await bench.start()
        bench.broker.accept()
        _ = await bench.published("live/tank", 1)
        device.behave(.fails(DriverError(.timeout, "no reply")))
        await bench.pass(.seconds(2))
        _ = await bench.published("fault/tank", 1)
        let failed = await bench.proactor.linkStatuses.last
        #expect(failed?.state == .unreachable && failed?.cause == "node tank: no reply")
        device.behave(.shows([7]))
        await bench.pass(.seconds(70))
        _ = await bench.published("fault/tank", 2)
        #expect(await words(bench).last == "driver tank connected")
    }

    @Test func `reports the age of the oldest unsent fact, also without a connection`()
        async
    {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([1, 2, 3, 4, 5, 6]))))
        await bench.start()
        let proactor = bench.proactor
        await bench.pass { await proactor.linkStatuses.first?.counts?[age: .oldestUnsent] != nil }
        await bench.pass(.seconds(40))
        let waited = await bench.proactor.linkStatuses.first?.counts?[age: .oldestUnsent]
        #expect(waited.map { $0 >= .seconds(39) } == true, "\(String(describing: waited))")
    }

    @Test func `the age of the oldest is kept coarsely, and never too young`() {
        var backlogAge = BacklogAge()
        func at(_ second: Int) -> MonotonicInstant {
            MonotonicInstant(nanoseconds: Int64(second) * 1_000_000_000)
        }
        for offset in 1...2_000 { backlogAge.note(through: JournalOffset(offset), at: at(offset)) }
        for cursor in stride(from: 0, to: 1_999, by: 7) {
            let first = backlogAge.first(after: JournalOffset(cursor))
            #expect(first.map { $0 <= at(cursor + 1) && $0 > at(cursor - 64) } == true, "\(cursor)")
        }
        #expect(backlogAge.first(after: 2_000) == nil)
        backlogAge.forget(through: 1_990)
        #expect(backlogAge.first(after: 0).map { $0 >= at(1_980) } == true)
    }

    @Test func `what a subscriber loses is logged once a minute, and again when it comes again`() {
        var book = SlowConsumerReporter()
        func look(_ drops: Int64, _ second: Int64) -> [String] {
            book.look(
                at: [
                    QueueStatus(name: "page", counts: [.depth: 1, .dropped: drops]),
                    QueueStatus(name: "well", counts: [:]),
                ], now: MonotonicInstant(nanoseconds: second * 1_000_000_000))
        }
        #expect(look(0, 0) == [])
        #expect(look(3, 1).map { $0.contains("page: slow consumer, 3 values") } == [true])
        #expect(look(9, 60) == [])
        #expect(look(9, 61).map { $0.contains("page: slow consumer, 6 values") } == [true])
        #expect(look(9, 200) == [])
        #expect(look(2, 201).map { $0.contains("page: slow consumer, 2 values") } == [true])
    }

    @Test func `an upstream that unreachable for a minute has failed, and opening ends that`()
        async
    {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([1]))))
        await bench.start()
        await bench.pass(.seconds(59))
        #expect(await words(bench).first == "site connecting")
        await bench.pass(.seconds(3))
        let site = await bench.proactor.linkStatuses.first
        #expect(
            site?.state == .unreachable
                && site?.cause?.hasPrefix("open: timed out after 1min") == true)
        bench.broker.accept()
        _ = await bench.published("live/tank", 1)
        #expect(await words(bench).first == "site connected")
    }
}

@Suite struct `The way in of the direct link` {
    @Test func `is a fault while it cannot be opened, reported once and cleared once`() async throws
    {
        let bench = Bench()
        await bench.start()
        let taken = Fault(kind: .directLink, isOn: true, detail: "the port is taken")
        let open = Fault(kind: .directLink, isOn: false, detail: "it is open again")
        for _ in 0..<2 { await bench.proactor.report(taken) }
        #expect(
            await bench.proactor.activeFaults.map(\.fault) == [taken])
        for _ in 0..<2 { await bench.proactor.report(open) }
        #expect(await bench.proactor.activeFaults.isEmpty)
        let told = try await bench.journal.next(for: "site", after: 0, limit: 99).compactMap {
            entry -> Bool? in
            if case .fault(let fault) = entry.fact.matter { fault.isOn } else { nil }
        }
        #expect(told == [true, false])
        await bench.proactor.stop(because: "the test is over")
    }
}
