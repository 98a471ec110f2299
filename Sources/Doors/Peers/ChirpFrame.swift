import NIOCore

/// The first thing that each side says: 18 bytes.
///
/// Source: libchirp 1.2, on the wire: u16 public port, 16 bytes node identity, big endian.
public struct ChirpHello: Hashable, Sendable {
    /// Bytes on the wire.
    public static let size = 18

    /// The port that the speaker says it listens on. It proves nothing.
    public let port: UInt16
    public let node: ChirpIdentity

    public init(port: UInt16, node: ChirpIdentity) {
        self.port = port
        self.node = node
    }

    /// Appends the hello as it stands on the wire.
    public func write(to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(port, node.high, node.low)
    }
}

/// What stands in front of each message: 27 bytes, then the header bytes, then the data.
///
/// Source: libchirp 1.2, on the wire: 16 bytes message identity, u32 serial, u32 data length, u16 header
/// length, u8 type; big endian.
public struct ChirpFrame: Hashable, Sendable {
    /// Bytes on the wire without header and data.
    public static let size = 27

    /// The type byte. Bits that nobody knows are ignored.
    public struct Kind: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The receiver owes an acknowledgement once it has released the message.
        public static let wantsAcknowledgement = Kind(rawValue: 1)
        /// Acknowledges the message that bears the same identity.
        public static let acknowledgement = Kind(rawValue: 2)
        /// Nothing but a heartbeat, so that a dying connection fails the probe and no message.
        public static let probe = Kind(rawValue: 4)
    }

    public var identity: ChirpIdentity
    /// The speaker's own counter of frames, from a random start, wrapping.
    public var serial: UInt32
    public var kind: Kind
    /// Words of the layer above; empty in plain chirp. At most 65,535 bytes.
    public var header: ByteBuffer
    public var data: ByteBuffer
    /// Whether it was too long to be kept: its data is missing, and its header when that was long, too.
    var isCut = false

    public init(
        identity: ChirpIdentity, serial: UInt32, kind: Kind, header: ByteBuffer = ByteBuffer(),
        data: ByteBuffer = ByteBuffer()
    ) {
        (self.identity, self.serial, self.kind) = (identity, serial, kind)
        (self.header, self.data) = (header, data)
    }

    /// Appends the frame as it stands on the wire.
    public func write(to buffer: inout ByteBuffer) {
        precondition(header.readableBytes <= UInt16.max, "a header has at most 65,535 bytes")
        precondition(data.readableBytes <= UInt32.max, "data has at most 4 GiB")
        buffer.writeMultipleIntegers(
            identity.high, identity.low, serial, UInt32(data.readableBytes),
            UInt16(header.readableBytes), kind.rawValue)
        buffer.writeImmutableBuffer(header)
        buffer.writeImmutableBuffer(data)
    }
}
