import NIOCore

/// TLS where a hello was expected, recognised by its first bytes. Pure.
///
/// A hello begins with any two bytes, so whole patterns are looked for: one in 2^29 hellos of port 5379
/// begins like an alert, and one in 2^50 of port 5635 like a client's hello.
/// - Source: RFC 8446, 4.1.2, 5.1 and 6.
enum TlsRecord: Hashable, Sendable {
    /// A peer begins to speak TLS.
    case clientHello
    /// A peer that speaks TLS has not understood what was sent.
    case alert

    /// - Returns: Nil when `bytes` begin like neither, or are too few to decide.
    init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard
            let (type, major, minor, length) = bytes.readMultipleIntegers(
                as: (UInt8, UInt8, UInt8, UInt16).self), major == 3, minor <= 4
        else { return nil }
        switch type {
        case 21:
            guard length == 2, let level = bytes.readInteger(as: UInt8.self), 1...2 ~= level,
                bytes.readableBytes > 0
            else { return nil }
            self = .alert
        case 22:
            // One that is longer than a record goes on in the next.
            guard
                let (kind, high, low, version) = bytes.readMultipleIntegers(
                    as: (UInt8, UInt8, UInt16, UInt16).self),
                kind == 1, high <= 1, version == 0x0303,
                Int(high) << 16 + Int(low) + 4 >= Int(length)
            else { return nil }
            self = .clientHello
        default: return nil
        }
    }
}
