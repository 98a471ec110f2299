import DriverKit
import TestMachine
import Testing
import Vocabulary

@Suite("A device's pauses on a real bus", .ownThread, .serialized) struct ModbusPausesTests {
    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `are left after connecting and after each reply`(kind: ModbusTestLine.Kind) throws {
        let line = try ModbusTestLine(kind)
        let request = ModbusRequest(
            unit: 1, function: .inputRegisters, address: 0, count: 2, replyTimeout: .seconds(20),
            connectPause: .milliseconds(150), requestPause: .milliseconds(30))
        let first = try ContinuousClock().measure { _ = try line.bus.read(request) }
        #expect(first >= .milliseconds(150))
        for _ in 0..<3 { #expect(try line.bus.read(request) == [1000, 1001]) }
        #expect(try #require(line.server.shortestGap) >= .milliseconds(30))
    }
}
