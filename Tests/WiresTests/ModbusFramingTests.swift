import DriverKit
import Testing
import Vocabulary

@testable import Wires

/// Frames as devices' manuals print them.
@Suite("Modbus frames") struct ModbusFramingTests {
    /// A thermometer XY-MD02 of -5.3 °C and 61.2 %.
    private let request = ModbusRequest(
        unit: 1, function: .inputRegisters, address: 1, count: 2, replyTimeout: .seconds(1))
    private let reply: [UInt8] = [0x01, 0x04, 0x04, 0xFF, 0xCB, 0x02, 0x64, 0xBA, 0xE5]

    @Test func `over serial lines are those that a thermometer's manual prints`() {
        #expect(
            ModbusFraming.rtu.frame(request, number: 9)
                == [0x01, 0x04, 0x00, 0x01, 0x00, 0x02, 0x20, 0x0B])
        #expect(
            ModbusFraming.rtu.outcome(of: request, number: 9, in: reply)
                == .words([0xFFCB, 0x0264]))
    }

    @Test func `over TCP bear the number of their request`() {
        #expect(
            ModbusFraming.tcp.frame(request, number: 0x1234)
                == [0x12, 0x34, 0, 0, 0, 6, 0x01, 0x04, 0x00, 0x01, 0x00, 0x02])
        let answer: [UInt8] = [0x12, 0x34, 0, 0, 0, 7] + reply.dropLast(2)
        func outcome(_ number: UInt16) -> ModbusOutcome? {
            ModbusFraming.tcp.outcome(of: request, number: number, in: answer)
        }
        #expect(outcome(0x1234) == .words([0xFFCB, 0x0264]))
        #expect(outcome(0x1235) == .wrongForm)
    }

    @Test(arguments: [ModbusFraming.rtu, .tcp])
    private func `in pieces are waited for`(framing: ModbusFraming) {
        let whole = framing == .rtu ? reply : [0, 7, 0, 0, 0, 7] + reply.dropLast(2)
        for count in 0..<whole.count {
            let outcome = framing.outcome(of: request, number: 7, in: Array(whole[..<count]))
            #expect(outcome == nil, "\(count) bytes")
        }
    }

    @Test func `distinguish exceptions, other units, other functions and damage`() {
        func outcome(_ bytes: [UInt8]) -> ModbusOutcome? {
            ModbusFraming.rtu.outcome(of: request, number: 0, in: bytes)
        }
        #expect(outcome([0x01, 0x84, 0x02, 0xC2, 0xC1]) == .exception(2))
        #expect(outcome([0x02] + reply.dropFirst()) == .wrongChecksum)
        // The answer of unit 2, and one to function 3.
        #expect(outcome([0x02, 0x84, 0x02, 0x32, 0xC1]) == .wrongSender)
        #expect(outcome([0x01, 0x83, 0x02, 0xC0, 0xF1]) == .wrongForm)
    }

    @Test(arguments: [ModbusFraming.rtu, .tcp])
    private func `of any bytes end in an outcome, never in more words than were asked for`(
        framing: ModbusFraming
    ) {
        var chance = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes = framing == .rtu ? reply : [0, 7, 0, 0, 0, 7] + reply.dropLast(2)
            for _ in 0..<Int.random(in: 0...3, using: &chance) {
                bytes[Int.random(in: 0..<bytes.count, using: &chance)] =
                    UInt8.random(in: 0...255, using: &chance)
            }
            bytes.removeLast(Int.random(in: 0...4, using: &chance))
            if case .words(let words) = framing.outcome(of: request, number: 7, in: bytes) {
                #expect(words.count == 2)
            }
        }
    }
}
