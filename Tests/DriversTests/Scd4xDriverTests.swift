import Conformance
import DriverKit
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct Scd4xDriverTests {
    private static let ready: [UInt8] = [0x80, 0x06, 0x04]
    /// Source: Sensirion, SCD4x data sheet, example of read_measurement: 500 ppm, 25 °C, 37 %.
    private static let measurement: [UInt8] = [
        0x01, 0xF4, 0x33, 0x66, 0x67, 0xA2, 0x5E, 0xB9, 0x3C,
    ]

    private func room() -> SimulatedScd4x { SimulatedScd4x { _ in (700, 21.5, 40) } }

    @Test func `the checksum is that of the data sheet`() {
        #expect(SensirionWords.checksum([0xBE, 0xEF]) == 0x92)
        #expect(SensirionWords.words(in: Self.measurement) == [0x01F4, 0x6667, 0x5EB9])
        #expect(SensirionWords.words(in: Array(Self.measurement.dropLast())) == nil)
        #expect(SensirionWords.words(in: []) == [])
    }

    @Test func `is stopped, started, asked and read, byte by byte`() throws {
        let bench = I2cBench(RecordedChip(answers: [Self.ready, Self.measurement]), at: 0x62)
        var open = try bench.open(Scd4xDriver.self)
        #expect(try open.read() == ["500 ppm", "25.002 °C", "37.001 %"])
        #expect(
            bench.transfers == [
                "w 3f 86", "pause 500ms", "w 21 b1", "w e4 b8", "pause 1ms", "r 80 06 04",
                "w ec 05",
                "pause 1ms", "r 01 f4 33 66 67 a2 5e b9 3c",
            ])
    }

    @Test func `a poll before the next measurement has nothing to report, and no old value`()
        throws
    {
        let bench = I2cBench(room(), at: 0x62)
        var open = try bench.open(Scd4xDriver.self)
        func qualities() throws -> [Quality] {
            try open.driver.read(open.component.channels, at: bench.clock.now).readings()
                .map(\.quality)
        }
        #expect(try qualities() == [.bad, .bad, .bad])
        bench.clock.advance(by: .seconds(5))
        #expect(try open.read() == ["700 ppm", "21.501 °C", "39.999 %"])
        #expect(try qualities() == [.bad, .bad, .bad])
        bench.clock.advance(by: .seconds(5))
        #expect(try qualities() == [.good, .good, .good])
    }

    @Test func `one that lost its supply is found out and started again`() throws {
        var chip = room()
        let bench = I2cBench(chip, at: 0x62)
        var open = try bench.open(Scd4xDriver.self)
        bench.clock.advance(by: .seconds(5))
        _ = try open.read()
        chip.cyclePower()
        bench.wiring.i2c.plug(chip, at: bench.address)
        bench.clock.advance(by: .seconds(19))
        #expect(throws: Never.self) { try open.read() }
        bench.clock.advance(by: .seconds(1))
        #expect(
            throws: DriverError(
                .timeout, "i2c-1 0x62: no new measurement within 20s, started again")
        ) { try open.read() }
        bench.clock.advance(by: .seconds(5))
        #expect(try open.read()[0] == "700 ppm")
    }

    @Test func `a flipped bit is a wrong checksum, never a value`() throws {
        let bench = I2cBench(room(), at: 0x62)
        var open = try bench.open(Scd4xDriver.self)
        bench.clock.advance(by: .seconds(5))
        bench.wiring.i2c.corrupt(bench.address, next: 1)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.hasPrefix("i2c-1 0x62: wrong checksum in the answer 80 0") == true)
        #expect(try open.read()[0] == "700 ppm")
        for bit in 0..<72 {
            var bytes = Self.measurement
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(SensirionWords.words(in: bytes) == nil)
        }
    }

    @Test func `a chip or bus that is not there is reported`() throws {
        let bench = I2cBench(room(), at: 0x62)
        var open = try bench.open(Scd4xDriver.self)
        bench.wiring.i2c.silence(bench.address)
        #expect(
            throws: DriverError(.timeout, "i2c-1 0x62: no chip answers at this address")
        ) { try open.read() }
        let bus = #expect(throws: DriverError.self) {
            try bench.open(Scd4xDriver.self, #"{"bus": 3}"#)
        }
        #expect(bus?.kind == .notConnected)
        #expect(
            #expect(throws: DriverError.self) {
                try bench.open(Scd4xDriver.self, #"{"address": "0x63"}"#)
            }?.kind == .invalidComponent)
    }

    @Test func `0 ppm, as before the first measurement, is not plausible`() throws {
        let component = try Component.of(Scd4xDriver.self, "{}")
        #expect(!component.channels[0].plausibility.range.contains(0))
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        let bench = I2cBench(room(), at: 0x62)
        let component = try Component.of(Scd4xDriver.self, "{}")
        try bench.wiring.plugIn([component], seed: 7)
        #expect(
            DriverConformance.complaints(
                of: Scd4xDriver.self, component, wiring: bench.wiring, at: bench.clock.now) == [])
    }

    @Test(.ownThread) func `mutated words never trap, and none is taken without its checksum`() {
        checkMutations(of: [Self.measurement, Self.ready], seed: 62) { bytes in
            guard let words = SensirionWords.words(in: bytes) else { return }
            #expect(words.count * 3 == bytes.count)
            for (index, word) in words.enumerated() {
                let pair = [UInt8(word >> 8), UInt8(word & 0xFF)]
                #expect(SensirionWords.checksum(pair) == bytes[index * 3 + 2])
            }
        }
    }
}
