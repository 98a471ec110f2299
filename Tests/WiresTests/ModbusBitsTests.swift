import DriverKit
import Fakes
import Foundation
import Simulators
import TestMachine
import Testing
import Vocabulary

@testable import Wires

@Suite("Single bits on a real Modbus bus", .ownThread, .serialized) struct ModbusBitsTests {
    @Test(arguments: ModbusTestLine.Kind.allCases, [1, 8, 9, 20])
    func `are read one by one, whatever their number`(
        kind: ModbusTestLine.Kind, count: Int
    ) throws {
        let line = try ModbusTestLine(kind)
        let coils = (0..<20).map { UInt16($0 % 3 == 0 ? 1 : 0) }
        let inputs = (0..<20).map { UInt16($0 % 2) }
        line.server.change(unit: 1) { unit in
            unit.hold(coils, at: 0, function: .coils)
            unit.hold(inputs, at: 0, function: .discreteInputs)
        }
        for (function, bits) in [
            (ModbusRequest.Function.coils, coils), (.discreteInputs, inputs),
        ] {
            let request = ModbusRequest(
                unit: 1, function: function, address: 0, count: count, replyTimeout: .seconds(20))
            #expect(try line.bus.read(request) == Array(bits[..<count]), "\(function)")
        }
    }

    @Test(
        .enabled(if: ProfileServer.python != nil, "TIDEGATE_PYMODBUS names no Python"))
    func `are what a genuine pymodbus server has`() throws {
        let server = try ProfileServer()
        defer { server.end() }
        let bus = try RealModbusBus(
            Bus(name: BusName(known: "bench"), line: server.line, gap: .zero), clock: ManualClock())
        for (function, every) in [(ModbusRequest.Function.coils, 3), (.discreteInputs, 2)] {
            for address in 0..<8 {
                let request = ModbusRequest(
                    unit: 1, function: function, address: UInt16(address), count: 11,
                    replyTimeout: .seconds(20))
                let right = (address..<address + 11).map { UInt16($0 % every == 0 ? 1 : 0) }
                #expect(try bus.read(request) == right, "\(function) from \(address)")
            }
        }
    }
}
