import DriverKit
import TestMachine
import Testing
import Vocabulary

@testable import Wires

/// Modbus RTU has no transaction number: a late reply looks like the reply to the next request.
@Suite("Late replies", .ownThread, .serialized) struct LateReplyTests {
    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `a reply that comes with the next request is never taken for its reply`(
        kind: ModbusTestLine.Kind
    ) throws {
        let line = try ModbusTestLine(kind)
        line.setFault(.lateByOne)
        for round in 0..<12 {
            let request = line.request(UInt16(4 * round), within: .milliseconds(40))
            let error = #expect(throws: DriverError.self) {
                let words = try line.bus.read(request)
                Issue.record("\(request) read \(words)")
            }
            #expect(error?.kind == .timeout || error?.kind == .malformedReply)
        }
        line.setFault(nil)
        #expect(try line.bus.read(line.request(48)) == [1048, 1049])
    }

    @Test func `what came before a request is flushed, even a reply without a fault`() throws {
        let line = try ModbusTestLine(.rtu)
        _ = try line.bus.read(line.request(4))
        // Registers 0x4366 and 0x3333 of unit 1.
        line.server.babble([0x01, 0x04, 0x04, 0x43, 0x66, 0x33, 0x33, 0x5A, 0xFA])
        #expect(try line.bus.read(line.request(0)) == [1000, 1001])
        line.server.babble([0x00, 0xFF, 0x7F])
        #expect(try line.bus.read(line.request(2)) == [1002, 1003])
    }

    @Test(arguments: ModbusTestLine.Kind.allCases)
    func `a reply that comes late by time is never taken for another's`(
        kind: ModbusTestLine.Kind
    ) throws {
        let line = try ModbusTestLine(kind)
        line.setFault(.late(by: .milliseconds(130)))
        for round in 0..<12 {
            let request = line.request(UInt16(4 * round), within: .milliseconds(40))
            if let words = try? line.bus.read(request) { #expect(words == line.truth(request)) }
        }
        line.setFault(nil)
        // Replies to the rounds before may still come; each spoils one round at most.
        var good = 0
        for _ in 0..<24 where good < 3 {
            let request = line.request(6)
            if let words = try? line.bus.read(request) {
                #expect(words == line.truth(request))
                good += 1
            }
        }
        #expect(good == 3)
    }

    @Test func `a unit that refuses the question in between is read again all the same`() throws {
        let line = try ModbusTestLine(.rtu)
        line.setFault(.silent)
        // At the last register, a longer question than one word is refused.
        let request = line.request(59, count: 1, within: .milliseconds(30))
        #expect(throws: DriverError.self) { try line.bus.read(request) }
        line.setFault(nil)
        #expect(try line.bus.read(line.request(59, count: 1)) == [1059])
    }

    @Test func `the late reply of one unit does not become another unit's`() throws {
        let line = try ModbusTestLine(.rtu)
        line.setFault(.late(by: .milliseconds(60)))
        #expect(throws: DriverError.self) {
            try line.bus.read(line.request(0, within: .milliseconds(5)))
        }
        var values: [[UInt16]] = []
        for _ in 0..<20 {
            if let words = try? line.bus.read(line.request(0, unit: 2)) { values.append(words) }
        }
        #expect(values.count >= 19)
        #expect(values.allSatisfy { $0 == [2000, 2001] })
    }
}
