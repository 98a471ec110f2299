import Vocabulary

/// The 16 bytes that name a node or a message on chirp's wire.
///
/// An answer bears the identity of its question, and an acknowledgement that of its message.
public struct ChirpIdentity: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes, big endian.
    public let high: UInt64
    /// The last eight bytes, big endian.
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh identity. Draw it from the system's chance where strangers must not guess it.
    public init(using generator: inout some RandomNumberGenerator) {
        self.init(high: generator.next(), low: generator.next())
    }

    /// A probe's identity.
    public static let zero = ChirpIdentity(high: 0, low: 0)

    /// 32 hexadecimal digits.
    public var description: String { high.hex + low.hex }
}
