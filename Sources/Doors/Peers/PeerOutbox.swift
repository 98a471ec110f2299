import NIOCore

/// When the writes of one connection go out. Pure; its owner does what it says.
///
/// The last write is held back, so that the flush takes it along with a promise: what is reported as sent then
/// is what was handed to the channel and not more.
struct PeerOutbox: Sendable {
    enum Moment: Hashable, Sendable {
        /// Nothing is about to follow.
        case now
        /// With all else that this turn of the loop brings.
        case endOfTurn
    }

    private var last: ByteBuffer?
    /// Writes so far, the one that is held among them.
    private var count = 0
    /// Between the first bytes that are there to be read and the last. What they cause goes out together.
    private var isReceiving = false
    private var isPlanned = false

    /// - Returns: The write before it, which is to be handed to the channel.
    mutating func put(_ bytes: ByteBuffer) -> ByteBuffer? {
        defer { last = bytes }
        count += 1
        return last
    }

    /// When to flush what was put; nil when nothing was, or a flush will come by itself.
    mutating func plan(isLone: Bool) -> Moment? {
        guard last != nil, !isReceiving, !isPlanned else { return nil }
        if isLone { return .now }
        isPlanned = true
        return .endOfTurn
    }

    /// The last write, and how many have gone out with it.
    mutating func flush() -> (last: ByteBuffer, count: Int)? {
        isPlanned = false
        guard let last = last.take() else { return nil }
        return (last, count)
    }

    mutating func receives() { isReceiving = true }

    /// - Returns: Whether anything was received.
    mutating func hasReceived() -> Bool {
        defer { isReceiving = false }
        return isReceiving
    }
}
