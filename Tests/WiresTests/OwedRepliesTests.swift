import DriverKit
import Testing
import Vocabulary

@testable import Wires

@Suite("Replies that are owed") struct OwedRepliesTests {
    private let t0 = MonotonicInstant(nanoseconds: 0)

    private func request(_ address: UInt16, _ count: Int = 2, unit: UInt8 = 1) -> ModbusRequest {
        ModbusRequest(
            unit: unit, function: .inputRegisters, address: address, count: count,
            replyTimeout: .milliseconds(500))
    }

    @Test func `without a debt a request is asked at once`() {
        var owed = OwedReplies()
        #expect(owed.advice(before: request(0), at: t0) == .ask)
    }

    @Test func `a request of the same form waits for the answer to one of another form`() {
        var owed = OwedReplies()
        owed.missed(request(0), at: t0)
        let probe = request(12, 1)
        #expect(owed.advice(before: request(12), at: t0) == .askFirst(probe))
        owed.answered(probe)
        #expect(owed.advice(before: request(12), at: t0) == .ask)
    }

    @Test func `a request of another form or unit cannot be mistaken`() {
        var owed = OwedReplies()
        owed.missed(request(0), at: t0)
        #expect(owed.advice(before: request(12, 4), at: t0) == .ask)
        #expect(owed.advice(before: request(12, unit: 2), at: t0) == .ask)
        owed.answered(request(12, unit: 2))
        #expect(owed.advice(before: request(12), at: t0) != .ask)
    }

    @Test func `every unanswered probe has a form of its own`() {
        var owed = OwedReplies()
        owed.missed(request(0), at: t0)
        var forms: Set<Int> = [2]
        for _ in 0..<124 {
            guard case .askFirst(let probe) = owed.advice(before: request(0), at: t0) else {
                Issue.record("no probe left")
                return
            }
            #expect(forms.insert(probe.count).inserted)
            owed.missed(probe, at: t0)
        }
        #expect(owed.advice(before: request(0), at: t0) == .wait)
    }

    @Test func `a probe stays within the addresses that there are`() {
        var owed = OwedReplies()
        owed.missed(request(65535, 1), at: t0)
        #expect(owed.advice(before: request(65535, 1), at: t0) == .wait)
    }

    @Test func `an exception settles the oldest debt only`() {
        var owed = OwedReplies()
        owed.missed(request(0), at: t0)
        owed.missed(request(6), at: t0)
        guard case .askFirst(let probe) = owed.advice(before: request(12), at: t0) else {
            Issue.record("no probe")
            return
        }
        owed.refused(probe, at: t0)
        #expect(owed.advice(before: request(12), at: t0) == .askFirst(request(12, 3)))
        owed.refused(request(12, 3), at: t0)
        #expect(owed.advice(before: request(12), at: t0) == .ask)
    }

    @Test func `an exception without a debt leaves none`() {
        var owed = OwedReplies()
        owed.refused(request(0), at: t0)
        #expect(owed.advice(before: request(0), at: t0) == .ask)
    }

    @Test func `a debt is forgotten after its lifetime`() {
        var owed = OwedReplies()
        owed.missed(request(0), at: t0)
        let almost = t0.advanced(by: OwedReplies.lifetime - .milliseconds(1))
        #expect(owed.advice(before: request(0), at: almost) != .ask)
        #expect(
            owed.advice(before: request(0), at: t0.advanced(by: OwedReplies.lifetime)) == .ask)
    }
}
