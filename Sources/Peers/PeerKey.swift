import Crypto
import SwiftASN1

/// A new key pair with a certificate that stands for itself.
public struct PeerKey: Sendable {
    /// The certificate in PEM, to give to others.
    public let certificate: String
    /// Certificate and key in PEM, to keep.
    public let secret: String
    public let fingerprint: Fingerprint

    /// - Parameters:
    ///   - name: The subject and the DNS name in the certificate.
    ///   - generator: The system's chance, for the serial number. The key takes its own.
    public init(
        name: String, using generator: inout some RandomNumberGenerator
    ) throws(PeerError) {
        precondition(PeerList.isName(name), "a peer's name is checked before")
        do {
            let key = P256.Signing.PrivateKey()
            let body = Body(
                name: name, publicKey: Array(key.publicKey.derRepresentation),
                // A serial number is positive and has at most 20 bytes.
                serial: [0x01]
                    + (0..<15).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
            var signed = DER.Serializer()
            try body.serialize(into: &signed)
            let signature = try key.signature(for: signed.serializedBytes)
            var whole = DER.Serializer()
            try whole.appendConstructedNode(identifier: .sequence) { whole in
                whole.serializeRawBytes(signed.serializedBytes)
                try Body.algorithm(into: &whole)
                try whole.serialize(
                    ASN1BitString(bytes: ArraySlice(signature.derRepresentation)))
            }
            let der = whole.serializedBytes
            certificate = PEMDocument(type: "CERTIFICATE", derBytes: der).pemString + "\n"
            secret = certificate + key.pemRepresentation + "\n"
            fingerprint = Fingerprint(certificate: der)
        } catch {
            throw PeerError(.setting, "a key cannot be made: \(error)")
        }
    }
}

/// What is signed in a certificate.
///
/// Source: RFC 5280, 4.1 and 4.2.1.6; RFC 5758, 3.2. It is valid for as long as it is on a list, because
/// boards start without knowing the date (RFC 5280, 4.1.2.5 for the end that means no end).
private struct Body {
    let name: String
    let publicKey: [UInt8]
    let serial: [UInt8]

    static func algorithm(into der: inout DER.Serializer) throws {
        // ecdsa-with-SHA256
        let identifier: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]
        try der.appendConstructedNode(identifier: .sequence) { try $0.serialize(identifier) }
    }

    func serialize(into der: inout DER.Serializer) throws {
        try der.appendConstructedNode(identifier: .sequence) { der in
            // Version 3.
            try der.serialize(2, explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific)
            der.appendPrimitiveNode(identifier: .integer) { $0.append(contentsOf: serial) }
            try Self.algorithm(into: &der)
            try subject(into: &der)
            der.appendConstructedNode(identifier: .sequence) { der in
                der.appendPrimitiveNode(identifier: .utcTime) {
                    $0.append(contentsOf: "000101000000Z".utf8)
                }
                der.appendPrimitiveNode(identifier: .generalizedTime) {
                    $0.append(contentsOf: "99991231235959Z".utf8)
                }
            }
            try subject(into: &der)
            der.serializeRawBytes(publicKey)
            try extensions(into: &der)
        }
    }

    private func subject(into der: inout DER.Serializer) throws {
        let commonName: ASN1ObjectIdentifier = [2, 5, 4, 3]
        try der.appendConstructedNode(identifier: .sequence) { der in
            try der.appendConstructedNode(identifier: .set) { der in
                try der.appendConstructedNode(identifier: .sequence) { der in
                    try der.serialize(commonName)
                    try der.serialize(ASN1UTF8String(name))
                }
            }
        }
    }

    private func extensions(into der: inout DER.Serializer) throws {
        let alternativeName: ASN1ObjectIdentifier = [2, 5, 29, 17]
        var names = DER.Serializer()
        names.appendConstructedNode(identifier: .sequence) { names in
            let dnsName = ASN1Identifier(tagWithNumber: 2, tagClass: .contextSpecific)
            names.appendPrimitiveNode(identifier: dnsName) { $0.append(contentsOf: name.utf8) }
        }
        let tag = ASN1Identifier(tagWithNumber: 3, tagClass: .contextSpecific)
        try der.appendConstructedNode(identifier: tag) { der in
            try der.appendConstructedNode(identifier: .sequence) { der in
                try der.appendConstructedNode(identifier: .sequence) { der in
                    try der.serialize(alternativeName)
                    try der.serialize(
                        ASN1OctetString(contentBytes: ArraySlice(names.serializedBytes)))
                }
            }
        }
    }
}
