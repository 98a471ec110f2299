/// What crosses an M-Bus line.
///
/// - Source: EN 13757-2, 5.2 and 5.7.
enum MbusFrame: Hashable, Sendable {
    case acknowledgement
    /// - Parameters:
    ///   - control: What it is for, 8 in its low half for a meter's answer.
    ///   - data: What follows the control information.
    case long(control: UInt8, address: UInt8, information: UInt8, data: [UInt8])

    private static let stop: UInt8 = 0x16

    /// A frame with three fields: a request.
    static func short(_ control: UInt8, to address: UInt8) -> [UInt8] {
        [0x10, control, address, control &+ address, stop]
    }

    /// A frame with data, at most 252 bytes.
    static func long(
        _ control: UInt8, to address: UInt8, _ information: UInt8, _ data: [UInt8]
    ) -> [UInt8] {
        let body = [control, address, information] + data
        let length = UInt8(truncatingIfNeeded: body.count)
        return [0x68, length, length, 0x68] + body + [body.reduce(0, &+), stop]
    }
}

/// Finds frames in a stream.
struct MbusFramer: TelegramFramer {
    var opening: String { "an M-Bus answer begins e5 or 68" }

    /// What may still be a frame, 261 bytes at most.
    private var bytes: [UInt8] = []

    mutating func take(_ byte: UInt8) -> Framed<MbusFrame>? {
        bytes.append(byte)
        while let first = bytes.first {
            switch first {
            case 0xE5:
                bytes.removeFirst()
                return .telegram(.acknowledgement)
            case 0x10 where isEcho:
                // A level converter may send the request back.
                if bytes.count == 5 { bytes = [] }
                return nil
            case 0x68 where isHead:
                guard bytes.count > 4, bytes.count == Int(bytes[1]) + 6 else { return nil }
                if let found = frame {
                    bytes = []
                    return .telegram(found)
                }
                bytes.removeFirst()
                return .flawed("a frame of \(bytes.count + 1) bytes has a wrong checksum or end")
            default: bytes.removeFirst()
            }
        }
        return nil
    }

    /// Whether what is there can be the beginning of a long frame.
    private var isHead: Bool {
        for (index, byte) in bytes.prefix(4).enumerated() {
            switch index {
            case 1 where byte < 3: return false
            case 2 where byte != bytes[1]: return false
            case 3 where byte != 0x68: return false
            default: break
            }
        }
        return bytes.count < 4 || bytes.count <= Int(bytes[1]) + 6
    }

    private var isEcho: Bool {
        bytes.count < 5 || bytes.count == 5 && bytes[3] == bytes[1] &+ bytes[2] && bytes[4] == 0x16
    }

    private var frame: MbusFrame? {
        let body = bytes[4..<bytes.count - 2]
        guard body.reduce(0, &+) == bytes[bytes.count - 2], bytes.last == 0x16 else { return nil }
        return .long(
            control: bytes[4], address: bytes[5], information: bytes[6],
            data: Array(body.dropFirst(3)))
    }
}
