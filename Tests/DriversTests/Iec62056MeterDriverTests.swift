import Conformance
import DriverKit
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct Iec62056MeterDriverTests {
    private func bench(_ meter: SimulatedD0Meter) -> TelegramBench {
        let bench = TelegramBench()
        bench.lines.plug(meter, named: "meter", on: TelegramBench.port)
        return bench
    }

    private func meter(_ identification: String) throws -> SimulatedD0Meter {
        SimulatedD0Meter(
            identification: identification, data: try recorded("iec62056-mode-c-data.bin"))
    }

    private static let sources = ["energy-import", "energy-export", "power-active"]
    private static let values = ["12345678.0 Wh", "1234.0 Wh", "-450.00 W"]

    @Test func `a meter that sends check characters by itself is not read without one`() throws {
        let head = Array("/ABC5X\r\n".utf8)
        let checked = head + (try recorded("iec62056-mode-c-data.bin"))
        let bare = head + Array("1-0:1.8.0(001.000*kWh)\r\n!\r\n".utf8)
        #expect(D0Framer.found(in: bare + bare).telegrams.count == 2)
        let mixed = D0Framer.found(in: bare + checked + bare + checked)
        #expect(mixed.telegrams.count == 3)
        #expect(mixed.flaws.count == 1)
        #expect(mixed.flaws.first?.hasSuffix("has no check character") == true)
    }

    @Test func `a readout in mode C is acknowledged and read at the meter's speed`() throws {
        let bench = try bench(meter("TDG5TEST"))
        var open = try bench.open(Iec62056MeterDriver.self, "", Self.sources)
        #expect(try open.read() == Self.values)
        #expect(bench.lines.modes(on: TelegramBench.port).map(\.baud) == [300, 9600])
        let sent: [UInt8] = [
            0x2F, 0x3F, 0x21, 0x0D, 0x0A, 0x06, 0x30, 0x35, 0x30, 0x0D, 0x0A,
        ]
        #expect(bench.lines.sent(on: TelegramBench.port) == sent)
    }

    @Test func `a lower speed than the meter's can be agreed on, and none over TCP`() throws {
        let bench = try bench(meter("TDG5TEST"))
        var open = try bench.open(Iec62056MeterDriver.self, #""maxBaud": 4800"#, Self.sources)
        #expect(try open.read() == Self.values)
        #expect(bench.lines.modes(on: TelegramBench.port).map(\.baud) == [300, 4800])
        #expect(bench.lines.sent(on: TelegramBench.port).suffix(4) == [0x34, 0x30, 0x0D, 0x0A])
        let address = ByteLineAddress.tcp(host: "server", port: 2000)
        bench.lines.plug(try meter("TDG5TEST"), named: "meter", on: address)
        let component = try Component.of(
            Iec62056MeterDriver.self, #"{"host": "server"}"#, sources: Self.sources)
        var driver = try Iec62056MeterDriver(component: component, wiring: bench.wiring)
        _ = try driver.read(component.channels, at: bench.clock.now).readings()
        #expect(bench.lines.sent(on: address).suffix(4) == [0x30, 0x30, 0x0D, 0x0A])
    }

    @Test func `mode B changes its speed without an acknowledgement, and mode A stays`() throws {
        for (identification, bauds) in [("TDGATEST", [300, 600]), ("TDGETEST", [300, 9600])] {
            let bench = try bench(meter(identification))
            var open = try bench.open(Iec62056MeterDriver.self, "", Self.sources)
            #expect(try open.read() == Self.values)
            #expect(bench.lines.modes(on: TelegramBench.port).map(\.baud) == bauds)
            #expect(bench.lines.sent(on: TelegramBench.port).count == 5)
        }
        let slow = try bench(meter("TDG TEST"))
        var open = try slow.open(Iec62056MeterDriver.self, "", Self.sources)
        #expect(try open.read() == Self.values)
        #expect(slow.lines.modes(on: TelegramBench.port).map(\.baud) == [300])
    }

    @Test func `a meter is asked by its number, and woken when it sleeps`() throws {
        let bench = try bench(meter("TDG5TEST"))
        var open = try bench.open(
            Iec62056MeterDriver.self, #""address": "00012345", "wakeUp": true"#, Self.sources)
        #expect(try open.read() == Self.values)
        let sent = bench.lines.sent(on: TelegramBench.port)
        #expect(sent.prefix(40).allSatisfy { $0 == 0 })
        #expect(String(decoding: sent[40..<53], as: UTF8.self) == "/?00012345!\r\n")
        #expect(open.component.channels.allSatisfy { $0.pollPeriod == .seconds(3600) })
    }

    @Test func `what an optical head sends back is no identification`() throws {
        var meter = try meter("TDG5TEST")
        meter.echoes = true
        var open = try bench(meter).open(Iec62056MeterDriver.self, "", Self.sources)
        #expect(try open.read() == Self.values)
    }

    @Test func `a wrong check character is refused`() throws {
        let bench = try bench(meter("TDG TEST"))
        bench.lines.fault(TelegramBench.port) { $0.corruptTelegrams = 1 }
        var open = try bench.open(Iec62056MeterDriver.self, "", Self.sources)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(
            error?.detail
                == "ttyMETER: a readout of 94 bytes has the check character 55, must be 54")
        #expect(try open.read() == Self.values)
    }

    @Test func `silence, and an identification without a readout, are distinguished`() throws {
        let bench = try bench(meter("TDG5TEST"))
        bench.lines.fault(TelegramBench.port) { $0.isSilent = true }
        var open = try bench.open(Iec62056MeterDriver.self, "", Self.sources)
        #expect(
            throws: DriverError(
                .timeout,
                "no identification from ttyMETER within 30s: check the optical head, baud and format"
            )
        ) { try open.read() }
        var deaf = try meter("TDG5TEST")
        deaf.ignoresAcknowledgement = true
        var half = try self.bench(deaf).open(Iec62056MeterDriver.self, "", Self.sources)
        #expect(
            throws: DriverError(
                .timeout,
                "ttyMETER: meter TDG5TEST sent no whole readout at 9600 baud within 30s; "
                    + "try a lower maxBaud")
        ) { try half.read() }
    }

    @Test func `values of earlier months are never taken for the current one`() throws {
        let data = "1.8.0*01(00001.000*kWh)\r\n1-1:1.8.0*255(00003.000*kWh)\r\n1.8.0&02(9*kWh)\r\n"
        let message = D0Message(identification: "", data: Array(data.utf8))
        let source = try #require(ObisCode("1.8.0"))
        let own = try #require(ObisCode("1-1:1.8.0"))
        #expect(Set(message.values.values.keys) == [source, own])
        #expect(message.values.values[source]?.text == "00003.000")
    }

    @Test(arguments: [true, false])
    func `a readout without its check character is whole only where none is asked for`(
        needsCheck: Bool
    ) {
        var framer = D0Framer(needsCheck: needsCheck)
        let found = "/TDG5TEST\r\n1.8.0(00345.6*kWh)\r\n!\r\n".utf8.compactMap { framer.take($0) }
        guard case .telegram(let message) = found.first else {
            #expect(needsCheck && found.count == 1)
            return
        }
        #expect(!needsCheck && message.values.values.count == 1)
    }

    @Test func `a value whose beginning is lost is not that of another code`() throws {
        let lost = D0Message(identification: "", data: Array("1.8.0(0012(00345.6*kWh)\r\n".utf8))
        #expect(lost.values.values.isEmpty)
    }

    @Test func `a code with a channel is that channel's alone, and a short one the first's`() throws
    {
        let data = "\u{2}1-1:1.8.0(00001.0*kWh)\r\n1-2:1.8.0(00002.0*kWh)\r\n!\r\n\u{3}"
        let check = data.utf8.dropFirst().reduce(0, ^)
        let meter = SimulatedD0Meter(
            identification: "TDG TEST", data: Array(data.utf8) + [check])
        let own = #"""
            "values": [{"name": "second", "code": "1-2:1.8.0", "unit": "wattHour"},
              {"name": "third", "code": "1-3:1.8.0", "unit": "wattHour"}]
            """#
        for (source, value) in [("energy-import", "1000.0 Wh"), ("second", "2000.0 Wh")] {
            var open = try bench(meter).open(Iec62056MeterDriver.self, own, [source])
            #expect(try open.read() == [value])
        }
        var absent = try bench(meter).open(Iec62056MeterDriver.self, own, ["third"])
        let error = #expect(throws: DriverError.self) { try absent.read() }
        #expect(error?.kind == .unsupported)
    }

    @Test func `a meter that sends by itself is listened to, with or without a check character`()
        throws
    {
        let text =
            "/ESY5Q3DB1024 V3.03\r\n\r\n1-0:1.8.0*255(00012345.6789012*kWh)\r\n"
            + "1-0:21.7.0*255(000210.50*W)\r\n1-0:16.7.0*255(-00450.00*W)\r\n!\r\n"
        let bench = TelegramBench(sending: [Array(text.utf8.dropFirst(20)), Array(text.utf8)])
        var open = try bench.open(
            Iec62056MeterDriver.self, #""sendsByItself": true, "baud": 9600"#,
            ["energy-import", "power-active"])
        #expect(try open.read() == ["12345678.9 Wh", "-450.00 W"])
        let block = try Array("/TDG5TEST\r\n".utf8) + recorded("iec62056-mode-c-data.bin")
        let found = D0Framer.found(in: block.map { $0 | 0x80 } + block.prefix(60) + block)
        #expect(found.telegrams.count >= 1)
    }

    @Test func `a heat meter sends short codes, several on a line, in gigajoule`() throws {
        let data = "\u{2}6.8(0021.600*GJ)6.26(00234.56*m3)9.21(66153690)\r\n!\r\n\u{3}"
        let check = data.utf8.dropFirst().reduce(0, ^)
        let meter = SimulatedD0Meter(
            identification: "LUGCUH50", data: Array(data.utf8) + [check])
        var open = try bench(meter).open(
            Iec62056MeterDriver.self, #""wakeUp": true"#, ["heat", "volume"])
        #expect(try open.read() == ["6000000 Wh", "234.56 m³"])
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        for settings in ["", #", "sendsByItself": true"#] {
            let wiring = TelegramBench().wiring
            let component = try Component.of(
                Iec62056MeterDriver.self, #"{"port": "/dev/ttyMETER"\#(settings)}"#)
            try wiring.plugIn([component], seed: 7)
            let at = wiring.clock.now
            #expect(
                DriverConformance.complaints(
                    of: Iec62056MeterDriver.self, component, wiring: wiring, at: at) == [])
            #expect(
                SensorConformance.broken(by: Iec62056MeterDriver.self, component, wiring, at: at)
                    == [])
        }
    }

    @Test(.ownThread) func `mutated readouts never trap, and cost no more than they are long`()
        throws
    {
        let block = try Array("/TDG5TEST\r\n".utf8) + recorded("iec62056-mode-c-data.bin")
        checkMutations(of: [block], seed: 3) { bytes in
            _ = D0Framer.found(in: bytes)
            _ = D0Message(identification: "", data: bytes)
        }
        guard Allocations.areCounted else { return }
        var cost = Cost(floor: 200_000)
        for piece in ["1.8.0(1*kWh)", "(", ")", "1.8.0(1)\r\n", "a"] {
            let bytes = (0..<8000 / piece.utf8.count).flatMap { _ in piece.utf8 }
            cost.count(piece, bytes) { _ = D0Message(identification: "", data: $0) }
        }
        #expect(cost.isInProportion, "\(cost)")
    }
}
