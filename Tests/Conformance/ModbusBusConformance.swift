import DriverKit
import Vocabulary

/// What every Modbus bus must do, whatever is between it and its units.
public enum ModbusBusConformance {
    /// What goes wrong on the bench, until something else is caused.
    public enum Fault: Hashable, Sendable, CaseIterable {
        case none, silent, busy, busyOnce, truncated, lateByOne, unplugged
        /// The connection ends in place of the next reply; of no effect on a serial line.
        case hangUp
        /// The next reply alone is damaged.
        case corrupt
    }

    /// Everything that `bus` does not keep to. Empty when all is well.
    ///
    /// - Parameters:
    ///   - bus: Its unit 1 holds 1000 + address in the input registers 0 to 59, and no others.
    ///   - line: What the bus calls the line in its messages.
    ///   - cause: Makes a fault happen to unit 1, or to the line.
    public static func complaints(
        of bus: any ModbusBus, line: String, cause: (Fault) throws -> Void
    ) rethrows -> [String] {
        var complaints: [String] = []
        func expect(_ holds: Bool, _ complaint: String) {
            if !holds { complaints.append(complaint) }
        }
        func outcome(_ request: ModbusRequest) -> Result<[UInt16], DriverError> {
            do throws(DriverError) {
                return .success(try bus.read(request))
            } catch {
                return .failure(error)
            }
        }
        func expectGood(_ address: UInt16, after what: String, tries: Int = 1) {
            for attempt in 1...tries {
                let answer = outcome(request(address, within: .seconds(20)))
                if answer == .success([1000 + address, 1001 + address]) { return }
                if case .success = answer { return expect(false, "\(what): \(answer)") }
                expect(attempt < tries, "after \(what): \(answer)")
            }
        }

        try cause(.none)
        expectGood(0, after: "the start")
        let absent = request(100, within: .seconds(20))
        expect(
            outcome(absent)
                == .failure(
                    DriverError(
                        .unsupported,
                        "unit 1 on \(line) answers \(absent) with exception 2: "
                            + "illegal data address")),
            "registers that are not there: \(outcome(absent))")
        for fault in Fault.allCases where ![.none, .lateByOne].contains(fault) {
            try cause(fault)
            // What is damaged comes; what does not come is not waited for as long.
            let limit: Duration =
                [.silent, .truncated, .unplugged].contains(fault) ? .milliseconds(40) : .seconds(20)
            let request = request(12, within: limit)
            let answer = outcome(request)
            switch (fault, answer) {
            case (.silent, .failure(let error)), (.truncated, .failure(let error)):
                expect(
                    error
                        == DriverError(
                            .timeout, "no reply to 01 04 00 0c 00 02 within 40 ms on \(line)"),
                    "\(fault): \(error)")
            case (.busy, .failure(let error)):
                expect(
                    error
                        == DriverError(
                            .busy,
                            "unit 1 on \(line) answers \(request) with exception 6: device busy"),
                    "\(fault): \(error)")
            case (.busyOnce, .success(let words)), (.hangUp, .success(let words)):
                expect(words == [1012, 1013], "\(fault): \(words)")
            case (.corrupt, .failure(let error)):
                expect(error.kind == .malformedReply, "\(fault): \(error)")
            case (.unplugged, .failure(let error)):
                expect(error.kind == .notConnected, "\(fault): \(error)")
            default: expect(false, "\(fault): \(answer)")
            }
            try cause(.none)
            expectGood(2, after: "\(fault)")
        }
        try cause(.lateByOne)
        for address in stride(from: 0, to: 40, by: 4) as StrideTo<UInt16> {
            let answer = outcome(request(address, within: .milliseconds(40)))
            if case .success(let words) = answer { expect(false, "a late reply: \(words)") }
        }
        try cause(.none)
        // The last reply may still be on its way, and may spoil one round.
        expectGood(48, after: "late replies", tries: 2)
        return complaints
    }

    private static func request(_ address: UInt16, within limit: Duration) -> ModbusRequest {
        ModbusRequest(
            unit: 1, function: .inputRegisters, address: address, count: 2, replyTimeout: limit)
    }
}
