/// Which journal it is: random when one is made, and kept for as long as it lives.
///
/// Together with a place in it, it names a fact in all the world, so that what is sent twice is known for
/// the same.
public struct JournalIdentity: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    public init(using generator: inout some RandomNumberGenerator) {
        self.init(high: generator.next(), low: generator.next())
    }

    /// 32 hexadecimal digits.
    public var description: String { high.hex + low.hex }
}
