import DriverKit
import Vocabulary

/// Finds P1 telegrams in a stream, encrypted or not, and checks their checksums or tags.
///
/// - Source: P1 Companion Standard 5.0.2 of DSMR, 5.2; the Smarty P1 specification of Luxembourg for
///   encrypted ones.
struct P1Framer: TelegramFramer {
    var opening: String {
        key == nil
            ? "a P1 telegram begins with / and ends with !"
            : "an encrypted P1 telegram begins db 08"
    }

    /// What one telegram may have. Belgian ones with four sub-meters and 13 months stay below 4096.
    static let longest = 8192

    /// Nil for telegrams in the clear.
    private let key: P1Key?
    private var text = P1TextFramer()
    private var sealed = P1SealedFramer()

    init() { self.init(key: nil) }

    init(key: P1Key?) { self.key = key }

    mutating func restart() {
        text.restart()
        sealed = P1SealedFramer()
    }

    mutating func take(_ byte: UInt8) -> Framed<P1Telegram>? {
        let frame = sealed.take(byte)
        guard let key else {
            if frame != nil { return .flawed("the telegram is encrypted; set keyFile") }
            return text.take(byte)
        }
        guard let frame else { return nil }
        guard let opened = P1Cipher.open(frame, with: key) else {
            return .flawed(
                "a telegram of \(frame.count) bytes has a wrong tag; check the key in keyFile")
        }
        text.restart()
        for byte in opened {
            if let found = text.take(byte) { return found }
        }
        // The line end behind the checksum may be left out inside.
        return text.take(0x0A)
            ?? .flawed("a telegram of \(frame.count) bytes holds no P1 telegram")
    }
}

/// Finds telegrams in the clear.
private struct P1TextFramer: Sendable {
    /// From `/` on; empty while none has begun.
    private var bytes: [UInt8] = []
    /// Where the `!` stands that ends the telegram.
    private var end: Int?
    /// Whether a telegram had a checksum, as all of that meter have then. One without is damaged, or
    /// comes from somebody else.
    private var hasChecksums = false

    /// Forgets what has begun, not whether the meter sends checksums.
    mutating func restart() { (bytes, end) = ([], nil) }

    mutating func take(_ byte: UInt8) -> Framed<P1Telegram>? {
        // Where the line has eight bits, the parity of seven comes with them.
        let byte = byte & 0x7F
        let isNewLine = bytes.last == UInt8(ascii: "\n")
        if byte == UInt8(ascii: "/"), bytes.isEmpty || isNewLine {
            defer { (bytes, end) = ([byte], nil) }
            return bytes.isEmpty
                ? nil : .flawed("a telegram broke off after \(bytes.count) bytes")
        }
        guard !bytes.isEmpty else { return nil }
        bytes.append(byte)
        if let end {
            guard byte == UInt8(ascii: "\n") else {
                return bytes.count - end <= 8
                    ? nil : finish(.flawed("a telegram has more than a checksum behind its !"))
            }
            return finish(checked(end))
        }
        if byte == UInt8(ascii: "!"), isNewLine { end = bytes.count - 1 }
        guard bytes.count <= P1Framer.longest else {
            return finish(.flawed("a telegram has more than \(P1Framer.longest) bytes"))
        }
        return nil
    }

    private mutating func checked(_ end: Int) -> Framed<P1Telegram> {
        let tail = String(decoding: bytes[(end + 1)...], as: UTF8.self).filter { !$0.isWhitespace }
        if tail.isEmpty {
            guard !hasChecksums else {
                return .flawed(
                    "a telegram of \(bytes.count) bytes has no checksum, must have one as those before it"
                )
            }
        } else {
            let right = Checksum.arc(bytes[...end])
            guard tail.utf8.count == 4, UInt16(tail, radix: 16) == right else {
                return .flawed(
                    "a telegram of \(bytes.count) bytes has the checksum "
                        + "\(tail.printable(limit: 8)), must be \(right.hex)")
            }
            hasChecksums = true
        }
        return .telegram(P1Telegram(bytes[..<end]))
    }

    private mutating func finish(_ found: Framed<P1Telegram>) -> Framed<P1Telegram> {
        (bytes, end) = ([], nil)
        return found
    }
}

/// Finds encrypted telegrams: `db 08`, title, `82`, length, `30`, counter, content and tag.
private struct P1SealedFramer: Sendable {
    private var bytes: [UInt8] = []

    private static let header = 13

    mutating func take(_ byte: UInt8) -> [UInt8]? {
        bytes.append(byte)
        while !mayBegin { bytes.removeFirst() }
        guard bytes.count > Self.header, bytes.count == Self.header + length else { return nil }
        defer { bytes = [] }
        return bytes
    }

    private var length: Int { Int(bytes[11]) << 8 | Int(bytes[12]) }

    /// Whether what is there can be the beginning of a telegram; nothing always can.
    private var mayBegin: Bool {
        for (index, byte) in [(0, 0xDB), (1, 0x08), (10, 0x82), (13, 0x30)] as [(Int, UInt8)]
        where index < bytes.count && bytes[index] != byte {
            return false
        }
        return bytes.count < Self.header || (18...P1Framer.longest).contains(length)
    }
}
