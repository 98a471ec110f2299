import Conformance
import Documents
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

@Suite("modbus-contact") struct ModbusContactDriverTests {
    private let clock = ManualClock()
    private let wiring: SimulatedWiring
    private let bus = BusName(known: "rs485")

    init() {
        wiring = SimulatedWiring(clock: clock)
        wiring.buses.plug(SimulatedModbusUnit(), as: 1, on: bus)
    }

    private func component(_ function: String, _ contacts: String) throws -> Component {
        try Component.of(
            ModbusContactDriver.self,
            #"{"bus": "rs485", "unit": 1, "function": "\#(function)", "contacts": [\#(contacts)]}"#)
    }

    private func hold(_ words: [UInt16], at address: UInt16, _ function: ModbusRequest.Function) {
        wiring.buses.change(unit: 1, on: bus) { $0.hold(words, at: address, function: function) }
    }

    private func states(_ component: Component) throws -> [Int64] {
        var driver = try ModbusContactDriver(component: component, wiring: wiring)
        return try driver.read(component.channels, at: clock.now).readings().map(\.value)
    }

    private var requests: [String] { wiring.buses.requests(on: bus).map(\.description) }

    private let board = """
        {"name": "door", "address": 0}, {"name": "alarm", "address": 3, "activeLow": true},
        {"name": "float", "address": 9}
        """

    @Test(arguments: ["discreteInput", "coil"])
    func `it keeps to what every driver does`(function: String) throws {
        let component = try component(function, board)
        try wiring.plugIn([component], seed: 1)
        let complaints = DriverConformance.complaints(
            of: ModbusContactDriver.self, component, wiring: wiring, at: clock.now)
        #expect(complaints == [])
    }

    @Test func `the inputs of a board are read in one request`() throws {
        // Inputs 1, 4 and 10 of the board are on.
        hold([1, 0, 0, 1, 0, 0, 0, 0, 0, 1], at: 0, .discreteInputs)
        #expect(try states(component("discreteInput", board)) == [1, 0, 1])
        #expect(requests == ["01 02 00 00 00 0a"])
    }

    @Test func `coils are read with function 1`() throws {
        hold([0, 1], at: 0, .coils)
        #expect(
            try states(
                component("coil", #"{"name": "a", "address": 0}, {"name": "b", "address": 1}"#))
                == [0, 1])
        #expect(requests == ["01 01 00 00 00 02"])
    }

    @Test func `bits of registers are contacts, too`() throws {
        hold([0x8004], at: 40, .holdingRegisters)
        let contacts = (0..<16).map { #"{"name": "b\#($0)", "address": 40, "bit": \#($0)}"# }
        let component = try component("holding", contacts.joined(separator: ","))
        #expect(
            try states(component).enumerated().filter { $0.element == 1 }.map(\.offset) == [2, 15])
        #expect(requests == ["01 03 00 28 00 01"])
        #expect(
            try ModbusContactDriver.claims(of: component).last?.wire
                == "bus rs485 unit 1 holding register 40 bit 15")
    }

    @Test func `one that the board does not have costs no other`() throws {
        wiring.buses.change(unit: 1, on: bus) { unit in
            unit.hold([1], at: 0, function: .discreteInputs)
            unit.hold([1], at: 9, function: .discreteInputs)
            unit.fillsGaps = false
        }
        let component = try component("discreteInput", board)
        var driver = try ModbusContactDriver(component: component, wiring: wiring)
        _ = try? driver.read(component.channels, at: clock.now)
        let answers = try driver.read(component.channels, at: clock.now)
        #expect(try answers[0].get().value == 1)
        #expect(answers[1].fault?.kind == .unsupported)
        #expect(try answers[2].get().value == 1)
    }

    @Test(arguments: [
        ("discreteInput", "", "contacts: is a list, must be a list of at least one contact"),
        (
            "discreteInput", #"{"name": "a", "address": 1, "bit": 1}"#,
            "contacts[0].bit: is 1, must be left out for discreteInput"
        ),
        (
            "holding", #"{"name": "a", "address": 1}"#,
            "contacts[0].bit: is missing, must be given for holding"
        ),
        (
            "coil", #"{"name": "a", "address": 1}, {"name": "a", "address": 2}"#,
            "contacts[1].name: is \"a\", must be a name that is not in use yet"
        ),
    ])
    func `contacts that cannot be are refused with their place`(
        function: String, contacts: String, detail: String
    ) throws {
        let error = #expect(throws: DriverError.self) { try component(function, contacts) }
        #expect(error == DriverError(.invalidComponent, detail))
    }

    @Test func `the simulated contacts turn on and off`() throws {
        let component = try component("discreteInput", board)
        try wiring.plugIn([component], seed: 3)
        var driver = try ModbusContactDriver(component: component, wiring: wiring)
        var seen: Set<[Int64]> = []
        for _ in 0..<60 {
            seen.insert(
                try driver.read(component.channels, at: clock.now).readings().map(\.value))
            clock.advance(by: .seconds(20))
        }
        #expect(seen.count > 3)
    }
}
