import DriverKit
import Fakes
import Simulators
import Testing
import Vocabulary

@Suite("Simulated Modbus buses") struct SimulatedBusesTests {
    private let clock = ManualClock()
    private let name = BusName(known: "rs485")

    private func bench(
        _ fault: SimulatedModbusUnit.Fault?
    ) throws -> (buses: SimulatedBuses, bus: any ModbusBus) {
        let wiring = SimulatedWiring(clock: clock)
        wiring.buses.change(unit: 1, on: name) { unit in
            unit.hold([10, 11, 12, 13], at: 0)
            unit.fault = fault
        }
        return (wiring.buses, try wiring.modbusBus(name))
    }

    private func request(_ address: UInt16, unit: UInt8 = 1) -> ModbusRequest {
        ModbusRequest(
            unit: unit, function: .inputRegisters, address: address, count: 1,
            replyTimeout: .milliseconds(500))
    }

    @Test func `a reply that comes while the next is waited for is found out`() throws {
        let (buses, bus) = try bench(.late(by: .milliseconds(800)))
        let first = #expect(throws: DriverError.self) { try bus.read(request(0)) }
        #expect(first?.kind == .timeout)
        buses.change(unit: 1, on: name) { $0.fault = nil }
        // The bus is at 500 ms now, and the reply comes at 800 ms.
        let second = #expect(throws: DriverError.self) { try bus.read(request(1)) }
        #expect(second?.kind == .malformedReply)
        #expect(try bus.read(request(1)) == [11])
    }

    @Test func `a reply that comes before the next request is flushed`() throws {
        let (buses, bus) = try bench(.late(by: .milliseconds(800)))
        #expect(throws: DriverError.self) { try bus.read(request(0)) }
        buses.change(unit: 1, on: name) { $0.fault = nil }
        clock.advance(by: .seconds(10))
        #expect(try bus.read(request(1)) == [11])
    }

    @Test func `a unit that is not there is silent and the others are not`() throws {
        let (_, bus) = try bench(nil)
        let error = #expect(throws: DriverError.self) { try bus.read(request(0, unit: 9)) }
        #expect(error?.kind == .timeout)
        #expect(try bus.read(request(2)) == [12])
    }

    @Test func `corrupt replies are as many as were asked for`() throws {
        let (buses, bus) = try bench(nil)
        buses.change(unit: 1, on: name) { $0.corruptReplies = 2 }
        for _ in 0..<2 { #expect(throws: DriverError.self) { try bus.read(request(0)) } }
        #expect(try bus.read(request(0)) == [10])
    }

    @Test func `a bus without units is no bus`() {
        let wiring = SimulatedWiring(clock: clock)
        let error = #expect(throws: DriverError.self) { _ = try wiring.modbusBus(name) }
        #expect(error?.kind == .invalidComponent)
    }
}
