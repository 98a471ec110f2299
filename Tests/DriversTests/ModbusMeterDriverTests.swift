import Conformance
import Documents
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

/// A meter on a simulated bus, described as in a layout.
struct MeterBench {
    static let bus = BusName(known: "rs485")

    let clock = ManualClock()
    let wiring: SimulatedWiring
    let component: Component

    init(_ settings: String, sources: [String]? = nil) throws {
        wiring = SimulatedWiring(clock: clock)
        component = try Self.component(settings, sources: sources)
        wiring.buses.plug(SimulatedModbusUnit(), as: 1, on: Self.bus)
    }

    static func component(_ text: String, sources: [String]? = nil) throws -> Component {
        let settings = try Self.settings(text)
        let offered = try ModbusMeterDriver.channels(offeredWith: settings)
        let chosen = sources ?? offered.map(\.source)
        return Component(
            name: ComponentName(known: "meter"), model: ModbusMeterDriver.model,
            settings: settings,
            channels: try chosen.map { source in
                let description = offered.first { $0.source == source }
                return DataChannel(
                    name: try #require(DataChannelName("meter-" + source)),
                    node: ShNodeName(known: "meter"), source: source,
                    unit: description?.unit ?? .count, exponent: description?.exponent ?? 0,
                    pollPeriod: description?.pollPeriod ?? .seconds(10),
                    capture: CaptureRule(period: .seconds(60), delta: nil),
                    plausibility: description?.plausibility ?? .anything)
            })
    }

    static func settings(_ text: String) throws -> Settings {
        let described = ModbusMeterDriver.description.settings
        let node = try #require(JsonParser.parse(Array(text.utf8)).document)
        let problems = SettingDescription.problems(in: node, described: described)
        #expect(problems.isEmpty)
        return Settings(node, described: described)
    }

    func driver() throws -> ModbusMeterDriver {
        try ModbusMeterDriver(component: component, wiring: wiring)
    }

    func hold(_ values: [UInt16], at address: UInt16) {
        wiring.buses.change(unit: 1, on: Self.bus) { $0.hold(values, at: address) }
    }

    func fault(_ fault: SimulatedModbusUnit.Fault?) {
        wiring.buses.change(unit: 1, on: Self.bus) { $0.fault = fault }
    }

    var requests: [String] { wiring.buses.requests(on: Self.bus).map(\.description) }
}

private let sdm120 = #"{"bus": "rs485", "unit": 1, "profile": "eastron-sdm120"}"#

@Suite("modbus-meter") struct ModbusMeterDriverTests {
    @Test(arguments: DeviceProfile.builtInNames)
    func `it keeps to what every driver does`(profile: String) throws {
        let bench = try MeterBench(#"{"bus": "rs485", "unit": 1, "profile": "\#(profile)"}"#)
        try bench.wiring.plugIn([bench.component], seed: 1)
        let complaints = DriverConformance.complaints(
            of: ModbusMeterDriver.self, bench.component, wiring: bench.wiring,
            at: bench.clock.now)
        #expect(complaints == [])
    }

    @Test func `a good reply becomes readings in the channels' own steps`() throws {
        let bench = try MeterBench(sdm120, sources: ["voltage", "power-active", "energy-import"])
        bench.hold([0x4366, 0x3333], at: 0)
        bench.hold([0xC18E, 0x0000], at: 12)
        bench.hold([0x449A, 0x5000], at: 72)
        var driver = try bench.driver()
        let readings = try driver.read(bench.component.channels, at: bench.clock.now).readings()
        #expect(
            readings.map(\.channel.text) == [
                "meter-voltage", "meter-power-active", "meter-energy-import",
            ])
        #expect(readings.map(\.value) == [2302, -178, 1_234_500])
        #expect(bench.requests == ["01 04 00 00 00 02", "01 04 00 0c 00 02", "01 04 00 48 00 02"])
    }

