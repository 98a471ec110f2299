import Conformance
import DriverKit
import Drivers
import Simulators
import TestMachine
import Testing
import Vocabulary

extension Answer {
    var fault: DriverError? {
        if case .failure(let error) = self { error } else { nil }
    }

    var value: Int64? { try? get().value }
}

/// A unit whose input registers show 100 + their address, read one channel each.
private struct PartialBench {
    let bench: MeterBench
    var driver: ModbusMeterDriver

    init(_ addresses: [Int], settings: String = "") throws {
        let registers = addresses.map {
            #"{"name": "r\#($0)", "address": \#($0), "type": "uint16", "unit": "watt"}"#
        }
        bench = try MeterBench(
            #"{"bus": "rs485", "unit": 1, \#(settings) "registers": [\#(registers.joined(separator: ","))]}"#
        )
        for address in addresses { bench.hold([UInt16(100 + address)], at: UInt16(address)) }
        driver = try bench.driver()
        change { $0.fillsGaps = false }
    }

    func change(_ body: (inout SimulatedModbusUnit) -> Void) {
        bench.wiring.buses.change(unit: 1, on: MeterBench.bus, body)
    }

    /// Reads all channels, or those of `due`, after `pause`.
    mutating func read(
        _ due: [Int]? = nil, after pause: Duration = .seconds(1)
    ) throws -> [Answer] {
        bench.clock.advance(by: pause)
        let channels = bench.component.channels
        let wanted = due.map { addresses in
            channels.filter { addresses.map { "r\($0)" }.contains($0.source) }
        }
        return try driver.read(wanted ?? channels, at: bench.clock.now)
    }

    /// The requests of what `body` does.
    mutating func requests(_ body: (inout Self) throws -> Void) throws -> [String] {
        let before = bench.requests.count
        try body(&self)
        return Array(bench.requests.dropFirst(before))
    }
}

@Suite("A device that answers in part") struct PartialReadsTests {
    private static let addresses = Array(0..<10)

    @Test func `a register that it does not have costs its own channel and no other`() throws {
        var bench = try PartialBench(Self.addresses)
        bench.change { $0.drop(6..<7) }
        for _ in 0..<3 {
            let answers = try bench.read()
            #expect(answers.map(\.value) == [100, 101, 102, 103, 104, 105, nil, 107, 108, 109])
            #expect(answers[6].fault?.kind == .unsupported)
            #expect(answers[6].fault?.detail.contains("01 04 00 06 00 01") == true)
        }
        let later = try bench.requests { _ = try $0.read() }
        #expect(later == ["01 04 00 00 00 06", "01 04 00 07 00 03"])
    }

