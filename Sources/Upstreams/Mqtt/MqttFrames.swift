/// Cuts what a broker sends into packets.
///
/// It holds one packet of at most `limit` bytes and what came with it, whatever length a packet claims to
/// have: a larger message is handed out as its first bytes, enough to acknowledge it, and the rest is passed
/// over as it comes. Only bytes that came take memory, so a claim costs nothing.
struct MqttFrames {
    /// One packet.
    struct Frame {
        /// Its type and flags.
        let first: UInt8
        let body: ArraySlice<UInt8>
        /// Nil when `body` is the beginning of a message that is too large: how many bytes it all has.
        let cutFrom: Int?
    }

    /// The longest packet that is taken whole, behind its length. In bytes.
    let limit: Int
    private var held: [UInt8] = []
    private var start = 0
    /// How much is still to come of a message that was cut.
    private var passingOver = 0

    init(limit: Int) { self.limit = limit }

    /// What its memory is. In bytes.
    var heldBytes: Int { held.capacity }

    /// What a cut message needs: the longest topic with its length, and the packet identifier.
    static let beginning = 2 + [UInt8].longestMqttText + 2

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        if start > 0 {
            held.removeFirst(start)
            start = 0
        }
        let passed = min(passingOver, bytes.count)
        passingOver -= passed
        held.append(contentsOf: bytes.dropFirst(passed))
    }

    /// The next packet; nil when more has to come first. What it lends is to be released before the next call.
    mutating func next() throws(MalformedPacket) -> Frame? {
        var bytes = MqttBytes(held[start...])
        guard let (first, length) = try header(&bytes) else { return release() }
        guard length > limit else {
            guard bytes.rest.count >= length else { return nil }
            let body = bytes.rest.prefix(length)
            start = body.endIndex
            return Frame(first: first, body: body, cutFrom: nil)
        }
        guard first >> 4 == MqttPacket.Kind.message.rawValue else {
            throw MalformedPacket("a packet of \(length) bytes; the limit is \(limit)")
        }
        let needed = min(length, Self.beginning)
        guard bytes.rest.count >= needed else { return nil }
        let beginning = bytes.rest.prefix(length)
        passingOver = length - beginning.count
        start = beginning.endIndex
        return Frame(first: first, body: beginning, cutFrom: length)
    }

    /// - Returns: Nil while it has not come whole.
    private func header(_ bytes: inout MqttBytes) throws(MalformedPacket) -> (UInt8, Int)? {
        let come = bytes.rest.prefix(5)
        guard let first = come.first else { return nil }
        // Five bytes hold every length; with fewer its last one must be among them.
        guard come.count == 5 || come.dropFirst().contains(where: { $0 & 0x80 == 0 })
        else { return nil }
        _ = try bytes.byte()
        return (first, try bytes.length())
    }

    /// Nothing is held: a large packet's memory goes back.
    private mutating func release() -> Frame? {
        if start == held.count {
            held.removeAll(keepingCapacity: held.capacity <= 65_536)
            start = 0
        }
        return nil
    }
}
