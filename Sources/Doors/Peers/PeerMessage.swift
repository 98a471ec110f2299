import NIOCore

/// One message as it came or as it goes.
public struct PeerMessage: Hashable, Sendable {
    /// An answer bears its question's.
    public let identity: ChirpIdentity
    /// Words of the layer above; empty in plain chirp.
    public let header: ByteBuffer
    public let data: ByteBuffer
    /// Whether it was too long to be kept, so that the data is missing.
    let isCut: Bool

    public init(identity: ChirpIdentity, header: ByteBuffer = ByteBuffer(), data: ByteBuffer) {
        self.init(identity: identity, header: header, data: data, isCut: false)
    }

    init(identity: ChirpIdentity, header: ByteBuffer, data: ByteBuffer, isCut: Bool) {
        (self.identity, self.header, self.data, self.isCut) = (identity, header, data, isCut)
    }

    /// Bytes of header and data.
    var size: Int { header.readableBytes + data.readableBytes }
}
