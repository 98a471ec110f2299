import NIOCore

/// One message as it came or as it goes.
public struct PeerMessage: Hashable, Sendable {
    /// An answer bears its question's.
    public let identity: ChirpIdentity
    /// Words of the layer above; empty in plain chirp.
    public let header: ByteBuffer
    public let data: ByteBuffer

    public init(identity: ChirpIdentity, header: ByteBuffer = ByteBuffer(), data: ByteBuffer) {
        (self.identity, self.header, self.data) = (identity, header, data)
    }

    /// Bytes of header and data.
    var size: Int { header.readableBytes + data.readableBytes }
}
