import Conformance
import DriverKit
import Fakes
import Fuzzing
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Drivers

/// A server that gives the same answer to everything, in pieces of these sizes.
private struct RecordedServer: SimulatedMeter {
    let reply: String

    mutating func answer(_ bytes: [UInt8], at now: MonotonicInstant) -> [UInt8] {
        Array(reply.utf8)
    }
}

@Suite struct NutUpsDriverTests {
    private let address = ByteLineAddress.tcp(host: "localhost", port: 3493)
    private let wiring = SimulatedWiring(clock: ManualClock())

    private func open(
        _ server: any SimulatedMeter, _ sources: [String]? = nil, ups: String = "rack"
    ) throws -> OpenDriver<NutUpsDriver> {
        wiring.byteLines.plug(server, named: "server", on: address)
        let component = try Component.of(
            NutUpsDriver.self, #"{"ups": "\#(ups)"}"#, sources: sources)
        return OpenDriver(
            driver: try NutUpsDriver(component: component, wiring: wiring), component: component,
            clock: ManualClock())
    }

    private func server(_ variables: [(String, String)]) -> SimulatedUpsd {
        SimulatedUpsd(ups: "rack") { _ in variables.map { (name: $0.0, value: $0.1) } }
    }

    @Test func `a UPS is read in one exchange`() throws {
        var open = try open(
            server([
                ("battery.charge", "097.5"), ("battery.runtime", "1800"), ("ups.status", "OL CHRG"),
                ("input.voltage", "229.8"), ("ups.load", "23"), ("ups.mfr", "A \"quoted\" name"),
            ]),
            ["on-battery", "low-battery", "charge", "runtime", "load", "charging", "input-voltage"])
        #expect(try open.read() == ["off", "off", "97.5 %", "1800 s", "23.0 %", "on", "229.8 V"])
        #expect(
            String(decoding: wiring.byteLines.sent(on: address), as: UTF8.self) == "LIST VAR rack\n"
        )
    }

    @Test(
        arguments: [
            ("OL", [0, 0, 1]), ("OB", [1, 0, 0]), ("OB LB DISCHRG", [1, 1, 0]), ("OFF", [0, 0, 0]),
            ("BYPASS", [0, 0, 0]), ("ALARM OL RB", [0, 0, 1]), ("FSD OB LB", [1, 1, 0]),
        ] as [(String, [Int64])])
    func `the words of the status are on or off`(_ status: String, values: [Int64]) throws {
        var open = try open(
            server([("ups.status", status)]), ["on-battery", "low-battery", "on-line"])
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        #expect(answers.map(\.value) == values)
    }

    @Test(arguments: ["", "RB", "OL OB", "OLD"])
    func `a status that does not say where the power is from has no value`(_ status: String)
        throws
    {
        var open = try open(server([("ups.status", status), ("battery.charge", "80")]))
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        #expect(answers[0].fault?.kind == .noValue)
        #expect(answers[0].fault?.detail.hasPrefix("ups.status is \"\(status)\"") == true)
    }