    @Test func `an exception is reported with its meaning`() throws {
        let bench = try MeterBench(sdm120, sources: ["power-active"])
        bench.fault(.exception(6))
        var driver = try bench.driver()
        let error = #expect(throws: DriverError.self) {
            try driver.read(bench.component.channels, at: bench.clock.now).readings()
        }
        #expect(
            error
                == DriverError(
                    .busy,
                    "unit 1 on rs485 answers 01 04 00 0c 00 02 with exception 6: device busy"))
    }

    @Test func `silence is reported with the bytes that were asked`() throws {
        let bench = try MeterBench(sdm120, sources: ["power-active"])
        bench.fault(.silent)
        var driver = try bench.driver()
        let error = #expect(throws: DriverError.self) {
            try driver.read(bench.component.channels, at: bench.clock.now).readings()
        }
        #expect(
            error
                == DriverError(.timeout, "no reply to 01 04 00 0c 00 02 within 500 ms on rs485"))
        #expect(bench.wiring.buses.waited(on: MeterBench.bus) == .milliseconds(500))
    }

    @Test func `a round is good again as soon as the meter is`() throws {
        let bench = try MeterBench(sdm120, sources: ["voltage"])
        bench.hold([0x4366, 0x8000], at: 0)
        bench.fault(.truncated)
        var driver = try bench.driver()
        #expect(throws: DriverError.self) {
            try driver.read(bench.component.channels, at: bench.clock.now).readings()
        }
        bench.fault(nil)
        let readings = try driver.read(bench.component.channels, at: bench.clock.now).readings()
        #expect(readings.map(\.value) == [2305])
    }

    @Test func `a register that holds no number is reported and costs no other channel`() throws {
        let bench = try MeterBench(sdm120, sources: ["voltage", "frequency"])
        bench.hold([0x7FC0, 0x0000], at: 0)
        bench.hold([0x4248, 0x0000], at: 70)
        var driver = try bench.driver()
        let answers = try driver.read(bench.component.channels, at: bench.clock.now)
        #expect(answers[0].fault?.kind == .noValue)
        #expect(answers[0].fault?.detail.contains("meter-voltage: register 0 holds nan") == true)
        #expect(try bench.component.channels[1].text(answers[1].get().value) == "50.00 Hz")
    }

    @Test func `a missing bus adapter is reported as not connected`() throws {
        let bench = try MeterBench(sdm120, sources: ["voltage"])
        bench.hold([0x4366, 0x8000], at: 0)
        var driver = try bench.driver()
        bench.wiring.buses.setPlugged(false, MeterBench.bus)
        let error = #expect(throws: DriverError.self) {
            try driver.read(bench.component.channels, at: bench.clock.now).readings()
        }
        #expect(error?.kind == .notConnected)
        bench.wiring.buses.setPlugged(true, MeterBench.bus)
        #expect(
            try driver.read(bench.component.channels, at: bench.clock.now).readings().count == 1)
    }

    @Test func `only what is due is asked for`() throws {
        let bench = try MeterBench(sdm120)
        bench.hold([UInt16](repeating: 0, count: 346), at: 0)
        var driver = try bench.driver()
        let due = bench.component.channels.filter { $0.pollPeriod == .seconds(60) }
        #expect(
            try driver.read(due, at: bench.clock.now).readings().map(\.channel) == due.map(\.name))
        #expect(bench.requests == ["01 04 00 48 00 10", "01 04 01 56 00 04"])
    }

    @Test func `a generic map reads a PZEM-004T`() throws {
        let bench = try MeterBench(
            """
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "voltage", "address": 0, "type": "uint16", "scale": 0.1, "unit": "volt"},
              {"name": "current", "address": 1, "type": "uint32", "order": "cdab", "scale": 0.001,
               "unit": "ampere"},
              {"name": "power", "address": 3, "type": "uint32", "order": "cdab", "scale": 0.1,
               "unit": "watt"},
              {"name": "energy", "address": 5, "type": "uint32", "order": "cdab",
               "unit": "wattHour", "counter": true, "pollPeriod": "60s"}
            ]}
            """)
        bench.hold([2301, 0x86A0, 0x0001, 0x59D8, 0x0000, 0x0001, 0x0002], at: 0)
        var driver = try bench.driver()
        let readings = try driver.read(bench.component.channels, at: bench.clock.now).readings()
        #expect(readings.map(\.value) == [2301, 100_000, 23_000, 131_073])
        #expect(bench.component.channels.map(\.exponent) == [-1, -3, -1, 0])
        #expect(
            bench.component.channels.map(\.plausibility.isCounter) == [false, false, false, true])
        #expect(bench.requests == ["01 04 00 00 00 07"])
    }

    @Test func `words that stand apart and a far scale are read in one request`() throws {
        let bench = try MeterBench(
            """
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "energy", "address": 80, "lowAddress": 78, "type": "uint32", "scale": 100,
               "unit": "wattHour"},
              {"name": "power", "address": 90, "type": "int16", "scaleAddress": 98, "unit": "watt"}
            ]}
            """)
        bench.hold([0x1170, 9, 0x0001], at: 78)
        bench.hold([5], at: 90)
        bench.hold([2], at: 98)
        var driver = try bench.driver()
        let readings = try driver.read(bench.component.channels, at: bench.clock.now).readings()
        #expect(readings.map(\.value) == [7_000_000, 500])
        #expect(bench.requests == ["01 04 00 4e 00 03", "01 04 00 5a 00 09"])
        let claims = try ModbusMeterDriver.claims(of: bench.component).map(\.wire)
        #expect(claims.map { $0.split(separator: " ").last } == ["80", "78", "90"])
    }

    @Test func `a profile's pauses go along with each request`() throws {
        let bench = try MeterBench(
            #"{"bus": "rs485", "unit": 1, "profile": "huawei-luna2000", "requestPause": "20ms"}"#,
            sources: ["soc"])
        bench.wiring.buses.change(unit: 1, on: MeterBench.bus) {
            $0.hold([500], at: 37760, function: .holdingRegisters)
        }
        var driver = try bench.driver()
        let readings = try driver.read(bench.component.channels, at: bench.clock.now).readings()
        #expect(readings.map(\.value) == [500])
        let request = try #require(bench.wiring.buses.requests(on: MeterBench.bus).first)
        #expect(request.connectPause == .seconds(1) && request.replyTimeout == .seconds(5))
        #expect(request.requestPause == .milliseconds(20))
    }

    @Test func `a SunSpec scale register is read along`() throws {
        let bench = try MeterBench(
            """
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "power", "address": 84, "function": "holding", "type": "int16",
               "scaleAddress": 85, "unit": "watt", "exponent": -1}
            ]}
            """)
        bench.wiring.buses.change(unit: 1, on: MeterBench.bus) {
            $0.hold([0xFF9C, 0xFFFF], at: 84, function: .holdingRegisters)
        }
        var driver = try bench.driver()
        let readings = try driver.read(bench.component.channels, at: bench.clock.now).readings()
        #expect(readings.map(\.value) == [-100])
        #expect(bench.requests == ["01 03 00 54 00 02"])
    }
}

