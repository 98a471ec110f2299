import NIOCore

/// Takes bytes cut anywhere and gives back the hello, then frames. Pure; the bytes are a stranger's.
///
/// It holds what is not yet a whole frame, which is at most one frame of the size limit and what came
/// with it in one read.
struct ChirpDecoder: Sendable {
    /// Header and data of one message together, in bytes.
    let sizeLimit: Int
    private(set) var hello: ChirpHello?
    private var bytes = ByteBuffer()

    init(sizeLimit: Int) { self.sizeLimit = sizeLimit }

    /// Bytes that are not taken yet.
    var held: ByteBuffer { bytes }

    mutating func append(_ more: ByteBuffer) {
        if bytes.readableBytes == 0 {
            bytes = more
        } else {
            var more = more
            bytes.discardReadBytes()
            bytes.writeBuffer(&more)
        }
    }

    /// - Returns: The other side's hello once it is whole; nil before, and after it was given.
    mutating func nextHello() -> ChirpHello? {
        guard hello == nil,
            let (port, high, low) = bytes.readMultipleIntegers(
                as: (UInt16, UInt64, UInt64).self)
        else { return nil }
        hello = ChirpHello(port: port, node: ChirpIdentity(high: high, low: low))
        return hello
    }

    /// - Returns: The next frame once it is whole.
    /// - Throws: `.tooLarge` or `.malformed` as soon as the first 27 bytes show it. Nothing that follows
    ///   can be understood; the connection must be closed.
    mutating func nextFrame() throws(PeerError) -> ChirpFrame? {
        precondition(hello != nil, "the hello comes before all frames")
        var rest = bytes
        guard
            let (high, low, serial, dataLength, headerLength, type) = rest.readMultipleIntegers(
                as: (UInt64, UInt64, UInt32, UInt32, UInt16, UInt8).self)
        else { return nil }
        let kind = ChirpFrame.Kind(rawValue: type)
        // In 64 bits, where the two lengths cannot wrap around.
        let length = Int64(dataLength) + Int64(headerLength)
        guard length <= Int64(sizeLimit) else {
            throw PeerError(
                .tooLarge, "a message of \(length) bytes; at most \(sizeLimit) are taken")
        }
        if !kind.isDisjoint(with: [.acknowledgement, .probe]) {
            guard length == 0, !kind.contains(.wantsAcknowledgement) else {
                throw PeerError(
                    .malformed,
                    "an acknowledgement or probe of type \(type) with \(length) bytes; "
                        + "it must be bare")
            }
        }
        guard let header = rest.readSlice(length: Int(headerLength)),
            let data = rest.readSlice(length: Int(dataLength))
        else { return nil }
        bytes = rest
        return ChirpFrame(
            identity: ChirpIdentity(high: high, low: low), serial: serial, kind: kind,
            header: header, data: data)
    }
}
