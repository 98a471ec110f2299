import Conformance
import DriverKit
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct SmlMeterDriverTests {
    private func file(_ name: String) throws -> SmlFile {
        let (files, flaws) = SmlFramer.found(in: try recorded(name))
        #expect(flaws == [] && files.count == 1)
        let file = SmlFile(try #require(files.first))
        #expect(file.flaw == nil)
        return file
    }

    private func bench(_ name: String) throws -> TelegramBench {
        TelegramBench(sending: [try recorded(name)])
    }

    @Test func `import, export and power are read with their scalers and signs`() throws {
        var open = try bench("sml-basic.bin").open(
            SmlMeterDriver.self, "", ["energy-import", "energy-export", "power-active"])
        #expect(try open.read() == ["12345678.9 Wh", "9876.5 Wh", "-1234.00 W"])
        let id: [UInt8] = [0x0A, 1, 0x54, 0x44, 0x47, 0, 1, 2, 3, 4]
        #expect(try file("sml-basic.bin").serverId == id)
    }

    @Test func `a DZG DVS74 marks small powers as signed that are not`() throws {
        var open = try bench("sml-dzg-dvs74.bin").open(
            SmlMeterDriver.self, "", ["energy-import", "energy-export", "power-active"])
        #expect(try open.read() == ["123456.7 Wh", "0.0 Wh", "328.05 W"])
    }

    @Test func `an escape sequence inside a value is taken out`() throws {
        var open = try bench("sml-escaped.bin").open(
            SmlMeterDriver.self, "", ["energy-import", "power-active", "frequency", "voltage-l1"])
        #expect(try open.read() == ["45476124.3 Wh", "300.00 W", "50.00 Hz", "230.5 V"])
    }

    @Test func `a Holley DTZ541 has another checksum and another form of time`() throws {
        var open = try bench("sml-holley-dtz541.bin").open(
            SmlMeterDriver.self, "", ["energy-import", "power-active"])
        #expect(try open.read() == ["100000.0 Wh", "77.00 W"])
    }

    @Test(arguments: 1...8) func `a value may have any width`(width: Int) throws {
        let entries = [
            SmlWriter.Entry(code: "1-0:16.7.0", unit: 27, scaler: 0, value: -100),
            SmlWriter.Entry(code: "1-0:1.8.0", unit: 30, scaler: -1, value: 0x1B),
        ]
        var open = try TelegramBench(sending: [SmlWriter.telegram(entries, width: width)])
            .open(SmlMeterDriver.self, "", ["energy-import", "power-active"])
        #expect(try open.read() == ["2.7 Wh", "-100.00 W"])
    }

    @Test func `a wrong checksum is skipped, and named when nothing better comes`() throws {
        let bench = try bench("sml-basic.bin")
        var open = try bench.open(SmlMeterDriver.self, "", ["power-active"])
        bench.lines.fault(TelegramBench.port) { $0.corruptTelegrams = 1 }
        #expect(try open.read() == ["-1234.00 W"])
        bench.lines.fault(TelegramBench.port) { $0.corruptTelegrams = 100 }
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(
            error?.detail.contains(
                "ttyMETER: a telegram of 240 bytes has the checksum 4404, must be") == true)
    }

    @Test func `half a telegram and garbage cost the telegram that they hit alone`() throws {
        let whole = try recorded("sml-basic.bin")
        var noise = Array(whole[..<100])
        noise += [0x1B, 0x1B, 0x00] + whole + Array(whole[..<17]) + whole
        let found = SmlFramer.found(in: noise)
        #expect(found.telegrams.count == 2)
        #expect(
            found.flaws == [
                "a telegram broke off after 103 bytes", "a telegram broke off after 17 bytes",
            ])
    }

    @Test func `silence is a timeout, and bytes without a telegram are reported with the first`()
        throws
    {
        let bench = try bench("sml-basic.bin")
        var open = try bench.open(SmlMeterDriver.self, "", ["power-active"])
        bench.lines.fault(TelegramBench.port) { $0.isSilent = true }
        #expect(throws: DriverError(.timeout, "nothing came from ttyMETER within 10s")) {
            try open.read()
        }
        let other = TelegramBench(sending: [[0x55, 0xAA]])
        var wrong = try other.open(SmlMeterDriver.self, "", ["power-active"])
        #expect(
            throws: DriverError(
                .malformedReply,
                "ttyMETER: 20 bytes within 10s and no telegram, the first "
                    + "55 aa 55 aa 55 aa 55 aa 55 aa 55 aa 55 aa 55 aa; "
                    + "an SML telegram begins 1b 1b 1b 1b 01 01 01 01")
        ) { try wrong.read() }
    }

    @Test func `what the meter does not send is reported with what it sends, beside good values`()
        throws
    {
        var open = try bench("sml-basic.bin").open(
            SmlMeterDriver.self, "", ["energy-import", "voltage-l1"])
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        #expect(try answers[0].get().value == 123_456_789)
        #expect(throws: DriverError.self) { try answers[1].get() }
        guard case .failure(let error) = answers[1] else { return }
        #expect(error.kind == .unsupported)
        #expect(
            error.detail.hasPrefix("the telegram has no 1-0:32.7.0; it has 1-0:1.8.0, 1-0:16.7.0"))
    }

    @Test func `another unit is refused, and a number that does not fit`() throws {
        let entries = [
            SmlWriter.Entry(code: "1-0:1.8.0", unit: 32, scaler: 0, value: 1),
            SmlWriter.Entry(code: "1-0:2.8.0", unit: 30, scaler: 9, value: .max),
            SmlWriter.Entry(code: "1-0:16.7.0", unit: 27, scaler: 100, value: 1),
        ]
        let open = try TelegramBench(sending: [SmlWriter.telegram(entries)]).open(
            SmlMeterDriver.self, "", ["energy-import", "energy-export", "power-active"])
        var driver = open.driver
        let answers = try driver.read(open.component.channels, at: open.clock.now)
        let errors = answers.map { answer -> String in
            guard case .failure(let error) = answer else { return "" }
            return error.detail
        }
        #expect(errors[0] == "1-0:1.8.0 came as 1 in \"varh\", must be in wattHour")
        #expect(errors[1].contains("does not fit"))
        #expect(errors[2] == "1-0:16.7.0 is \"1·10^100\", not a number")
    }

    @Test func `a scaler that is no signed number leaves no value, for it may be any`() throws {
        // The scaler of the first value, -1, as an unsigned number.
        let telegrams = SmlFramer.found(in: try recorded("sml-basic.bin")).telegrams
        var payload = try #require(telegrams.first)
        let value: [UInt8] = [0x62, 0x1E, 0x52, 0xFF]
        let at = try #require(
            payload.indices.first { payload[$0...].starts(with: value) })
        payload[at + 2] = 0x62
        let start = try #require(
            payload[..<at].indices.last { payload[$0...].starts(with: [0x76, 0x05]) })
        let end = try #require(
            payload.indices.first { $0 > at && payload[$0...].starts(with: [0x76, 0x05]) })
        let sum = Checksum.x25(payload[start..<end - 4])
        payload[end - 3] = UInt8(truncatingIfNeeded: sum)
        payload[end - 2] = UInt8(truncatingIfNeeded: sum >> 8)
        let file = SmlFile(payload)
        #expect(file.flaw == nil)
        let read = try #require(file.values.values[ObisCode(1, 0, [1, 8, 0])])
        #expect(read.number == nil && read.text == "123456789·10^?")
    }

    @Test func `values of its own are read by their code, in the unit of the layout`() throws {
        let own = #""values": [{"name": "phase-angle", "code": "1-0:81.7.4", "unit": "degree"}]"#
        let entries = [SmlWriter.Entry(code: "1-0:81.7.4", unit: 8, scaler: -1, value: -115)]
        var open = try TelegramBench(sending: [SmlWriter.telegram(entries)])
            .open(SmlMeterDriver.self, own, ["phase-angle"])
        #expect(try open.read() == ["-11.5 °"])
    }

    @Test func `a second poll soon after takes what came in between, a later one does not`() throws
    {
        let bench = try bench("sml-basic.bin")
        var open = try bench.open(SmlMeterDriver.self, "", ["power-active"])
        _ = try open.read()
        #expect(bench.lines.waited(on: TelegramBench.port) == .seconds(1))
        #expect(bench.lines.modes(on: TelegramBench.port).map(\.baud) == [9600])
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        let wiring = TelegramBench().wiring
        let component = try Component.of(SmlMeterDriver.self, #"{"port": "/dev/ttyMETER"}"#)
        try wiring.plugIn([component], seed: 7)
        #expect(
            DriverConformance.complaints(
                of: SmlMeterDriver.self, component, wiring: wiring, at: wiring.clock.now) == [])
        #expect(
            SensorConformance.broken(
                by: SmlMeterDriver.self, component, wiring, at: wiring.clock.now) == [])
    }

    @Test(.ownThread) func `mutated telegrams never give a value that was not sent`() throws {
        let names = ["sml-basic", "sml-dzg-dvs74", "sml-escaped", "sml-holley-dtz541"]
        let telegrams = try names.map { try recorded("\($0).bin") }
        let right = Set(telegrams.map { SmlFile(SmlFramer.found(in: $0).telegrams[0]).values })
        checkMutations(of: telegrams, seed: 1) { bytes in
            // The checksum lets one in 65536 pass, and those must not trap.
            for file in SmlFramer.found(in: bytes).telegrams { _ = SmlFile(file) }
            _ = SmlFile(bytes)
        }
        for telegram in telegrams {
            for bit in stride(from: 0, to: telegram.count * 8, by: 7) {
                var bytes = telegram
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                let found = SmlFramer.found(in: bytes).telegrams.map { SmlFile($0).values }
                #expect(found.allSatisfy(right.contains))
            }
        }
    }

    @Test func `reading costs in proportion to what comes in`() throws {
        guard Allocations.areCounted else { return }
        var cost = Cost(floor: 200_000)
        func many(_ piece: [UInt8]) -> [UInt8] {
            [0x76] + (0..<8000 / piece.count).flatMap { _ in piece }
        }
        let inputs: [(String, [UInt8])] = [
            ("lists", many([0x71])), ("pairs", many([0x72, 0x01, 0x01])),
            ("a long list", [0xF1, 0x8F, 0x4F, 0x00] + many([0x01])),
        ]
        for (name, bytes) in inputs {
            cost.count(name, bytes) { _ = SmlFile($0) }
        }
        #expect(cost.isInProportion, "\(cost)")
    }
}
