import DriverKit
import Vocabulary

/// Finds SML files in a stream: takes the escape sequences out and checks length and checksum.
///
/// - Source: BSI TR-03109-1, annex IV, SML 1.04, 8 ("SML-Transportprotokoll", version 1).
struct SmlFramer: TelegramFramer {
    var opening: String { "an SML telegram begins 1b 1b 1b 1b 01 01 01 01" }

    /// What one telegram may have; with signatures meters send up to about 700.
    static let longest = 8192

    private static let escape: UInt32 = 0x1B1B_1B1B
    private static let start: UInt32 = 0x0101_0101

    /// All bytes of the telegram; empty while none has begun.
    private var raw: [UInt8] = []
    /// The same without escape sequences.
    private var payload: [UInt8] = []
    /// The last eight bytes, to find the start.
    private var last: UInt64 = 0
    /// How many bytes have come since the last escape sequence was dealt with.
    private var sinceEscape = 0
    /// How many bytes of what follows an escape are here; nil outside of one.
    private var afterEscape: Int?

    mutating func take(_ byte: UInt8) -> Framed<[UInt8]>? {
        last = last << 8 | UInt64(byte)
        guard !raw.isEmpty else {
            if last == UInt64(Self.escape) << 32 | UInt64(Self.start) { begin() }
            return nil
        }
        raw.append(byte)
        guard raw.count <= Self.longest else {
            return end(.flawed("more than \(Self.longest) bytes"))
        }
        if let count = afterEscape {
            guard count == 3 else {
                afterEscape = count + 1
                return nil
            }
            afterEscape = nil
            return escaped(UInt32(truncatingIfNeeded: last))
        }
        payload.append(byte)
        sinceEscape += 1
        if sinceEscape >= 4, UInt32(truncatingIfNeeded: last) == Self.escape {
            payload.removeLast(4)
            (afterEscape, sinceEscape) = (0, 0)
        }
        return nil
    }

    private mutating func escaped(_ word: UInt32) -> Framed<[UInt8]>? {
        switch word {
        case Self.escape:
            payload += [0x1B, 0x1B, 0x1B, 0x1B]
            return nil
        case Self.start:
            defer { begin() }
            return .flawed("a telegram broke off after \(raw.count - 8) bytes")
        case 0x1A00_0000...0x1A03_FFFF:
            let padding = Int(word >> 16 & 0xFF)
            // The checksum is sent lowest byte first.
            let sent = UInt16(truncatingIfNeeded: word).byteSwapped
            let right = Checksum.x25(raw.dropLast(2))
            guard sent == right else {
                return end(
                    .flawed(
                        "a telegram of \(raw.count) bytes has the checksum \(sent.hex), "
                            + "must be \(right.hex)"))
            }
            guard payload.count >= padding else { return end(.flawed("an empty telegram")) }
            return end(.telegram(payload.dropLast(padding)))
        default:
            let bytes = raw.suffix(4).hex
            return end(.flawed("1b 1b 1b 1b is followed by \(bytes), which has no meaning"))
        }
    }

    private mutating func begin() {
        raw = [0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1]
        (payload, sinceEscape, afterEscape) = ([], 0, nil)
    }

    private mutating func end(_ found: Framed<[UInt8]>) -> Framed<[UInt8]> {
        (raw, payload, sinceEscape, afterEscape) = ([], [], 0, nil)
        return found
    }
}
