import CCrypto
import NIOSSL
import Vocabulary

/// The SHA-256 of a certificate: who a peer is, short enough to read out.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// Reads 64 hexadecimal digits; blanks, colons and hyphens between them do not count.
    public init?(_ text: String) {
        guard let bytes = [UInt8](hex: text.filter { !" :-\t".contains($0) }), bytes.count == 32
        else { return nil }
        self.bytes = bytes
    }

    /// - Parameter certificate: In DER, as it goes over the wire.
    public init(certificate: [UInt8]) {
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        // Sound: both live for the call; a SHA-256 fills all of `digest`.
        _ = unsafe SHA256(certificate, certificate.count, &digest)
        bytes = digest
    }

    /// The certificates of a PEM file's text.
    /// - Returns: Nil when there is none, or one that cannot be read.
    public init?(pem: [UInt8]) {
        // No certificate is an answer that the caller words better than the library does.
        guard let first = try? NIOSSLCertificate.fromPEMBytes(pem).first,
            let der = try? first.toDERBytes()
        else { return nil }
        self.init(certificate: der)
    }

    /// Sixteen groups of four digits: `3f2a 91c0 …`.
    public var description: String {
        stride(from: 0, to: bytes.count, by: 2)
            .map { bytes[$0].hex + bytes[$0 + 1].hex }.joined(separator: " ")
    }
}