@Suite("modbus-meter in layouts") struct ModbusMeterLayoutTests {
    @Test(arguments: ["eastron-sdm120", "eastron-sdm630"])
    func `every profile is whole`(profile: String) throws {
        let component = try MeterBench.component(
            #"{"bus": "rs485", "unit": 7, "profile": "\#(profile)"}"#)
        #expect(component.channels.count == (profile == "eastron-sdm120" ? 16 : 42))
        let claims = try ModbusMeterDriver.claims(of: component)
        #expect(Set(claims).count == 2 * component.channels.count)
        #expect(claims[0].wire == "bus rs485 unit 7 input register 0")
        for channel in component.channels where [.wattHour, .varHour].contains(channel.unit) {
            #expect(channel.plausibility.isCounter, "\(channel.name)")
        }
        for channel in component.channels {
            #expect(channel.plausibility.range != Plausibility.anything.range, "\(channel.name)")
        }
    }

    @Test func `traffic counts each period's requests in bytes`() throws {
        let component = try MeterBench.component(
            sdm120, sources: ["voltage", "current", "energy-import"])
        #expect(
            try ModbusMeterDriver.traffic(of: component) == [
                BusTraffic(
                    bus: MeterBench.bus, every: .seconds(10), requestBytes: 8, replyBytes: 21),
                BusTraffic(
                    bus: MeterBench.bus, every: .seconds(60), requestBytes: 8, replyBytes: 9),
            ])
    }

