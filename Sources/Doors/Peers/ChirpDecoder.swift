import NIOCore

/// Takes bytes cut anywhere and returns the hello, then frames. Pure; the bytes are a stranger's.
///
/// It holds what is not yet a whole frame, which is at most one frame of the keep limit and what came
/// with it in one read.
struct ChirpDecoder: Sendable {
    /// The longest header of which more than the length is looked at when its frame is cut.
    private static let longestCutHeader = 16

    /// Header and data of one message together, in bytes.
    let sizeLimit: Int
    /// Of a larger message the bytes are released as they come; its frame says that it is cut.
    let keepLimit: Int
    private(set) var hello: ChirpHello?
    private var bytes = ByteBuffer()
    /// A frame that is cut, and how many bytes of it are still to come.
    private var cut: (frame: ChirpFrame, rest: Int)?

    init(sizeLimit: Int, keepLimit: Int = .max) {
        (self.sizeLimit, self.keepLimit) = (sizeLimit, min(keepLimit, sizeLimit))
    }

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
        precondition(hello != nil, "hello must come before all frames")
        if cut != nil { return skip() }
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
                .tooLarge, "a message of \(length) bytes; the limit is \(sizeLimit)")
        }
        if !kind.isDisjoint(with: [.acknowledgement, .probe]) {
            guard length == 0, !kind.contains(.wantsAcknowledgement) else {
                throw PeerError(
                    .malformed,
                    "an acknowledgement or probe of type \(type) with \(length) bytes; "
                        + "it must be bare")
            }
        }
        if length > Int64(keepLimit) {
            let isShort = Int(headerLength) <= Self.longestCutHeader
            guard let header = rest.readSlice(length: isShort ? Int(headerLength) : 0) else {
                return nil
            }
            var frame = ChirpFrame(
                identity: ChirpIdentity(high: high, low: low), serial: serial, kind: kind,
                // The bytes around it are not to be kept for it.
                header: ByteBuffer(bytes: header.readableBytesView))
            frame.isCut = true
            cut = (frame, Int(length) - header.readableBytes)
            bytes = rest
            return skip()
        }
        guard let header = rest.readSlice(length: Int(headerLength)),
            let data = rest.readSlice(length: Int(dataLength))
        else { return nil }
        bytes = rest
        return ChirpFrame(
            identity: ChirpIdentity(high: high, low: low), serial: serial, kind: kind,
            header: header, data: data)
    }

    /// Releases what came of a frame that is cut.
    /// - Returns: The frame once all of it has come.
    private mutating func skip() -> ChirpFrame? {
        guard let (frame, rest) = cut else { return nil }
        let count = min(rest, bytes.readableBytes)
        bytes.moveReaderIndex(forwardBy: count)
        guard count == rest else {
            // Not even the memory is kept.
            (cut, bytes) = ((frame, rest - count), ByteBuffer())
            return nil
        }
        cut = nil
        return frame
    }
}
