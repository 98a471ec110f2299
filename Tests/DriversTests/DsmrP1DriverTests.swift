import Conformance
import DriverKit
import Fakes
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

@Suite struct DsmrP1DriverTests {
    private static let all = ["p1-nl-v5.txt", "p1-be.txt", "p1-nl-v22.txt", "p1-se.txt"]

    private func telegram(_ name: String) throws -> P1Telegram {
        let (telegrams, flaws) = P1Framer.found(in: try recorded(name))
        #expect(flaws == [] && telegrams.count == 1)
        return try #require(telegrams.first)
    }

    private func read(_ name: String, _ sources: [String]) throws -> [String] {
        var open = try TelegramBench(sending: [try recorded(name)]).open(
            DsmrP1Driver.self, "", sources)
        return try open.read()
    }

    @Test func `a Dutch meter of version 5 with gas and water is read`() throws {
        let values = try read(
            "p1-nl-v5.txt",
            [
                "energy-import", "energy-import-t1", "energy-import-t2", "energy-export",
                "energy-export-t1", "energy-export-t2", "power-active", "power-import",
                "power-export", "tariff", "power-failures", "power-failures-long",
                "power-active-l3", "power-export-l2", "voltage-l1", "voltage-l2", "voltage-l3",
                "current-l1", "current-l2", "current-l3", "gas", "water",
            ])
        #expect(
            values == [
                "3580245.0 Wh", "1234567.0 Wh", "2345678.0 Wh", "691245.0 Wh", "12345.0 Wh",
                "678900.0 Wh", "-1234.00 W", "0.00 W", "1234.00 W", "2", "4", "2", "229.8 V",
                "1.00 A", "44.00 W", "230.4 V", "0.00 A", "-1400.00 W", "231.1 V", "5.00 A",
                "456.789 m³", "98.765 m³",
            ])
    }

    @Test func `a value of a sub-meter has the age that its own date gives it`() throws {
        var open = try TelegramBench(sending: [try recorded("p1-nl-v5.txt")]).open(
            DsmrP1Driver.self, "", ["power-active", "gas", "water"])
        _ = try open.read()
        let ages = open.component.channels.map { open.driver.age(of: $0) }
        #expect(ages == [nil, .seconds(300), .seconds(1800)])
        // 2026-01-15T09:30:00Z, 09:25:00Z and 09:00:00Z.
        let telegram = try telegram("p1-nl-v5.txt")
        #expect(telegram.time == 1_768_469_400)
        #expect(telegram.subMeters[1]?.date == 1_768_469_100)
        #expect(telegram.subMeters[2]?.date == 1_768_467_600)
    }

    @Test func `a Belgian meter with gas that is not corrected is read, in summer time`() throws {
        #expect(
            try read(
                "p1-be.txt",
                [
                    "energy-import-t1", "energy-import-t2", "energy-export-t1",
                    "energy-export-t2", "power-import", "power-demand", "power-demand-max", "gas",
                    "water",
                ]) == [
                    "123456.0 Wh", "654321.0 Wh", "1002.0 Wh", "3004.0 Wh", "512.00 W", "2351 W",
                    "5120 W", "12.345 m³", "872.234 m³",
                ])
        // 2026-07-15T12:15:10Z
        #expect(try telegram("p1-be.txt").time == 1_784_117_710)
    }

    @Test func `a Dutch meter of version 2 has no checksum, and its gas stands on a second line`()
        throws
    {
        #expect(
            try read(
                "p1-nl-v22.txt",
                [
                    "energy-import-t1", "energy-import-t2", "energy-export-t1",
                    "energy-export-t2", "power-import", "gas",
                ]) == [
                    "185000.0 Wh", "84000.0 Wh", "13000.0 Wh", "19000.0 Wh", "980.00 W",
                    "12.345 m³",
                ])
        #expect(try telegram("p1-nl-v22.txt").subMeters[1]?.date == 1_768_467_600)
    }

    @Test func `a Swedish meter with totals and reactive energy is read`() throws {
        #expect(
            try read(
                "p1-se.txt",
                [
                    "energy-import", "energy-export", "energy-reactive-import",
                    "energy-reactive-export", "power-active", "voltage-l1", "current-l1",
                    "voltage-l2", "current-l2", "voltage-l3", "current-l3",
                ]) == [
                    "6678394.0 Wh", "12500.0 Wh", "21988.0 varh", "1020971.0 varh", "1727.00 W",
                    "240.3 V", "4.20 A", "240.1 V", "1.60 A", "241.3 V", "1.70 A",
                ])
    }

    @Test func `a wrong digit is refused, half a telegram is waited for, and garbage skipped`()
        throws
    {
        let whole = try recorded("p1-nl-v5.txt")
        var wrong = whole
        let digit = try #require(wrong.firstIndex(of: UInt8(ascii: "7")))
        wrong[digit] = UInt8(ascii: "8")
        let refused = P1Framer.found(in: wrong)
        #expect(refused.telegrams.isEmpty)
        #expect(refused.flaws.count == 1)
        #expect(refused.flaws[0].contains("has the checksum 22E1, must be"))
        #expect(P1Framer.found(in: Array(whole.dropLast(6))).telegrams.isEmpty)
        let second = P1Framer.found(in: Array(whole.dropFirst(500)) + whole)
        #expect(second.telegrams.count == 1 && second.flaws.isEmpty)
        let broken = P1Framer.found(in: Array(whole.prefix(500)) + [13, 10] + whole)
        #expect(broken.telegrams.count == 1)
        #expect(broken.flaws == ["a telegram broke off after 502 bytes"])
    }

    @Test func `seven bits with parity are read on a line of eight`() throws {
        let even = try recorded("p1-nl-v22.txt").map { byte in
            byte.nonzeroBitCount.isMultiple(of: 2) ? byte : byte | 0x80
        }
        #expect(P1Framer.found(in: even).telegrams == [try telegram("p1-nl-v22.txt")])
    }

    @Test func `the tariffs are added up only when both are there`() throws {
        let text = "/TDG\r\n\r\n1-0:1.8.1(001.000*kWh)\r\n!\r\n"
        let open = try TelegramBench(sending: [Array(text.utf8)]).open(
            DsmrP1Driver.self, "", ["energy-import"])
        var driver = open.driver
        let answers = try driver.read(open.component.channels, at: open.clock.now)
        #expect(
            answers == [
                .failure(
                    DriverError(
                        .unsupported, "the telegram has no 1-0:1.8.0; it has 1-0:1.8.1"))
            ])
    }

    @Test func `tariffs beyond the two are not left out of their sum`() throws {
        let lines = (1...3).map { "1-0:1.8.\($0)(001.000*kWh)\r\n" }
        func read(_ lines: ArraySlice<String>) throws -> [String] {
            let text = "/TDG\r\n\r\n" + lines.joined() + "!\r\n"
            var open = try TelegramBench(sending: [Array(text.utf8)]).open(
                DsmrP1Driver.self, "", ["energy-import"])
            return try open.read()
        }
        #expect(try read(lines[..<2]) == ["2000.0 Wh"])
        #expect(throws: DriverError.self) { try read(lines[...]) }
    }

    @Test func `of two values on a line neither is taken, but for a date before one`() throws {
        let telegram = P1Telegram(
            Array(
                """
                1-0:1.8.1(001.000*kWh)(002.000*kWh)
                1-0:1.8.2(001.000*kWh)
                (002.000*kWh)
                1-0:1.6.0(260115103000W)(02.500*kW)
                """.utf8))
        #expect(telegram.values.values.map(\.key) == [ObisCode(1, 0, [1, 6, 0])])
    }

    @Test func `a sub-meter that was not heard yet has no value`() throws {
        let text =
            "/TDG\r\n\r\n0-1:24.1.0(003)\r\n0-1:24.2.1(632525252525S)(00000.000*m3)\r\n!\r\n"
        var open = try TelegramBench(sending: [Array(text.utf8)]).open(
            DsmrP1Driver.self, "", ["gas"])
        #expect(throws: DriverError(.noValue, "the sub-meter's value has no date")) {
            try open.read()
        }
    }

    @Test func `of two sub-meters of a kind the one with the newest value counts`() throws {
        func read(_ lines: String) throws -> [String] {
            let text = "/TDG\r\n\r\n0-0:1.0.0(260115103000W)\r\n\(lines)!\r\n"
            var open = try TelegramBench(sending: [Array(text.utf8)]).open(
                DsmrP1Driver.self, "", ["gas"])
            return try open.read()
        }
        let old = "0-1:24.1.0(003)\r\n0-1:24.2.1(260114100000W)(00100.000*m3)\r\n"
        let new = "0-3:24.1.0(003)\r\n0-3:24.2.1(260115100000W)(00001.000*m3)\r\n"
        let empty = "0-2:24.1.0(003)\r\n0-2:24.2.1(260115102500W)()\r\n"
        #expect(try read(old + empty + new) == ["1.000 m³"])
        #expect(throws: DriverError(.noValue, "the sub-meter has sent no value yet")) {
            try read(empty)
        }
        let dead = "0-1:24.1.0(003)\r\n0-1:24.2.1(260112100000W)(00100.000*m3)\r\n"
        #expect(
            throws: DriverError(
                .noValue, "the last value is 72 hours older than the telegram, must be at most 26")
        ) { try read(dead) }
        let water = "0-1:24.1.0(007)\r\n0-1:24.2.1(260115102500W)(00100.000*m3)\r\n"
        #expect(
            throws: DriverError(
                .unsupported,
                "the telegram has no sub-meter of type 3; it has 0-1 of type 7")
        ) { try read(water) }
    }

    @Test func `heat in gigajoule is read in watt-hours, and another unit is refused`() throws {
        func read(_ unit: String) throws -> [String] {
            let text =
                "/TDG\r\n\r\n0-1:24.1.0(012)\r\n0-1:24.2.1(260115102500W)(00001.800*\(unit))\r\n!\r\n"
            var open = try TelegramBench(sending: [Array(text.utf8)]).open(
                DsmrP1Driver.self, "", ["heat"])
            return try open.read()
        }
        #expect(try read("GJ") == ["500000 Wh"])
        let error = #expect(throws: DriverError.self) { try read("m3") }
        #expect(error?.kind == .malformedReply)
        #expect(
            error?.detail
                == "the sub-meter's value came as 00001.800 in \"m3\", must be in wattHour")
    }

    @Test func `an encrypted telegram is read with its key, and refused with another`() throws {
        let telegram = try recorded("p1-se.txt")
        let key = try #require(P1Key(key: "00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF\n"))
        let frame = try #require(
            P1Cipher.seal(telegram, title: Array("TDGsmart".utf8), counter: 7, with: key))
        let bench = TelegramBench(sending: [Array(frame.dropFirst(30)), frame])
        bench.wiring.tree.set("/etc/key", "00112233445566778899AABBCCDDEEFF\n")
        var open = try bench.open(
            DsmrP1Driver.self, #""keyFile": "/etc/key""#, ["energy-import"])
        #expect(try open.read() == ["6678394.0 Wh"])
        bench.wiring.tree.set("/etc/key", "10112233445566778899AABBCCDDEEFF\n")
        var wrong = try bench.open(
            DsmrP1Driver.self, #""keyFile": "/etc/key""#, ["energy-import"])
        let error = #expect(throws: DriverError.self) { try wrong.read() }
        #expect(
            error?.detail
                == "ttyMETER: a telegram of \(frame.count) bytes has a wrong tag; "
                + "check the key in keyFile")
        var open2 = try bench.open(DsmrP1Driver.self, "", ["energy-import"])
        let missing = #expect(throws: DriverError.self) { try open2.read() }
        #expect(missing?.detail == "ttyMETER: the telegram is encrypted; set keyFile")
        bench.wiring.tree.set("/etc/key", "12")
        #expect(throws: DriverError.self) {
            try bench.open(DsmrP1Driver.self, #""keyFile": "/etc/key""#, ["energy-import"])
        }
    }

    @Test
    func `a meter that has sent checksums is not read without one until its line is opened again`()
        throws
    {
        let whole = try recorded("p1-nl-v5.txt")
        let end = try #require(whole.lastIndex(of: UInt8(ascii: "!")))
        let bare = Array(whole[...end]) + [0x0D, 0x0A]
        let flaw =
            "a telegram of \(bare.count) bytes has no checksum, must have one as those before it"
        // One that never sends them is read, as those before DSMR 4.
        #expect(P1Framer.found(in: bare + bare).telegrams.count == 2)
        let mixed = P1Framer.found(in: bare + whole + bare + whole)
        #expect(mixed.telegrams.count == 3)
        #expect(mixed.flaws == [flaw])

        let bench = TelegramBench(sending: [whole])
        var open = try bench.open(DsmrP1Driver.self, "", ["power-active"])
        _ = try open.read()
        bench.lines.plug(RecordedMeter([bare]), named: "meter", on: TelegramBench.port)
        // Also a long time after the last one.
        for pause in [Duration.seconds(1), .seconds(3600)] {
            bench.clock.advance(by: pause)
            let error = #expect(throws: DriverError.self) { try open.read() }
            #expect(error == DriverError(.malformedReply, "ttyMETER: \(flaw)"))
        }
        var again = try bench.open(DsmrP1Driver.self, "", ["power-active"])
        _ = try again.read()
    }

    @Test
    func `a simulated sub-meter dates its values on the five minutes, plugged in again or not`()
        throws
    {
        let clock = ManualClock()
        clock.advance(by: .milliseconds(200_345))
        let component = try Component.of(
            DsmrP1Driver.self, #"{"port": "/dev/ttyMETER"}"#, sources: ["gas"])
        /// The dates of the value in whole seconds of the wall clock, and the value.
        func readings(_ count: Int) throws -> [String] {
            let wiring = SimulatedWiring(clock: clock)
            try wiring.plugIn([component], seed: 7)
            var driver = try DsmrP1Driver(component: component, wiring: wiring)
            return try (0..<count).map { _ in
                clock.advance(by: .milliseconds(20_700))
                let answers = try driver.read(component.channels, at: clock.now)
                let age = try #require(driver.age(of: component.channels[0]))
                let taken = clock.timestamp.wall.advanced(by: .zero - age).nanoseconds
                return "\(taken / 1_000_000_000) \(try answers[0].get().value)"
            }
        }
        let first = try readings(3)
        let second = try readings(3)
        let dates = Set((first + second).map { $0.split(separator: " ")[0] })
        #expect(Set(first + second).count == dates.count, "one value for each date")
        #expect(dates.count == 2)
        #expect(dates.allSatisfy { Int64($0).map { $0.isMultiple(of: 300) } ?? false })
    }

    @Test func `a number of more than 18 digits is none, and stops nothing`() {
        let nines = String(repeating: "9", count: 18)
        #expect(DecimalNumber(telegram: nines)?.mantissa == 999_999_999_999_999_999)
        #expect(DecimalNumber(telegram: "-\(nines)")?.mantissa == -999_999_999_999_999_999)
        for text in [
            nines + "9", nines + ".9", String(repeating: "9", count: 60), "", "-", "1.", ".1",
        ] {
            #expect(DecimalNumber(telegram: text) == nil)
        }
        let line = "1-0:1.8.1(\(nines)9*kWh)\r\n"
        #expect(P1Telegram(Array(line.utf8)).values.values.values.map(\.number) == [nil])
    }

    @Test(.ownThread) func `every bit of an encrypted telegram is covered by its tag`() throws {
        let key = try #require(P1Key(key: P1Key.usualAuthentication))
        let frame = try #require(
            P1Cipher.seal(
                Array("/TDG\r\n\r\n1-0:1.8.0(1*kWh)\r\n!\r\n".utf8), title: Array("TDGsmart".utf8),
                counter: 7, with: key))
        for bit in stride(from: 16, to: frame.count * 8, by: 3) {
            var bytes = frame
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            var framer = P1Framer(key: key)
            for byte in bytes {
                if case .telegram = framer.take(byte) { Issue.record("bit \(bit) is not covered") }
            }
        }
    }

    @Test func `keeps to what every driver and sensor does, with its twin, encrypted or not`()
        throws
    {
        for settings in ["", #", "keyFile": "/etc/key""#] {
            let wiring = TelegramBench().wiring
            let component = try Component.of(
                DsmrP1Driver.self, #"{"port": "/dev/ttyMETER"\#(settings)}"#)
            try wiring.plugIn([component], seed: 7)
            let at = wiring.clock.now
            #expect(
                DriverConformance.complaints(
                    of: DsmrP1Driver.self, component, wiring: wiring, at: at) == [])
            #expect(
                SensorConformance.broken(by: DsmrP1Driver.self, component, wiring, at: at) == [])
        }
    }

    @Test(.ownThread) func `mutated telegrams never give a value that was not sent`() throws {
        let telegrams = try Self.all.map { try recorded($0) }
        let key = try #require(P1Key(key: P1Key.usualAuthentication))
        let sealed = try telegrams.map {
            try #require(P1Cipher.seal($0, title: Array("TDGsmart".utf8), counter: 1, with: key))
        }
        checkMutations(of: telegrams + sealed, seed: 2) { bytes in
            _ = P1Framer.found(in: bytes)
            _ = P1Telegram(bytes)
            var framer = P1Framer(key: key)
            for byte in bytes { _ = framer.take(byte) }
        }
        let whole = telegrams[0]
        let right = try telegram("p1-nl-v5.txt")
        for bit in stride(from: 0, to: whole.count * 8, by: 13) where bit % 8 != 7 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let found = P1Framer.found(in: bytes).telegrams
            #expect(found.allSatisfy { $0 == right })
        }
    }

    @Test func `reading costs in proportion to what comes in`() throws {
        guard Allocations.areCounted else { return }
        var cost = Cost(floor: 200_000)
        for piece in ["0-1:24.2.1(1)(2*m3)\r\n", "(\r\n", "1-0:1.8.0(((((((((\r\n", "\r\n", "a"] {
            let bytes = (0..<8000 / piece.utf8.count).flatMap { _ in piece.utf8 }
            cost.count(piece, bytes) { _ = P1Telegram($0) }
        }
        #expect(cost.isInProportion, "\(cost)")
    }
}