    @Test(arguments: [
        (
            #"{"bus": "rs485", "unit": 1}"#,
            "profile: is missing, must be given, or registers in its place"
        ),
        (
            #"{"bus": "rs485", "unit": 1, "profile": "eastron-sdm120", "registers": []}"#,
            "registers: is a list, must be left out beside a profile"
        ),
        (
            #"{"bus": "rs485", "unit": 1, "registers": []}"#,
            "registers: is a list, must be a list of at least one register"
        ),
        (
            #"{"bus": "rs485", "unit": 1, "profile": "eastron-sdm120", "maxWords": 1}"#,
            "maxWords: is 1, must be at least 2, the words of one value"
        ),
        (
            """
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "a", "address": 65535, "type": "float32", "unit": "volt"}]}
            """, "registers[0].address: is 65535, must be 0 to 65534 for float32"
        ),
        (
            """
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "a", "address": 1, "type": "int16", "unit": "volt"},
              {"name": "a", "address": 2, "type": "int16", "unit": "volt"}]}
            """, "registers[1]: the name a is already in use"
        ),
        (
            """
            {"bus": "rs485", "unit": 1, "registers": [
              {"name": "a", "address": 1, "type": "int16", "unit": "volt", "captureDelta": 0.5}]}
            """, "registers[0].captureDelta: is 0.5, must be whole steps of 10^0 volt"
        ),
    ])
    func `a map that cannot be is refused with its place`(text: String, detail: String) throws {
        let settings = try MeterBench.settings(text)
        let error = #expect(throws: DriverError.self) {
            try ModbusMeterDriver.channels(offeredWith: settings)
        }
        #expect(error == DriverError(.invalidComponent, detail))
    }

    @Test func `a channel that the map does not have is refused with the nearest that it has`()
        throws
    {
        let component = try MeterBench.component(sdm120, sources: ["power-activ"])
        let error = #expect(throws: DriverError.self) {
            try ModbusMeterDriver.claims(of: component)
        }
        #expect(
            error?.detail
                == "channel meter-power-activ: source power-activ is unknown; "
                + "did you mean power-active")
    }
}

@Suite("The simulated meter") struct SimulatedModbusMeterTests {
    @Test(arguments: DeviceProfile.builtInNames)
    func `shows plausible values on every channel, and counters that rise`(profile: String) throws {
        let clock = ManualClock()
        let wiring = SimulatedWiring(clock: clock)
        let component = try MeterBench.component(
            #"{"bus": "rs485", "unit": 3, "profile": "\#(profile)"}"#)
        try wiring.plugIn([component], seed: 7)
        var driver = try ModbusMeterDriver(component: component, wiring: wiring)
        let before = try driver.read(component.channels, at: clock.now).readings()
        clock.advance(by: .seconds(14_400))
        let after = try driver.read(component.channels, at: clock.now).readings()
        for (index, channel) in component.channels.enumerated() {
            #expect(channel.plausibility.range.contains(before[index].value), "\(channel.name)")
            #expect(channel.plausibility.range.contains(after[index].value), "\(channel.name)")
            if channel.plausibility.isCounter {
                #expect(before[index].value < after[index].value, "\(channel.name)")
            }
        }
        if let voltage = component.channels.firstIndex(where: { $0.source.hasPrefix("voltage") }) {
            let value = DecimalNumber(
                mantissa: before[voltage].value, exponent: component.channels[voltage].exponent)
            #expect((227...233).contains(value.approximate))
        }
    }

    @Test func `the same seed shows the same meter`() throws {
        func values(seed: UInt64) throws -> [Int64] {
            let clock = ManualClock()
            let wiring = SimulatedWiring(clock: clock)
            let component = try MeterBench.component(sdm120)
            try wiring.plugIn([component], seed: seed)
            var driver = try ModbusMeterDriver(component: component, wiring: wiring)
            return try driver.read(component.channels, at: clock.now).readings().map(\.value)
        }
        #expect(try values(seed: 1) == values(seed: 1))
        #expect(try values(seed: 1) != values(seed: 2))
    }
}
