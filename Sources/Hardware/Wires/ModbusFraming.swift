import DriverKit

/// How requests and replies are put into bytes on a TCP connection.
///
/// Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3; MODBUS over Serial Line V1.02,
/// 2.5.1 and 6.2.2.
enum ModbusFraming: Hashable {
    /// A header with a number that the reply repeats.
    case tcp
    /// Unit and checksum, as on a serial line.
    case rtu

    /// - Parameter number: What the reply must repeat; of no meaning for `.rtu`.
    func frame(_ request: ModbusRequest, number: UInt16) -> [UInt8] {
        let body = request.wireBytes
        switch self {
        case .tcp: return number.bigEndianBytes + [0, 0] + UInt16(body.count).bigEndianBytes + body
        case .rtu: return body + Checksum.modbus(body).bigEndianBytes.reversed()
        }
    }

    /// What `input`, all that has come in since the request, says of it.
    /// - Returns: Nil while the reply is not whole.
    func outcome(
        of request: ModbusRequest, number: UInt16, in input: [UInt8]
    ) -> ModbusOutcome? {
        switch self {
        case .tcp:
            guard input.count >= Self.headerLength else { return nil }
            let length = Int(input[4]) << 8 | Int(input[5])
            guard Array(input[..<4]) == number.bigEndianBytes + [0, 0],
                Self.lengths.contains(length)
            else {
                return .wrongForm
            }
            guard input.count >= Self.headerLength - 1 + length else { return nil }
            // The number says whose reply it is; units behind some gateways answer under another one.
            return Self.outcome(
                of: request, in: input[Self.headerLength..<Self.headerLength - 1 + length])
        case .rtu:
            guard input.count >= 5 else { return nil }
            let length = 3 + (input[1] & 0x80 == 0 ? Int(input[2]) : 0) + 2
            guard input.count >= length else { return nil }
            let body = input[..<(length - 2)]
            guard
                Checksum.modbus(body).bigEndianBytes.reversed()
                    == Array(input[(length - 2)..<length])
            else {
                return .wrongChecksum
            }
            guard body[0] == request.unit else { return .wrongSender }
            return Self.outcome(of: request, in: body.dropFirst())
        }
    }

    /// Number, protocol, length and unit.
    private static let headerLength = 7
    /// Of unit and reply: an exception has the fewest bytes.
    private static let lengths = 3...254

    /// - Parameter reply: Function and what follows it.
    ///
    /// Source: Modbus Application Protocol V1.1b3, 6.1 to 6.4 and 7.
    private static func outcome(
        of request: ModbusRequest, in reply: ArraySlice<UInt8>
    ) -> ModbusOutcome {
        let reply = Array(reply)
        let function = UInt8(request.function.rawValue)
        if reply.count == 2, reply[0] == function | 0x80 { return .exception(reply[1]) }
        guard reply.count == 2 + request.replyBytes, reply[0] == function,
            Int(reply[1]) == request.replyBytes
        else { return .wrongForm }
        return .words(request.words(in: reply.dropFirst(2)))
    }
}
