import Testing
import Vocabulary

@testable import Nodes
@testable import Proactors

@Suite struct `A watch over a node` {
    private static func channel(_ name: DataChannelName, poll: Duration) -> DataChannel {
        DataChannel(
            name: name, node: "tank", source: "value", unit: .celsius, exponent: 0,
            pollPeriod: poll, capture: CaptureRule(period: poll, delta: nil))
    }

    private var watch = NodeWatch(
        name: "tank",
        channels: [channel("top", poll: .seconds(1)), channel("bottom", poll: .seconds(10))])
    private let heartbeat = NodeHeartbeat(channels: 2)

    private static func at(_ seconds: Int64) -> Timestamp {
        Timestamp(
            wall: WallTime(nanoseconds: seconds * 1_000_000_000),
            monotonic: MonotonicInstant(nanoseconds: seconds * 1_000_000_000))
    }

    private mutating func look(_ seconds: Int64) -> [Fact.Matter] {
        watch.look(at: heartbeat, stamp: Self.at(seconds)).map(\.matter)
    }

    private mutating func read(_ index: Int, _ value: Int64, at seconds: Int64) {
        _ = heartbeat.noteGood(index, value, at: Self.at(seconds).monotonic)
    }

    private func stale(_ channel: DataChannelName, _ value: Int64) -> Fact.Matter {
        .readings([Reading(channel: channel, value: value, quality: .stale)])
    }

    @Test mutating func `has nothing to say of a node that is well`() {
        for second in stride(from: Int64(0), through: 100, by: 1) {
            read(0, 20, at: second)
            read(1, 20, at: second)
            #expect(look(second) == [])
        }
    }

    @Test
    mutating func `calls each channel stale once, after three polls and at least five seconds`() {
        read(0, 21, at: 0)
        read(1, 22, at: 0)
        #expect(look(5) == [])
        #expect(look(6) == [stale("top", 21)])
        #expect(look(30) == [])
        #expect(look(31) == [stale("bottom", 22)])
        #expect(look(1_000) == [])
    }

    @Test mutating func `says once that a node has no thread, and once that it has one`() {
        func fault(_ facts: [Fact]) -> [Fault] {
            facts.compactMap { if case .fault(let fault) = $0.matter { fault } else { nil } }
        }
        let lack = "there is no thread"
        let begun = fault(watch.look(at: heartbeat, lack: lack, stamp: Self.at(0)))
        #expect(begun.map(\.kind) == [.hung] && begun.map(\.isOn) == [true])
        #expect(begun.first?.detail.contains(lack) == true)
        #expect(watch.look(at: heartbeat, lack: lack, stamp: Self.at(1)) == [])
        #expect(fault(watch.look(at: heartbeat, stamp: Self.at(2))).map(\.isOn) == [false])
    }

    @Test mutating func `calls a channel stale again when it was good in between`() {
        read(1, 22, at: 1_000)
        read(0, 21, at: 0)
        #expect(look(6) == [stale("top", 21)])
        read(0, 23, at: 10)
        #expect(look(11) == [])
        #expect(look(16) == [stale("top", 23)])
    }

    @Test(arguments: [true, false])
    func `marks what it calls stale as the node's readings are marked`(isSimulated: Bool) {
        var watch = NodeWatch(
            name: "tank", channels: [Self.channel("top", poll: .seconds(1))],
            isSimulated: isSimulated)
        _ = heartbeat.noteGood(0, 21, at: Self.at(0).monotonic)
        let facts = watch.look(at: heartbeat, stamp: Self.at(6))
        #expect(facts.map(\.isSimulated) == [isSimulated])
    }

    @Test mutating func `has no last value to call stale where there was no good one ever`() {
        read(1, 22, at: 1_000)
        #expect(look(1_000) == [])
    }

    @Test mutating func `reports that a node hangs after ten seconds, and that it is back`() throws
    {
        read(0, 21, at: 1_000)
        read(1, 22, at: 1_000)
        heartbeat.note { $0.busySince = Self.at(100).monotonic }
        #expect(look(110) == [])
        let hung = look(111)
        #expect(hung.count == 1)
        guard case .fault(let fault) = try #require(hung.first) else {
            Issue.record("no fault")
            return
        }
        #expect((fault.kind, fault.isOn) == (.hung, true))
        #expect(look(112) == [])
        heartbeat.note { $0.busySince = nil }
        heartbeat.note { $0.restsUntil = Self.at(120).monotonic }
        guard case .fault(let end) = try #require(look(113).first) else {
            Issue.record("no fault")
            return
        }
        #expect((end.kind, end.isOn) == (.hung, false))
    }

    @Test mutating func `takes a node that does not wake for its round as hung`() {
        read(0, 21, at: 1_000)
        read(1, 22, at: 1_000)
        heartbeat.note { $0.restsUntil = Self.at(100).monotonic }
        #expect(look(110) == [])
        #expect(look(111).count == 1)
    }
}
