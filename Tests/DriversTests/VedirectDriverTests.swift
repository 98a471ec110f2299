import Conformance
import DriverKit
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct VedirectDriverTests {
    private static let mppt = [
        "battery-voltage", "battery-current", "panel-voltage", "panel-power", "load-current",
        "load",
        "energy-total", "energy-today",
    ]
    private static let mpptValues = [
        "26.450 V", "-1.250 A", "48.930 V", "87 W", "0.400 A", "on", "1234560 Wh", "450 Wh",
    ]

    private func open(
        _ telegrams: [[UInt8]], _ sources: [String]
    ) throws -> OpenDriver<VedirectDriver> {
        try TelegramBench(sending: telegrams).open(VedirectDriver.self, "", sources)
    }

    @Test func `a solar charger is read`() throws {
        var open = try open([recorded("vedirect-mppt.bin")], Self.mppt)
        #expect(try open.read() == Self.mpptValues)
    }

    @Test func `a battery monitor is read, and an endless time is no value`() throws {
        let telegram = try recorded("vedirect-bmv.bin")
        var open = try open(
            [telegram],
            [
                "battery-voltage", "battery-current", "battery-power", "relay", "state-of-charge",
                "charge-consumed",
            ])
        #expect(
            try open.read() == [
                "12.800 V", "15.000 A", "192 W", "on", "87.6 %", "-13.205 Ah",
            ])
        var time = try self.open([telegram], ["time-to-go"])
        #expect(throws: DriverError(.noValue, "TTG is \"-1\", not a number")) { try time.read() }
    }

    /// A block with the right checksum.
    private func block(_ fields: [(String, String)]) -> [UInt8] {
        let text = fields.map { "\r\n\($0.0)\t\($0.1)" }.joined() + "\r\nChecksum\t"
        let bytes = Array(text.utf8)
        return bytes + [0 &- bytes.reduce(0, &+)]
    }

    @Test func `fields that come in two blocks by turns are both waited for`() throws {
        let blocks = [block([("V", "12800"), ("I", "100")]), block([("H17", "5"), ("H18", "7")])]
        var open = try open(blocks, ["battery-voltage", "energy-discharged"])
        #expect(try open.read() == ["12.800 V", "50 Wh"])
        var absent = try self.open(blocks, ["panel-power"])
        #expect(
            throws: DriverError(
                .unsupported, "the device sends no PPV; it sends H17, H18, I, V")
        ) { try absent.read() }
    }

    @Test(arguments: [0x00, 0x09, 0x0A, 0x0D, 0x3A] as [UInt8])
    func `the checksum may be any byte`(byte: UInt8) throws {
        // One letter makes the sum what it must be.
        let text = try #require(
            (1...255).lazy.map { [UInt8]([0x30, $0]) }.first { value in
                ![9, 10, 13, 0x3A].contains(value[1])
                    && self.bytes("V", value).reduce(0, &+) &+ byte == 0
            })
        let whole = bytes("V", text) + [byte]
        let twice = VedirectFramer.found(in: whole + whole)
        #expect(twice.telegrams.count == 2 && twice.flaws == [])
    }

    private func bytes(_ label: String, _ value: [UInt8]) -> [UInt8] {
        Array("\r\n\(label)\t".utf8) + value + Array("\r\nChecksum\t".utf8)
    }

    @Test func `HEX messages between fields are left out`() throws {
        let whole = try recorded("vedirect-mppt.bin")
        let at = try #require(whole.dropFirst(2).firstIndex(of: 13))
        let mixed = Array(whole[..<at]) + Array(":7F0ED0071\n".utf8) + Array(whole[at...])
        let found = VedirectFramer.found(in: Array(":A0102\n".utf8) + mixed)
        #expect(found.telegrams == VedirectFramer.found(in: whole).telegrams)
        #expect(found.telegrams.count == 1)
    }

    @Test func `a wrong sum and half a block cost that block alone`() throws {
        let whole = try recorded("vedirect-mppt.bin")
        var wrong = whole
        wrong[40] ^= 1
        let found = VedirectFramer.found(in: wrong + whole + Array(whole[90...]) + whole)
        #expect(found.telegrams.count == 2)
        #expect(found.flaws.count == 2)
        #expect(found.flaws[0].hasPrefix("the bytes of a block of 196 add up to "))
    }

    @Test func `the rest of a label is not taken for another, at any checksum`() throws {
        // The end of a block that was heard from the middle of `VPV` on, whose sum happens to be right.
        let text = Array("V\t35000\r\nI\t100\r\nChecksum\t".utf8)
        let rest = Array(text.dropFirst(7))
        for counted in [text, rest] {
            let found = VedirectFramer.found(in: text + [0 &- counted.reduce(0, &+)])
            #expect(found.telegrams.allSatisfy { $0.fields == ["I": "100"] })
        }
    }

    @Test func `a value that no house has is outside the range of its channel`() {
        func range(_ source: String) -> ClosedRange<Int64>? {
            VedirectDriver.description.channels.first { $0.source == source }?.plausibility.range
        }
        #expect(range("state-of-charge") == 0...1_000)
        #expect(range("battery-temperature") == -100...1_000)
        #expect(range("battery-voltage") == -1_000_000_000...1_000_000_000)
        #expect(range("error") == .min ... .max)
    }

    @Test func `a value of dashes is no value`() throws {
        var open = try open([block([("T", "---")])], ["battery-temperature"])
        #expect(throws: DriverError(.noValue, "T is \"---\", not a number")) { try open.read() }
        var load = try self.open([block([("LOAD", "2")])], ["load"])
        #expect(throws: DriverError(.noValue, "LOAD is \"2\", must be ON or OFF")) {
            try load.read()
        }
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        let wiring = TelegramBench().wiring
        let component = try Component.of(VedirectDriver.self, #"{"port": "/dev/ttyMETER"}"#)
        try wiring.plugIn([component], seed: 7)
        let at = wiring.clock.now
        #expect(
            DriverConformance.complaints(
                of: VedirectDriver.self, component, wiring: wiring, at: at) == [])
        #expect(SensorConformance.broken(by: VedirectDriver.self, component, wiring, at: at) == [])
    }

    @Test(.ownThread) func `mutated blocks never trap`() throws {
        let telegrams = [try recorded("vedirect-mppt.bin"), try recorded("vedirect-bmv.bin")]
        checkMutations(of: telegrams, seed: 5) { bytes in
            for block in VedirectFramer.found(in: bytes).telegrams {
                for text in block.fields.values { _ = DecimalNumber(telegram: text) }
            }
        }
    }
}