    @Test(arguments: ["WAIT", "OL WAIT"])
    func `a server that waits for its driver is one fault, not one of each channel`(
        _ status: String
    ) throws {
        var open = try open(server([("ups.status", status)]))
        #expect(
            throws: DriverError(
                .timeout, "upsd at localhost:3493: has no values of UPS rack yet (WAIT)")
        ) { try open.read() }
    }

    @Test func `a variable that is absent or no number costs its own channel`() throws {
        var open = try open(
            server([("battery.charge", "N/A"), ("ups.status", "OL"), ("ups.load", "1e3")]),
            ["charge", "runtime", "load", "on-battery"])
        let answers = try open.driver.read(open.component.channels, at: open.clock.now)
        let faults = Dictionary(
            uniqueKeysWithValues: zip(open.component.channels.map(\.source), answers.map(\.fault)))
        #expect(
            faults["charge"] == DriverError(.noValue, "battery.charge is \"N/A\", not a number"))
        #expect(
            faults["runtime"]
                == DriverError(
                    .unsupported,
                    "the UPS has no battery.runtime; it has battery.charge, ups.load, ups.status"))
        #expect(faults["load"]??.kind == .noValue)
        #expect(faults["on-battery"] == .some(nil))
    }

    @Test(arguments: [
        ("DATA-STALE", DriverError.Kind.timeout, "has no fresh values of UPS rack (DATA-STALE)"),
        (
            "DRIVER-NOT-CONNECTED", .timeout,
            "the server's driver of UPS rack is not running (DRIVER-NOT-CONNECTED)"
        ),
        ("ACCESS-DENIED", .notConnected, "refuses the values of UPS rack: ACCESS-DENIED"),
    ])
    func `old values are not read, and a refusal is reported in words`(
        _ code: String, kind: DriverError.Kind, words: String
    ) throws {
        var server = server([("battery.charge", "80")])
        server.refusal = code
        var open = try open(server, ["charge"])
        #expect(throws: DriverError(kind, "upsd at localhost:3493: \(words)")) { try open.read() }
        server.refusal = nil
        wiring.byteLines.plug(server, named: "server", on: address)
        #expect(try open.read() == ["80.0 %"])
    }

    @Test func `a UPS that the server does not have is reported with those that it has`() throws {
        var open = try open(server([("battery.charge", "80")]), ["charge"], ups: "rock")
        #expect(
            throws: DriverError(
                .notConnected,
                "upsd at localhost:3493: has no UPS rock; it has rack; did you mean rack")
        ) { try open.read() }
    }

    @Test(arguments: [
        "BEGIN LIST VAR other\nVAR other battery.charge \"1\"\nEND LIST VAR other\n",
        "BEGIN LIST VAR rack\nVAR other battery.charge \"1\"\n",
        "VAR rack battery.charge \"1\"\nEND LIST VAR rack\n",
        "BEGIN LIST VAR rack\nVAR rack battery.charge \"1\n",
        "BEGIN LIST VAR rack\nVAR rack battery.charge\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\n",
        "END LIST VAR rack\n", "BEGIN LIST VAR rack\nBEGIN LIST VAR rack\n",
        String(repeating: "x", count: 1_025),
    ])
    func `what is no list of the UPS is a malformed reply`(_ reply: String) throws {
        var open = try open(RecordedServer(reply: reply), ["charge"])
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.hasPrefix("upsd at localhost:3493: ") == true)
    }

    @Test(arguments: ["", "BEGIN LIST VAR rack\nVAR rack battery.charge \"1\"\n"])
    func `half an answer is a timeout, never a value`(_ reply: String) throws {
        var open = try open(RecordedServer(reply: reply), ["charge"])
        #expect(
            throws: DriverError(.timeout, "upsd at localhost:3493: no whole answer within 5s")
        ) { try open.read() }
    }

    @Test func `a server that is gone and comes back is read again`() throws {
        var open = try open(server([("battery.charge", "80")]), ["charge"])
        wiring.byteLines.fault(address) { $0.isUnplugged = true }
        #expect(#expect(throws: DriverError.self) { try open.read() }?.kind == .notConnected)
        wiring.byteLines.fault(address) { $0.isUnplugged = false }
        #expect(try open.read() == ["80.0 %"])
    }

    @Test func `an answer in pieces of any size is the same`() {
        let reply = Array(
            "BEGIN LIST VAR a\r\nVAR a x \"b \\\"c\\\" \\\\\"\r\nVAR a y \"\"\r\nEND LIST VAR a\r\n"
                .utf8)
        let whole = NutReply.End.list(["x": "b \"c\" \\", "y": ""])
        for size in 1...reply.count {
            var taken = NutReply(to: ["VAR", "a"])
            var end: NutReply.End?
            for start in stride(from: 0, to: reply.count, by: size) {
                end = taken.take(Array(reply[start..<min(start + size, reply.count)])) ?? end
            }
            #expect(end == whole, "\(size)")
        }
    }

    @Test func `an answer without an end is given up`() {
        var reply = NutReply(to: ["VAR", "a"])
        _ = reply.take(Array("BEGIN LIST VAR a\n".utf8))
        var end: NutReply.End?
        for number in 0..<2_000 where end == nil {
            end = reply.take(Array("VAR a x\(number) \"1\"\n".utf8))
        }
        #expect(end == .flawed("more than 1024 lines"))
    }

    @Test(arguments: ["", "two words", "a\nLOGOUT", "\"", "ü", String(repeating: "a", count: 61)])
    func `a name that is no single word is refused`(_ name: String) {
        let escaped = name.replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        let error = #expect(throws: DriverError.self) {
            let component = try Component.of(NutUpsDriver.self, #"{"ups": "\#(escaped)"}"#)
            _ = try NutUpsDriver.claims(of: component)
        }
        #expect(error?.kind == .invalidComponent)
    }

    @Test func `keeps to what every driver and sensor does, with its twin`() throws {
        let component = try Component.of(NutUpsDriver.self, #"{"ups": "rack"}"#)
        try wiring.plugIn([component], seed: 7)
        let at = wiring.clock.now
        #expect(
            DriverConformance.complaints(of: NutUpsDriver.self, component, wiring: wiring, at: at)
                == [])
        #expect(SensorConformance.broken(by: NutUpsDriver.self, component, wiring, at: at) == [])
    }

    @Test(.ownThread) func `mutated answers never trap`() {
        let replies = [
            "BEGIN LIST VAR rack\nVAR rack battery.charge \"100\"\nVAR rack ups.status \"OL CHRG\"\nEND LIST VAR rack\n",
            "ERR DATA-STALE\n", "BEGIN LIST UPS\nUPS rack \"a \\\"b\\\"\"\nEND LIST UPS\n",
        ]
        checkMutations(of: replies.map { Array($0.utf8) }, seed: 3493) { bytes in
            for query in [["VAR", "rack"], ["UPS"]] {
                var reply = NutReply(to: query)
                guard case .list(let list) = reply.take(bytes) else { continue }
                for variable in NutVariable.all { _ = Result { try variable.value(in: list) } }
            }
        }
    }
}