    @Test func `no request goes over a register that it does not have`() throws {
        var bench = try PartialBench([0, 1, 2, 3, 4], settings: #""maxGap": 20,"#)
        bench.change { $0.drop(2..<3) }
        _ = try bench.read()
        let later = try bench.requests { _ = try $0.read() }
        #expect(later == ["01 04 00 00 00 02", "01 04 00 03 00 02"])
    }

    @Test(.ownThread)
    func `a register is asked for again, ever less often, and is read once it is there`()
        throws
    {
        var bench = try PartialBench(Self.addresses)
        bench.change { $0.drop(6..<7) }
        var asked = 0
        for _ in 0..<3_600 {
            _ = try bench.read()
            // What is asked for again comes last in its round.
            if bench.bench.requests.last == "01 04 00 06 00 01" { asked += 1 }
        }
        #expect((12...20).contains(asked))
        bench.change { $0.hold([106], at: 6) }
        let healed = try bench.read(after: .seconds(300))
        #expect(healed.allSatisfy { $0.fault == nil })
        _ = try bench.read()
        #expect(bench.bench.requests.last == "01 04 00 00 00 0a")
    }

    @Test func `one that takes fewer words at once than a request has is read in pieces`() throws {
        var bench = try PartialBench(Array(0..<60))
        bench.change { $0.mostWords = 20 }
        #expect(try bench.read().allSatisfy { $0.fault == nil })
        #expect(try bench.read().allSatisfy { $0.fault == nil })
        let later = try bench.requests { _ = try $0.read() }
        #expect(later.count == 4)
    }

    @Test func `finding out what is missing takes at most 40 requests a round`() throws {
        var bench = try PartialBench(Array(0..<64))
        bench.change { unit in
            for address in stride(from: 0, to: 64, by: 4) { unit.drop(address..<address + 1) }
        }
        var rounds = 0
        while rounds < 40 {
            let asked = try bench.requests { bench in
                // Before anything was answered the whole device counts as one that refuses.
                do { _ = try bench.read() } catch is DriverError {}
            }
            #expect(asked.count <= 40)
            rounds += 1
        }
        let answers = try bench.read()
        #expect(answers.count { $0.fault == nil } == 48)
    }

    @Test func `one that is busy for a moment costs nothing`() throws {
        var bench = try PartialBench(Self.addresses)
        bench.change { $0.busyReplies = 1 }
        #expect(try bench.read().allSatisfy { $0.fault == nil })
    }

    @Test func `one that stays busy fails as a whole`() throws {
        var bench = try PartialBench(Self.addresses)
        _ = try bench.read()
        bench.change { $0.fault = .exception(6) }
        let error = #expect(throws: DriverError.self) { try bench.read() }
        #expect(error?.kind == .busy)
    }

    @Test func `one that has never answered and refuses everything fails as a whole`() throws {
        var bench = try PartialBench(Self.addresses)
        bench.change { $0.drop(0..<10) }
        for _ in 0..<20 {
            let error = #expect(throws: DriverError.self) { try bench.read() }
            #expect(error?.kind == .unsupported)
            #expect(error?.detail.contains("function") == true)
        }
        for address in Self.addresses { bench.bench.hold([7], at: UInt16(address)) }
        _ = try? bench.read(after: .seconds(300))
        #expect(try bench.read().map(\.value) == Array(repeating: 7, count: 10))
    }

    @Test func `one that is dead costs one wait in a round, however much is asked of it`() throws {
        var bench = try PartialBench(Array(stride(from: 0, to: 100, by: 10)))
        _ = try bench.read()
        bench.change { $0.fault = .silent }
        for _ in 0..<10 {
            let error = #expect(throws: DriverError.self) { try bench.read() }
            #expect(error?.kind == .timeout)
        }
        #expect(bench.bench.wiring.buses.waited(on: MeterBench.bus) == .seconds(5))
        bench.change { $0.fault = nil }
        #expect(try bench.read().allSatisfy { $0.fault == nil })
        let later = try bench.requests { _ = try $0.read() }
        #expect(later.count == 10)
    }

    @Test func `a register that it leaves unanswered costs its own channel in the end`() throws {
        var bench = try PartialBench([0, 1, 2, 3, 50, 51, 52, 53])
        bench.change { $0.deafTo = 51..<52 }
        for _ in 0..<12 {
            let answers = try bench.read()
            // The request without it is asked first, whatever else becomes of the round.
            #expect(answers[..<4].allSatisfy { $0.fault == nil })
        }
        let answers = try bench.read()
        #expect(answers.map { $0.fault?.kind } == [nil, nil, nil, nil, nil, .timeout, nil, nil])
        // Nor does it cost a wait in each round from then on.
        let waited = bench.bench.wiring.buses.waited(on: MeterBench.bus)
        for _ in 0..<600 { _ = try bench.read() }
        let more = bench.bench.wiring.buses.waited(on: MeterBench.bus) - waited
        #expect(more >= .milliseconds(500))
        #expect(more <= .seconds(4))
        bench.change { $0.deafTo = nil }
        #expect(try bench.read(after: .seconds(300)).allSatisfy { $0.fault == nil })
    }

    @Test func `a request that fails now and then does not change how it is asked`() throws {
        var bench = try PartialBench([0, 1, 50, 51])
        _ = try bench.read()
        for _ in 0..<5 {
            bench.change { $0.deafTo = 50..<52 }
            let answers = try bench.read()
            #expect(answers.map { $0.fault?.kind } == [nil, nil, .timeout, .timeout])
            bench.change { $0.deafTo = nil }
            #expect(try bench.read().allSatisfy { $0.fault == nil })
        }
        let later = try bench.requests { _ = try $0.read() }
        #expect(later.sorted() == ["01 04 00 00 00 02", "01 04 00 32 00 02"])
    }

    @Test func `an address as in manuals is pointed at when the device does not have it`() throws {
        var bench = try PartialBench([0, 40_101])
        bench.change { $0.drop(40_101..<40_102) }
        let answers = try bench.read()
        #expect(answers[1].fault?.detail.hasSuffix("means holding register 100") == true)
    }
}
