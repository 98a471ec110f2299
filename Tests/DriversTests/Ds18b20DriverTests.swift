import Conformance
import DriverKit
import Drivers
import Testing
import Vocabulary

@Suite struct Ds18b20DriverTests {
    private let folder = "/sys/bus/w1/devices/28-000000000001"
    private let settings = #"{"sensor": "28-000000000001"}"#

    @Test(arguments: [
        ("28-000000000001", "21.500 °C"), ("28-000000000002", "-10.125 °C"),
        ("28-000000000003", "85.000 °C"),
    ])
    func `the kernel's temperature is read to a thousandth`(_ sensor: String, value: String) throws
    {
        var open = try FileBench(KernelFiles.oneWire).open(
            Ds18b20Driver.self, #"{"sensor": "\#(sensor)"}"#)
        #expect(try open.read() == [value])
    }

    @Test(arguments: [
        ("28-000000000001", "21.500 °C"), ("28-000000000002", "-10.125 °C"),
    ])
    func `an older kernel's two lines are read`(_ sensor: String, value: String) throws {
        let bench = FileBench(KernelFiles.oneWire)
        bench.tree.remove("/sys/bus/w1/devices/\(sensor)/temperature")
        var open = try bench.open(Ds18b20Driver.self, #"{"sensor": "\#(sensor)"}"#)
        #expect(try open.read() == [value])
    }

    @Test func `the power-on value is known to be none`() {
        let channel = Ds18b20Driver.description.channels[0]
        #expect(channel.plausibility.powerOnValues == [85_000])
        #expect(channel.plausibility.range == -55_000...125_000)
    }

    @Test(arguments: ["temperature", "w1_slave"])
    func `an empty file is a bad reply, and the next round may be good`(_ file: String) throws {
        let bench = FileBench(KernelFiles.oneWire)
        if file == "w1_slave" { bench.tree.remove("\(folder)/temperature") }
        var open = try bench.open(Ds18b20Driver.self, settings)
        let good = try open.driver.read(open.component.channels, at: bench.clock.now).readings()
        let text = try bench.tree.text(of: "\(folder)/\(file)")
        bench.tree.makeEmpty("\(folder)/\(file)")
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(
            error?.detail == "1-wire sensor 28-000000000001: no valid answer; it is disconnected, "
                + "or the checksum is wrong")
        bench.tree.set("\(folder)/\(file)", text)
        #expect(
            try open.driver.read(open.component.channels, at: bench.clock.now).readings() == good)
    }

    @Test func `a wrong checksum in the older file is a bad reply`() throws {
        let bench = FileBench(KernelFiles.oneWire)
        bench.tree.remove("\(folder)/temperature")
        bench.tree.set(
            "\(folder)/w1_slave",
            "58 01 4b 46 7f ff 00 10 8f : crc=8e NO\n58 01 4b 46 7f ff 00 10 8f t=21500\n")
        var open = try bench.open(Ds18b20Driver.self, settings)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(
            error
                == DriverError(
                    .malformedReply, "1-wire sensor 28-000000000001: wrong checksum"))
    }

    @Test(arguments: ["abc\n", "21.5.0\n", "\n", "0x10\n", "t=\n"])
    func `what is not a number is a bad reply`(_ text: String) throws {
        let bench = FileBench(KernelFiles.oneWire)
        bench.tree.set("\(folder)/temperature", text)
        var open = try bench.open(Ds18b20Driver.self, settings)
        let error = #expect(throws: DriverError.self) { try open.read() }
        #expect(error?.kind == .malformedReply)
        #expect(error?.detail.hasSuffix("is not a temperature") == true)
    }

    @Test func `a sensor whose folder went is not connected`() throws {
        let bench = FileBench(KernelFiles.oneWire)
        var open = try bench.open(Ds18b20Driver.self, settings)
        bench.tree.remove(folder)
        let gone = #expect(throws: DriverError.self) { try open.read() }
        #expect(gone?.kind == .notConnected)
        let absent = #expect(throws: DriverError.self) {
            try bench.open(Ds18b20Driver.self, settings)
        }
        #expect(
            absent
                == DriverError(
                    .notConnected,
                    "1-wire sensor 28-000000000001: is not on the bus, which shows 28-000000000002, "
                        + "28-000000000003"))
    }

    @Test func `a machine without a 1-wire bus says what is missing`() {
        let error = #expect(throws: DriverError.self) {
            try FileBench().open(Ds18b20Driver.self, settings)
        }
        #expect(error?.kind == .notConnected)
        #expect(error?.detail.contains("dtoverlay=w1-gpio") == true)
    }

    @Test(arguments: ["28", "28-1", "28-00000000000g", "../../etc", "28-000000000001/../x", "28-"])
    func `a sensor's id must be one`(_ sensor: String) throws {
        let component = try Component.of(Ds18b20Driver.self, #"{"sensor": "\#(sensor)"}"#)
        let error = #expect(throws: DriverError.self) { try Ds18b20Driver.claims(of: component) }
        #expect(error?.kind == .invalidComponent)
        #expect(error?.detail.hasPrefix("sensor: is \"\(sensor)\", must be a 1-wire id") == true)
    }

    @Test func `two components cannot have one sensor`() throws {
        let one = try Component.of(Ds18b20Driver.self, settings)
        let other = try Component.of(Ds18b20Driver.self, #"{"sensor": "28-000000000002"}"#)
        #expect(try Ds18b20Driver.claims(of: one) == [WireClaim("1-wire sensor 28-000000000001")])
        #expect(try Ds18b20Driver.claims(of: one) != Ds18b20Driver.claims(of: other))
    }
}
