import Vocabulary

extension ModbusRequest: CustomStringConvertible {
    /// Unit, function, address and count as they cross the wire: `"01 04 00 0c 00 02"`.
    public var description: String {
        wireBytes.hex
    }

    /// The request as it crosses every wire, without what frames it.
    public var wireBytes: [UInt8] {
        [unit, UInt8(function.rawValue)] + address.bigEndianBytes
            + UInt16(clamping: count).bigEndianBytes
    }
}

extension UInt16 {
    /// The high byte first.
    public var bigEndianBytes: [UInt8] {
        [UInt8(truncatingIfNeeded: self >> 8), UInt8(truncatingIfNeeded: self)]
    }
}

/// What every bus, real or simulated, says of a request that failed. `line` is the port or host.
extension ModbusRequest {
    /// `.timeout`: silence until the end of `replyTimeout`.
    public func noReply(on line: String) -> DriverError {
        let milliseconds = replyTimeout.wholeNanoseconds / 1_000_000
        return DriverError(.timeout, "no reply to \(self) within \(milliseconds) ms on \(line)")
    }

    /// `.malformedReply`: bytes were changed on the way.
    public func wrongChecksum(on line: String) -> DriverError {
        DriverError(.malformedReply, "the reply to \(self) on \(line) has a wrong checksum")
    }

    /// `.malformedReply`: another unit answers, perhaps late.
    public func wrongSender(on line: String) -> DriverError {
        DriverError(
            .malformedReply, "the reply to \(self) on \(line) comes from a unit other than \(unit)")
    }

    /// `.malformedReply`: another function or another count, such as the late reply to an earlier request.
    public func wrongForm(on line: String) -> DriverError {
        DriverError(.malformedReply, "the reply to \(self) on \(line) belongs to another request")
    }

    /// `.unsupported`: the unit does not have what was asked for, or not so much at once; `.busy`;
    /// `.timeout`: a gateway in between says that the unit is silent; `.malformedReply` for all else.
    /// - Parameter code: The exception code in the reply.
    public func refused(with code: UInt8, on line: String) -> DriverError {
        let meaning = Self.exceptionMeanings[code] ?? "not defined by the Modbus standard"
        let kind: DriverError.Kind =
            switch code {
            case 1, 2, 3: .unsupported
            case 5, 6: .busy
            case 10, 11: .timeout
            default: .malformedReply
            }
        return DriverError(
            kind,
            "unit \(unit) on \(line) answers \(self) with exception \(code): \(meaning)")
    }

    /// `.notConnected`: port or host does not work any more.
    /// - Parameter reason: The system's words.
    public func portGone(_ reason: String, on line: String) -> DriverError {
        DriverError(.notConnected, "\(line) disconnected during \(self): \(reason)")
    }

    /// Source: Modbus Application Protocol V1.1b3, 7 "MODBUS Exception Responses".
    static let exceptionMeanings: [UInt8: String] = [
        1: "illegal function", 2: "illegal data address",
        3: "illegal data value, often too many registers at once", 4: "device failure",
        5: "acknowledged, needs more time",
        6: "device busy", 7: "negative acknowledge", 8: "memory parity error",
        10: "gateway path unavailable", 11: "no response from the device behind the gateway",
    ]
}
