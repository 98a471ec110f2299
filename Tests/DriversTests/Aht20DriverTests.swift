import Conformance
import DriverKit
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct Aht20DriverTests {
    /// 50 % and 25 °C: half and three eighths of 2^20.
    private static let body: [UInt8] = [0x18, 0x80, 0x00, 0x06, 0x00, 0x00]
    private static let answer = body + [SensirionWords.checksum(body)]

    private func air(isCalibrated: Bool = true) -> SimulatedAht20 {
        SimulatedAht20(isCalibrated: isCalibrated) { _ in (21.5, 40) }
    }

    @Test func `is asked, waited for and read, byte by byte`() throws {
        let bench = I2cBench(RecordedChip(answers: [[0x18], Self.answer]), at: 0x38)
        var open = try bench.open(Aht20Driver.self)
        #expect(try open.read() == ["25.000 °C", "50.000 %"])
        #expect(
            bench.transfers == [
                "r 18", "w ac 33 00", "pause 80ms", "r 18 80 00 06 00 00 " + [Self.answer[6]].hex,
            ])
    }

    @Test(arguments: [
        ([0x18, 0, 0, 0, 0, 0] as [UInt8], "-50.000 °C", "0.000 %"),
        ([0x1C, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "150.000 °C", "100.000 %"),
        ([0x18, 0x66, 0x66, 0x65, 0xB8, 0x52], "21.500 °C", "40.000 %"),
    ])
    func `the twenty bits of each are taken from their places`(
        _ body: [UInt8], temperature: String, humidity: String
    ) throws {
        let answer = body + [SensirionWords.checksum(body)]
        let bench = I2cBench(RecordedChip(answers: [[0x18], answer]), at: 0x38)
        var open = try bench.open(Aht20Driver.self)
        #expect(try open.read() == [temperature, humidity])
    }

    @Test func `one that is not calibrated is calibrated first`() throws {
        let bench = I2cBench(air(isCalibrated: false), at: 0x38)
        var open = try bench.open(Aht20Driver.self)
        #expect(bench.transfers == ["r 10", "w be 08 00", "pause 10ms"])
        #expect(try open.read() == ["21.500 °C", "40.000 %"])
        // It loses its supply for a moment.
        bench.wiring.i2c.plug(air(isCalibrated: false), at: bench.address)
        #expect(
            throws: DriverError(
                .malformedReply, "i2c-1 0x38: the chip is not calibrated, status 10")
        ) { try open.read() }
        #expect(try open.read() == ["21.500 °C", "40.000 %"])
    }

    @Test func `a busy chip is waited for three times`() throws {
        var chip = air()
        chip.busyAnswers = 2
        let bench = I2cBench(chip, at: 0x38)
        var open = try bench.open(Aht20Driver.self)
        #expect(try open.read() == ["21.500 °C", "40.000 %"])
        chip.busyAnswers = 3
        bench.wiring.i2c.plug(chip, at: bench.address)
        #expect(
            throws: DriverError(
                .timeout, "i2c-1 0x38: the chip is still busy 240 ms after it was asked")
        ) { try open.read() }
    }

    @Test func `a flipped bit is a wrong checksum, never a value`() throws {
        let bench = I2cBench(air(), at: 0x38)
        var open = try bench.open(Aht20Driver.self)
        bench.wiring.i2c.corrupt(bench.address, next: 1)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.detail.hasPrefix("i2c-1 0x38: wrong checksum in the answer ") == true)
        #expect(error?.kind == .malformedReply)
        for bit in 0..<56 {
            var bytes = Self.answer
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(Aht20Measurement(bytes) == nil)
        }
        bench.wiring.i2c.silence(bench.address)
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .timeout)
    }

    @Test func `registers of zeros are not plausible`() throws {
        let component = try Component.of(Aht20Driver.self, "{}")
        #expect(!component.channels[0].plausibility.range.contains(-50_000))
        #expect(!component.channels[1].plausibility.range.contains(0))
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        let bench = I2cBench(air(), at: 0x38)
        let component = try Component.of(Aht20Driver.self, "{}")
        try bench.wiring.plugIn([component], seed: 7)
        let (wiring, at) = (bench.wiring, bench.clock.now)
        #expect(
            DriverConformance.complaints(of: Aht20Driver.self, component, wiring: wiring, at: at)
                == [])
        #expect(SensorConformance.broken(by: Aht20Driver.self, component, wiring, at: at) == [])
    }

    @Test(.ownThread) func `mutated answers never trap, and none is taken without its checksum`() {
        checkMutations(of: [Self.answer], seed: 20) { bytes in
            guard Aht20Measurement(bytes) != nil else { return }
            #expect(bytes.count == 7 && SensirionWords.checksum(bytes[..<6]) == bytes[6])
        }
    }
}
