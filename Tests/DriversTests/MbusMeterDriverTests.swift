import Conformance
import DriverKit
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct MbusMeterDriverTests {
    private static let id: [UInt8] = [0x78, 0x56, 0x34, 0x12, 0x87, 0x50, 0x01, 0x04]
    private static let sources = [
        "energy", "volume", "power", "flow", "temperature-flow", "temperature-return",
        "temperature-difference",
    ]
    private static let values = [
        "12345000 Wh", "6789.010 m³", "12300 W", "0.456 m³/h", "55.30 °C", "38.70 °C", "16.60 K",
    ]

    /// The heat meter of the catalogue, as one that answers requests.
    private func meter() throws -> SimulatedMbusUnit {
        let frame = try recorded("mbus-heat-meter.bin")
        return SimulatedMbusUnit(
            address: 5, id: Self.id, telegrams: [Array(frame[19..<frame.count - 2])])
    }

    private func bench(_ meter: SimulatedMbusUnit, named name: String = "meter") -> TelegramBench {
        let bench = TelegramBench()
        bench.lines.plug(meter, named: name, on: TelegramBench.port)
        return bench
    }

    @Test func `the frame of the catalogue is read, with its header`() throws {
        let (frames, flaws) = MbusFramer.found(in: try recorded("mbus-heat-meter.bin"))
        #expect(flaws == [] && frames.count == 1)
        guard case .long(let control, let address, let information, let data) = frames.first else {
            return
        }
        #expect((control, address, information) == (0x08, 5, 0x72))
        let answer = try #require(MbusAnswer(data))
        #expect((answer.id, answer.maker) == (0x1234_5678, "TDG"))
        #expect((answer.version, answer.medium, answer.flaw) == (1, 4, nil))
        #expect(!answer.hasMore)
        let last = answer.records.filter { $0.place.storage == 1 }
        #expect(
            last.map { $0.number.flatMap($0.unit.value)?.wholeSteps(exponent: 0) } == [11_111_000])
    }

    @Test func `a meter is reset and asked at its primary address`() throws {
        let bench = try bench(meter())
        var open = try bench.open(MbusMeterDriver.self, #""address": 5"#, Self.sources)
        #expect(try open.read() == Self.values)
        #expect(
            bench.lines.sent(on: TelegramBench.port)
                == [0x10, 0x40, 0x05, 0x45, 0x16, 0x10, 0x7B, 0x05, 0x80, 0x16])
        let mode = bench.lines.modes(on: TelegramBench.port).first
        #expect(mode?.baud == 2400 && mode?.parity == .even)
        #expect(open.component.channels.allSatisfy { $0.pollPeriod == .seconds(900) })
    }

    @Test(arguments: ["12345678", "1234ffff", "1234567850870104"])
    func `a meter is selected by its secondary address`(id: String) throws {
        let bench = try bench(meter())
        var open = try bench.open(MbusMeterDriver.self, #""id": "\#(id)""#, Self.sources)
        #expect(try open.read() == Self.values)
        if id == "12345678" {
            let select: [UInt8] = [
                0x68, 0x0B, 0x0B, 0x68, 0x53, 0xFD, 0x52, 0x78, 0x56, 0x34, 0x12, 0xFF, 0xFF, 0xFF,
                0xFF, 0xB2, 0x16,
            ]
            let sent = bench.lines.sent(on: TelegramBench.port)
            #expect(sent.contains(select))
            #expect(sent.suffix(5) == [0x10, 0x7B, 0xFD, 0x78, 0x16])
        }
        var other = try bench.open(MbusMeterDriver.self, #""id": "87654321""#, Self.sources)
        let error = #expect(throws: DriverError.self) { try other.read() }
        #expect(error?.kind == .timeout)
    }

    @Test func `an answer of several telegrams is read to its end, each asked for in turn`() throws
    {
        let meter = SimulatedMbusUnit(
            address: 5, id: Self.id,
            telegrams: [
                [0x04, 0x06, 1, 0, 0, 0], [0x04, 0x13, 2, 0, 0, 0], [0x04, 0x2B, 3, 0, 0, 0],
            ])
        let bench = bench(meter)
        var open = try bench.open(
            MbusMeterDriver.self, #""address": 5"#, ["energy", "volume", "power"])
        #expect(try open.read() == ["1000 Wh", "0.002 m³", "3 W"])
        let controls = bench.lines.sent(on: TelegramBench.port).enumerated()
            .filter { $0.offset % 5 == 1 }.map(\.element)
        #expect(controls == [0x40, 0x7B, 0x5B, 0x7B])
        #expect(try open.read() == ["1000 Wh", "0.002 m³", "3 W"])
    }

    @Test func `a meter that does not answer at once is asked three times`() throws {
        var meter = try meter()
        meter.deafTo = 5
        meter.echoes = true
        var open = try bench(meter).open(MbusMeterDriver.self, #""address": 5"#, Self.sources)
        #expect(try open.read() == Self.values)
        let silent = try bench(self.meter())
        silent.lines.fault(TelegramBench.port) { $0.isSilent = true }
        var mute = try silent.open(MbusMeterDriver.self, #""address": 5"#, Self.sources)
        #expect(
            throws: DriverError(
                .timeout, "no answer from meter 5 within 1s to 10 7b 05 80 16")
        ) { try mute.read() }
    }

    @Test func `a wrong checksum is asked for again, and then reported`() throws {
        let bench = try bench(meter())
        var open = try bench.open(MbusMeterDriver.self, #""address": 5"#, Self.sources)
        bench.lines.fault(TelegramBench.port) { $0.corruptTelegrams = 3 }
        #expect(try open.read() == Self.values)
        bench.lines.fault(TelegramBench.port) { $0.corruptTelegrams = 100 }
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(
            error
                == DriverError(
                    .malformedReply, "meter 5: a frame of 72 bytes has a wrong checksum or end"))
    }

    @Test func `meters on one line each give their own values`() throws {
        let bench = try bench(meter())
        let second = SimulatedMbusUnit(
            address: 6, id: [1, 0, 0, 0, 0x87, 0x50, 1, 7],
            telegrams: [[0x0C, 0x13, 0x21, 0x43, 0, 0]])
        bench.lines.plug(second, named: "second", on: TelegramBench.port)
        var heat = try bench.open(MbusMeterDriver.self, #""address": 5"#, ["volume"])
        var water = try bench.open(
            MbusMeterDriver.self, #""address": 6, "medium": "water""#, ["volume"])
        for _ in 0..<2 {
            #expect(try heat.read() == ["6789.010 m³"])
            #expect(try water.read() == ["4.321 m³"])
        }
    }

    @Test func `another tariff, sub-unit or billing date is read only by name`() throws {
        let records: [[UInt8]] = [
            [0x44, 0x06, 9, 0, 0, 0], [0x84, 0x10, 0x06, 8, 0, 0, 0],
            [0x84, 0x40, 0x06, 7, 0, 0, 0],
            [0x14, 0x06, 99, 0, 0, 0], [0xC4, 0x01, 0x06, 6, 0, 0, 0], [0x04, 0x06, 5, 0, 0, 0],
        ]
        let own = #"""
            "address": 5, "values": [
              {"name": "last", "quantity": "energy", "storage": 1},
              {"name": "night", "quantity": "energy", "tariff": 1},
              {"name": "cooling", "quantity": "energy", "subUnit": 1},
              {"name": "third", "quantity": "energy", "storage": 3}]
            """#
        let meter = SimulatedMbusUnit(
            address: 5, id: Self.id, telegrams: [Array(records.joined())])
        var open = try bench(meter).open(
            MbusMeterDriver.self, own, ["energy", "last", "night", "cooling", "third"])
        #expect(try open.read() == ["5000 Wh", "9000 Wh", "8000 Wh", "7000 Wh", "6000 Wh"])
    }

    @Test func `every form of number and unit is read`() throws {
        func value(_ record: [UInt8]) -> String? {
            let answer = MbusAnswer(Self.id + [0, 0, 0, 0] + record)
            guard let record = answer?.records.first else { return answer?.flaw }
            return record.number.flatMap(record.unit.value).map { "\($0)" } ?? "no value"
        }
        #expect(value([0x01, 0x5B, 0xF6]) == "-10")
        #expect(value([0x02, 0x59, 0x9C, 0xFF]) == "-1.00")
        #expect(value([0x03, 0x13, 0xFF, 0xFF, 0x7F]) == "8388.607")
        #expect(value([0x05, 0x2B, 0x00, 0x00, 0x20, 0x41]) == "10.000000")
        #expect(value([0x06, 0x03, 1, 0, 0, 0, 0, 0x80]) == "-140737488355327")
        #expect(value([0x0A, 0x5B, 0x21, 0xF3]) == "-321")
        #expect(value([0x0C, 0x06, 0x45, 0x23, 0x01, 0x0A]) == "no value")
        #expect(value([0x05, 0x2B, 0x00, 0x00, 0xC0, 0x7F]) == "no value")
        #expect(value([0x02, 0x59, 0x00, 0x80]) == "no value")
        #expect(value([0x07, 0x03, 0, 0, 0, 0, 0, 0, 0, 0x80]) == "no value")
        #expect(value([0x04, 0x0E, 0x10, 0x0E, 0, 0]) == "1000000.000")
        #expect(value([0x04, 0xFB, 0x00, 5, 0, 0, 0]) == "500000")
        #expect(value([0x02, 0xFD, 0x48, 0x04, 0x09]) == "230.8")
        #expect(value([0x02, 0x40, 0x3C, 0x00]) == "0.0003600")
        #expect(value([0x02, 0xFF, 0x01, 0x3C, 0x00]) == nil)
        #expect(value([0x02, 0x86, 0x3C, 0x3C, 0x00]) == nil)
        #expect(value([0x04, 0x06, 1, 2]) == "the record at byte 12 is not whole")
        #expect(value([0x0D, 0x06, 0xFF]) == "the record at byte 12 is not whole")
    }

    @Test func `data that is encrypted is reported, and never taken for records`() {
        let record: [UInt8] = [0x04, 0x06, 1, 0, 0, 0]
        let sealed = MbusAnswer(Self.id + [1, 0, 0x20, 0x05] + record)
        #expect(sealed?.records == [])
        #expect(sealed?.flaw == "its data is encrypted in mode 5, which is not read")
        // Old meters in the clear, as genuine ones have it.
        for field in [[0xFF, 0xFF], [0x27, 0xB6]] as [[UInt8]] {
            let answer = MbusAnswer(Self.id + [1, 0] + field + record)
            #expect(answer?.flaw == nil && answer?.records.count == 1)
        }
    }

    @Test func `another form of data, an error and another meter are reported`() throws {
        func read(_ frame: [UInt8], _ settings: String = #""address": 5"#) -> DriverError? {
            let bench = TelegramBench(sending: [frame])
            return #expect(throws: DriverError.self) {
                var open = try bench.open(MbusMeterDriver.self, settings, ["energy"])
                _ = try open.read()
            }
        }
        #expect(
            read(MbusFrame.long(0x08, to: 5, 0x73, [1, 2, 3]))
                == DriverError(.unsupported, "meter 5 sends data of form 73, must be 72"))
        #expect(
            read(MbusFrame.long(0x08, to: 5, 0x70, [8]))
                == DriverError(.busy, "meter 5 reports error 08"))
        #expect(
            read(MbusFrame.long(0x08, to: 6, 0x72, []))
                == DriverError(.malformedReply, "meter 6 answers in place of meter 5"))
        #expect(
            read(MbusFrame.long(0x08, to: 5, 0x72, Self.id + [0, 0, 0, 0, 0x04, 0x13, 1, 0, 0, 0]))
                == DriverError(.unsupported, "the answer has no energy; it has volume"))
        for settings in [
            #""id": "1234567""#, #""id": "1234567g""#, #""id": "1", "address": 1"#, "",
        ] {
            #expect(read([0xE5], settings)?.kind == .invalidComponent)
        }
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        for settings in [
            #""address": 7"#, #""id": "00000042""#,
            #""address": 7, "values": [{"name": "b", "quantity": "energy", "storage": 300, "tariff": 5, "subUnit": 2}]"#,
        ] {
            let wiring = TelegramBench().wiring
            let component = try Component.of(
                MbusMeterDriver.self, #"{"port": "/dev/ttyMETER", \#(settings)}"#)
            try wiring.plugIn([component], seed: 7)
            let at = wiring.clock.now
            #expect(
                DriverConformance.complaints(
                    of: MbusMeterDriver.self, component, wiring: wiring, at: at) == [])
            #expect(
                SensorConformance.broken(by: MbusMeterDriver.self, component, wiring, at: at) == [])
        }
    }

    @Test(.ownThread) func `mutated answers never trap, and cost no more than they are long`()
        throws
    {
        let frame = try recorded("mbus-heat-meter.bin")
        checkMutations(of: [frame], seed: 4) { bytes in
            for found in MbusFramer.found(in: bytes).telegrams {
                if case .long(_, _, _, let data) = found { _ = MbusAnswer(data) }
            }
            _ = MbusAnswer(bytes)
            _ = MbusAnswer(Self.id + [0, 0, 0, 0] + bytes)
        }
        guard Allocations.areCounted else { return }
        var cost = Cost(floor: 20_000)
        for piece in [[0x01, 0x5B, 1], [0x80], [0x01, 0x80], [0x2F], [0x0D, 0x13, 0]] as [[UInt8]] {
            // No frame is longer.
            let bytes = (0..<246 / piece.count).flatMap { _ in piece }
            cost.count("\(piece)", bytes) { _ = MbusAnswer($0) }
        }
        #expect(cost.isInProportion, "\(cost)")
    }
}
