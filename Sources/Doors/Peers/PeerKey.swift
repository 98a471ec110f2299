import CCrypto

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
        try self.init(
            name: name, from: "19700101000000Z", to: "99991231235959Z", using: &generator)
    }

    /// - Parameters:
    ///   - first: When it may be used first, as YYYYMMDDhhmmssZ.
    ///   - last: When it may be used last.
    init(
        name: String, from first: String, to last: String,
        using generator: inout some RandomNumberGenerator
    ) throws(PeerError) {
        precondition(PeerList.isName(name), "a peer's name is checked before")
        // A serial number is positive and has at most 20 bytes (RFC 5280, 4.1.2.2).
        let serial =
            [0x01] + (0..<15).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let made = try SelfSigned(name: name, serial: serial, from: first, to: last)
        certificate = try made.certificatePem()
        secret = try certificate + made.keyPem()
        fingerprint = Fingerprint(certificate: try made.der())
    }
}

/// A P-256 key and its certificate, signed with ECDSA and SHA-256.
///
/// Source: RFC 5280, 4.1 and 4.2.1.6. It is valid for as long as it is on a list: from the first second that
/// clocks count, because boards start without knowing the date, to the end that means no end (4.1.2.5).
@safe private final class SelfSigned {
    private let key: OpaquePointer
    private let certificate: OpaquePointer

    init(name: String, serial: [UInt8], from first: String, to last: String) throws(PeerError) {
        // Sound: both are this value's alone and freed with it.
        guard let key = unsafe tidegate_make_p256() else { throw PeerError.crypto("make a key") }
        guard let certificate = unsafe X509_new() else {
            unsafe EVP_PKEY_free(key)
            throw PeerError.crypto("make a certificate")
        }
        unsafe (self.key, self.certificate) = (key, certificate)
        try fill(name: name, serial: serial, from: first, to: last)
        // Sound: as above. It answers with the signature's length, 0 when it failed.
        guard unsafe X509_sign(certificate, key, EVP_sha256()) > 0 else {
            throw PeerError.crypto("sign a certificate")
        }
    }

    deinit {
        // Sound: nobody else has them.
        unsafe X509_free(certificate)
        unsafe EVP_PKEY_free(key)
    }

    private func fill(
        name: String, serial: [UInt8], from first: String, to last: String
    ) throws(PeerError) {
        // Sound: the parts that are got belong to the certificate; those that are made are copied into it
        // and freed here.
        let number = unsafe BN_bin2bn(serial, Int32(serial.count), nil)
        defer { unsafe BN_free(number) }
        let extent = unsafe X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "DNS:\(name)")
        defer { unsafe X509_EXTENSION_free(extent) }
        let subject = unsafe X509_get_subject_name(certificate)
        // Version 3 is written as 2.
        let isFilled =
            unsafe X509_set_version(certificate, 2) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
            && X509_NAME_add_entry_by_NID(
                subject, NID_commonName, MBSTRING_UTF8, name, -1, -1, 0) == 1
            && X509_set_issuer_name(certificate, subject) == 1
            && ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), first) == 1
            && ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), last) == 1
            && X509_set_pubkey(certificate, key) == 1
            && X509_add_ext(certificate, extent, -1) == 1
        guard isFilled else { throw PeerError.crypto("fill a certificate") }
    }

    func certificatePem() throws(PeerError) -> String {
        // Sound: `written` hands on memory that lives for the call.
        try unsafe String(
            decoding: written { unsafe PEM_write_bio_X509($0, certificate) }, as: UTF8.self)
    }

    func keyPem() throws(PeerError) -> String {
        // Sound: as above.
        let text = try unsafe written {
            unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil)
        }
        return String(decoding: text, as: UTF8.self)
    }

    func der() throws(PeerError) -> [UInt8] {
        // Sound: as above.
        try unsafe written { unsafe i2d_X509_bio($0, certificate) }
    }

    /// What `write` writes, which answers 1 when it could.
    private func written(_ write: (OpaquePointer) -> Int32) throws(PeerError) -> [UInt8] {
        // Sound: the memory is freed here; the buffer lives for the call and is as long as it says.
        guard let memory = unsafe BIO_new(BIO_s_mem()) else {
            throw PeerError.crypto("have memory")
        }
        defer { unsafe BIO_free_all(memory) }
        guard unsafe write(memory) == 1 else { throw PeerError.crypto("write a key") }
        let count = unsafe BIO_ctrl_pending(memory)
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            unsafe filled = max(0, Int(BIO_read(memory, buffer.baseAddress, Int32(count))))
        }
    }
}

extension PeerError {
    /// What libcrypto says of its last failure.
    fileprivate static func crypto(_ wanted: String) -> PeerError {
        var text = [CChar](repeating: 0, count: 256)
        // Sound: the text lives for the call and is as long as it says.
        unsafe ERR_error_string_n(ERR_get_error(), &text, text.count)
        let reason = String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return PeerError(.setting, "libcrypto cannot \(wanted): \(reason)")
    }
}
