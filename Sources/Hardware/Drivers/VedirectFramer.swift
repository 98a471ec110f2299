import Vocabulary

/// What a Victron device shows in one block of its text protocol, by label.
struct VedirectBlock: Hashable, Sendable {
    fileprivate(set) var fields: [String: String] = [:]
}

/// Finds blocks in a stream, and leaves out the HEX messages between their fields.
///
/// - Source: Victron, VE.Direct Protocol 3.33, "Message format" and "Checksum"; VE.Direct FAQ, "framehandler".
struct VedirectFramer: TelegramFramer {
    var opening: String { "a VE.Direct block ends with Checksum" }

    /// Victron has at most 22 fields in a block, of 9 and 33 letters.
    private static let mostFields = 64
    private static let longestField = 64

    private enum Part { case label, value, checksum }

    private var part = Part.label
    /// Whether a field has begun. What is before that is the rest of one whose beginning was not heard, and
    /// the rest of `VPV` is `V`.
    private var hasBegun = false
    private var isInHex = false
    private var label: [UInt8] = []
    private var value: [UInt8] = []
    private var block = VedirectBlock()
    private var sum: UInt8 = 0
    private var count = 0
    /// Whether a field was too long, or there were too many.
    private var isTooLong = false

    mutating func take(_ byte: UInt8) -> Framed<VedirectBlock>? {
        if isInHex {
            isInHex = byte != UInt8(ascii: "\n")
            return nil
        }
        if part == .checksum { return end(byte) }
        if !hasBegun {
            guard byte == UInt8(ascii: "\r") else { return nil }
            hasBegun = true
        }
        if byte == UInt8(ascii: ":") {
            isInHex = true
            return nil
        }
        sum &+= byte
        count += 1
        switch byte {
        case UInt8(ascii: "\t") where part == .label:
            let isLast = label.elementsEqual("Checksum".utf8)
            part = isLast ? .checksum : .value
        case UInt8(ascii: "\r"): finishField()
        case UInt8(ascii: "\n"): label = []
        default:
            guard label.count + value.count < Self.longestField else {
                isTooLong = true
                return nil
            }
            if part == .label { label.append(byte) } else { value.append(byte) }
        }
        return nil
    }

    private mutating func finishField() {
        if part == .value {
            if block.fields.count < Self.mostFields {
                block.fields[String(decoding: label, as: UTF8.self)] =
                    String(decoding: value, as: UTF8.self)
            } else {
                isTooLong = true
            }
        }
        (part, label, value) = (.label, [], [])
    }

    /// - Parameter byte: Whatever makes the sum of all bytes of the block 0.
    private mutating func end(_ byte: UInt8) -> Framed<VedirectBlock> {
        let total = sum &+ byte
        let (found, size, wasTooLong) = (block, count + 1, isTooLong)
        self = VedirectFramer()
        if wasTooLong { return .flawed("a block of \(size) bytes has a field that is too long") }
        guard total == 0 else {
            return .flawed("the bytes of a block of \(size) add up to \([total].hex), must be 00")
        }
        return .telegram(found)
    }
}
