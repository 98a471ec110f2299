import DriverKit

/// The frames that carry Modbus requests and replies on a serial line.
///
/// Source: MODBUS over Serial Line V1.02, 2.5.1 and 6.2.2.
enum RtuFrame {
    /// A request to read registers: unit, function, address, count and checksum.
    private static let requestLength = 8

    /// Takes the first request out of what has come in; what is no request is dropped on the way.
    static func takeRequest(from input: inout [UInt8]) -> (unit: UInt8, request: [UInt8])? {
        while input.count >= requestLength {
            let frame = Array(input.prefix(requestLength))
            if Checksum.modbus(frame.dropLast(2)).bigEndianBytes.reversed()
                == Array(frame.suffix(2))
            {
                input.removeFirst(requestLength)
                return (frame[0], Array(frame[1..<requestLength - 2]))
            }
            input.removeFirst()
        }
        return nil
    }

    static func reply(_ reply: [UInt8], from unit: UInt8, isCorrupt: Bool) -> [UInt8] {
        var frame = [unit] + reply
        frame += Checksum.modbus(frame).bigEndianBytes.reversed()
        if isCorrupt { frame[frame.count - 1] ^= 0x55 }
        return frame
    }
}

/// The frames that carry Modbus requests and replies on TCP.
///
/// Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3.
enum TcpFrame {
    /// Transaction, protocol, length and unit.
    private static let headerLength = 7

    struct Request {
        let transaction: [UInt8]
        let unit: UInt8
        let request: [UInt8]
    }

    /// Takes the first whole request out of what has come in.
    static func takeRequest(from input: inout [UInt8]) -> Request? {
        guard input.count >= headerLength else { return nil }
        let length = Int(input[4]) << 8 | Int(input[5])
        guard length >= 1, input.count >= headerLength - 1 + length else { return nil }
        let frame = Array(input.prefix(headerLength - 1 + length))
        input.removeFirst(frame.count)
        return Request(
            transaction: Array(frame[0..<2]), unit: frame[6],
            request: Array(frame[headerLength...]))
    }

    /// - Parameter isCorrupt: Whether the reply is for another transaction.
    static func reply(_ reply: [UInt8], to request: Request, isCorrupt: Bool) -> [UInt8] {
        let length = reply.count + 1
        return [request.transaction[0], request.transaction[1] ^ (isCorrupt ? 0x55 : 0)]
            + [0, 0, UInt8(length >> 8), UInt8(length & 0xFF), request.unit] + reply
    }
}
