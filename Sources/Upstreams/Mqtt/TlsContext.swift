import CCrypto
import Glibc
import Vocabulary

/// The files of a TLS connection, read. For one connection, so that files that were renewed count.
@safe final class TlsContext {
    let files: MqttTls
    /// For as long as this value lives.
    let pointer: OpaquePointer

    /// - Throws: `.badMessage` for files that cannot be used, naming the one at fault.
    init(_ files: MqttTls) throws(UpstreamError) {
        self.files = files
        ERR_clear_error()
        // Sound, here and below: the context is freed with this value alone, and the library copies what it
        // is lent.
        guard let made = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw UpstreamError(kind: .badMessage, detail: "tls: \(tlsComplaints())")
        }
        unsafe pointer = made
        unsafe tidegate_tls_settle(made)
        // A file with a pass phrase is refused instead of asked for on the terminal.
        unsafe SSL_CTX_set_default_passwd_cb(made) { _, _, _, _ in 0 }
        guard (files.certificate == nil) == (files.key == nil) else {
            throw UpstreamError(
                kind: .badMessage, detail: "tls: certificate and key must be given together")
        }
        if let ca = files.ca {
            try load(ca, "a certificate") { unsafe SSL_CTX_load_verify_file(made, $0) }
        } else {
            unsafe SSL_CTX_set_default_verify_paths(made)
        }
        if let certificate = files.certificate, let key = files.key {
            try load(certificate, "a certificate") {
                unsafe SSL_CTX_use_certificate_chain_file(made, $0)
            }
            try load(key, "the certificate's key without a pass phrase") {
                unsafe SSL_CTX_use_PrivateKey_file(made, $0, SSL_FILETYPE_PEM)
            }
        }
    }

    deinit {
        // Sound: this value owns the context.
        unsafe SSL_CTX_free(pointer)
    }

    private func load(
        _ file: String, _ what: String, _ read: (String) -> Int32
    ) throws(UpstreamError) {
        // Sound: the call reads the path only.
        guard unsafe access(file, R_OK) == 0 else {
            throw UpstreamError(
                kind: .badMessage, detail: "tls file \(file): \(errorDescription(errno))")
        }
        var status = stat()
        // Sound: the call fills in `status`. A pipe or device may never answer, and OpenSSL waits for it.
        guard unsafe stat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw UpstreamError(
                kind: .badMessage,
                detail: "tls file \(file): is a folder, a pipe or a device; must be a file")
        }
        guard read(file) == 1 else {
            throw UpstreamError(
                kind: .badMessage,
                detail: "tls file \(file): must hold \(what) in PEM (\(tlsComplaints()))")
        }
    }
}

/// What OpenSSL complained of on this thread since it was asked last; empty when it did not.
func tlsComplaints() -> String {
    var complaints: [String] = []
    var text = [CChar](repeating: 0, count: 256)
    while true {
        // Sound: the call writes no more than it is given, with a zero at the end.
        let number = ERR_get_error()
        guard number != 0 else { return complaints.joined(separator: "; ") }
        unsafe ERR_error_string_n(number, &text, text.count)
        // A few lines are enough to see what is wrong.
        guard complaints.count < 8 else { continue }
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        complaints.append(String(decoding: bytes, as: UTF8.self))
    }
}
