import Conformance
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

@Suite("sunspec") struct SunspecDriverTests {
    private let clock = ManualClock()
    private let wiring: SimulatedWiring
    private let bus = BusName(known: "rs485")

    init() {
        wiring = SimulatedWiring(clock: clock)
        wiring.buses.plug(SimulatedModbusUnit(), as: 1, on: bus)
        hold(Self.chain, at: 40_000)
    }

    private func hold(_ words: [UInt16], at address: UInt16) {
        wiring.buses.change(unit: 1, on: bus) {
            $0.hold(words, at: address, function: .holdingRegisters)
        }
    }

    private func component(_ settings: String, _ sources: [String]? = nil) throws -> Component {
        try Component.of(
            SunspecDriver.self, #"{"bus": "rs485", "unit": 1, \#(settings)}"#, sources: sources)
    }

    /// What each channel shows, or the kind of its fault.
    private func shown(_ component: Component) throws -> [String: String] {
        var driver = try SunspecDriver(component: component, wiring: wiring)
        let answers = try driver.read(component.channels, at: clock.now)
        return Dictionary(
            uniqueKeysWithValues: zip(component.channels, answers).map { channel, answer in
                switch answer {
                case .success(let reading):
                    let value = DecimalNumber(mantissa: reading.value, exponent: channel.exponent)
                    return (channel.source, "\(value)")
                case .failure(let error): return (channel.source, error.kind.rawValue)
                }
            })
    }

    private var requests: [String] { wiring.buses.requests(on: bus).map(\.description) }

    @Test func `an inverter is read by its model, in one request`() throws {
        let shown = try shown(component(#""device": "inverter""#))
        #expect(
            shown == [
                "current-total": "15.23", "current-l1": "5.08", "current-l2": "5.07",
                "current-l3": "5.08", "voltage-l1": "230.1", "voltage-l2": "231.2",
                "voltage-l3": "229.8", "power-active": "3505", "frequency": "49.98",
                "power-apparent": "3520", "power-reactive": "-150", "power-factor": "-0.996",
                "energy-export": "12345678", "dc-current": "noValue", "dc-voltage": "noValue",
                "dc-power": "3610", "temperature": "41.2", "state": "4",
            ])
        // Marker, the heads of model 1 and 103, and all of that.
        #expect(
            requests == [
                "01 03 9c 40 00 02", "01 03 9c 42 00 02", "01 03 9c 86 00 02", "01 03 9c 86 00 34",
            ])
    }

    @Test func `a lost reply costs no other walk along the chain`() throws {
        let component = try component(#""device": "inverter""#)
        var driver = try SunspecDriver(component: component, wiring: wiring)
        _ = try driver.read(component.channels, at: clock.now)
        wiring.buses.setPlugged(false, bus)
        #expect(throws: DriverError.self) {
            try driver.read(component.channels, at: clock.now)
        }
        wiring.buses.setPlugged(true, bus)
        _ = try driver.read(component.channels, at: clock.now)
        #expect(requests.count { $0 == "01 03 9c 40 00 02" } == 1)
    }

    @Test func `a meter is read, and turned where it counts the other way`() throws {
        let sources = ["current-total", "power-active-total", "power-active-l1", "energy-import"]
        let taken = try shown(component(#""device": "meter""#, sources))
        #expect(
            taken == [
                "current-total": "-8.70", "power-active-total": "-2003", "power-active-l1": "-667",
                "energy-import": "1234567",
            ])
        let given = try shown(component(#""device": "meter", "positive": "given""#, sources))
        #expect(
            given == [
                "current-total": "8.70", "power-active-total": "2003", "power-active-l1": "667",
                "energy-import": "1234567",
            ])
    }

    @Test func `strings are read, and one without a panel has no value`() throws {
        #expect(
            try shown(component(#""device": "strings""#)) == [
                "dc1-current": "5.12", "dc1-voltage": "350.1", "dc1-power": "1793",
                "dc1-energy": "6000000", "dc2-current": "noValue", "dc2-voltage": "noValue",
                "dc2-power": "noValue", "dc2-energy": "0",
            ])
    }

    @Test func `a scale that moves between two polls changes no value`() throws {
        let component = try component(#""device": "inverter""#, ["power-active"])
        var driver = try SunspecDriver(component: component, wiring: wiring)
        let before = try driver.read(component.channels, at: clock.now).readings()
        hold([31_005, 0xFFFF], at: 40_084)
        let after = try driver.read(component.channels, at: clock.now).readings()
        #expect(before.map(\.value) == [3505] && after.map(\.value) == [3101])
        hold([3505, 0x8000], at: 40_084)
        let none = try driver.read(component.channels, at: clock.now)
        #expect(none[0].fault?.kind == .noValue)
    }

    @Test func `a chain that begins elsewhere is found, and one that moves is found again`() throws
    {
        let clock = ManualClock()
        let wiring = SimulatedWiring(clock: clock)
        wiring.buses.change(unit: 1, on: bus) { unit in
            unit.hold(Self.chain, at: 0, function: .holdingRegisters)
        }
        let component = try component(#""device": "inverter""#, ["power-active"])
        var driver = try SunspecDriver(component: component, wiring: wiring)
        #expect(
            try driver.read(component.channels, at: clock.now).readings().map(\.value) == [3505])
        // The device now has one more model in front.
        wiring.buses.change(unit: 1, on: bus) { unit in
            unit.drop(0..<300, function: .holdingRegisters)
            unit.hold(
                Array(Self.chain[..<70]) + [9, 2, 0, 0] + Array(Self.chain[70...]), at: 0,
                function: .holdingRegisters)
        }
        #expect(
            try driver.read(component.channels, at: clock.now).readings().map(\.value) == [3505])
    }

    @Test func `a unit without the model is reported with the models that it has`() throws {
        let component = try component(#""device": "storage""#)
        var driver = try SunspecDriver(component: component, wiring: wiring)
        let error = #expect(throws: DriverError.self) {
            try driver.read(component.channels, at: clock.now)
        }
        #expect(
            error
                == DriverError(
                    .unsupported,
                    "unit 1 has no storage 1 (SunSpec model 124, 713, 802); "
                        + "it has models 1, 103, 160, 203"))
    }

    @Test(arguments: ["inverter", "meter", "storage", "strings"])
    func `it keeps to what every driver does, on its twin`(device: String) throws {
        let wiring = SimulatedWiring(clock: clock)
        let component = try component(#""device": "\#(device)", "instance": 2"#)
        try wiring.plugIn([component], seed: 5)
        let complaints = DriverConformance.complaints(
            of: SunspecDriver.self, component, wiring: wiring, at: clock.now)
        #expect(complaints == [])
        var driver = try SunspecDriver(component: component, wiring: wiring)
        for (channel, answer) in zip(
            component.channels, try driver.read(component.channels, at: clock.now))
        {
            #expect(channel.plausibility.range.contains(try answer.get().value), "\(channel.name)")
        }
    }

    /// A chain of the models 1, 103, 160 with two strings, and 203.
    private static let chain: [UInt16] = [
        0x5375, 0x6E53, 0x0001, 0x0042, 0x5469, 0x6465, 0x6761, 0x7465, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x5379, 0x6E74, 0x6865, 0x7469, 0x6320, 0x3130, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x312E, 0x302E, 0x3000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x5444, 0x4730, 0x3030, 0x3030, 0x3031, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0001, 0x8000,
        0x0067, 0x0032, 0x05F3, 0x01FC, 0x01FB, 0x01FC, 0xFFFE, 0xFFFF, 0xFFFF, 0xFFFF,
        0x08FD, 0x0908, 0x08FA, 0xFFFF, 0x0DB1, 0x0000, 0x1386, 0xFFFE, 0x0DC0, 0x0000,
        0xFF6A, 0x0000, 0xD91B, 0xFFFE, 0x00BC, 0x614E, 0x0000, 0xFFFF, 0x8000, 0xFFFF,
        0x8000, 0x0E1A, 0x0000, 0x019C, 0x8000, 0x8000, 0x8000, 0xFFFF, 0x0004, 0xFFFF,
        0x0000, 0x0000, 0x0000, 0x0000, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF,
        0xFFFF, 0xFFFF, 0x00A0, 0x0030, 0xFFFE, 0xFFFE, 0xFFFF, 0x0000, 0x0000, 0x0000,
        0x0002, 0xFFFF, 0x0001, 0x5374, 0x7269, 0x6E67, 0x2031, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0200, 0x88C2, 0x4605, 0x005B, 0x8D80, 0x0000, 0x0000, 0x8000, 0x0004,
        0x0000, 0x0000, 0x0002, 0x5374, 0x7269, 0x6E67, 0x2032, 0x0000, 0x0000, 0x0000,
        0x0000, 0xFFFF, 0xFFFF, 0xFFFF, 0x0000, 0x0000, 0x0000, 0x0000, 0x8000, 0x0001,
        0x0000, 0x0000, 0x00CB, 0x0069, 0xFC9A, 0xFEDE, 0xFEDD, 0xFEDF, 0xFFFE, 0x0900,
        0x08FD, 0x0908, 0x08FA, 0x8000, 0x8000, 0x8000, 0x8000, 0xFFFF, 0x1388, 0xFFFE,
        0xF82D, 0xFD65, 0xFD60, 0xFD68, 0x0000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000,
        0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000, 0x8000,
        0x0045, 0xB352, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0012, 0xD687,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x8000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
        0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x8000, 0x0000, 0x0000, 0xFFFF,
        0x0000,
    ]
}
