import CCrypto
import Glibc
import Vocabulary

/// TLS over a connection to a broker, by OpenSSL. It has one owner and does not block.
///
/// The broker is trusted when its certificate comes from the authority, is valid now, and is for the host
/// that was asked for: the name, whatever the address at which it was reached.
@safe final class TlsStream {
    private let context: TlsContext
    private let session: OpaquePointer
    private let address: BrokerAddress
    /// Whether the host is an address and no name.
    private let isNumeric: Bool
    private var isUp = false
    /// What was wrong with a certificate of the broker's; nil while nothing was.
    private var doubt: CertificateDoubt?

    /// - Parameters:
    ///   - socket: Connected; it is not closed with this value.
    ///   - address: What was asked for.
    /// - Throws: `.notConnected` when OpenSSL has no memory.
    init(_ context: TlsContext, to address: BrokerAddress, over socket: Int32) throws(UpstreamError)
    {
        (self.context, self.address) = (context, address)
        var room = in6_addr()
        // Sound: both calls write no more than an address of their kind.
        isNumeric = [AF_INET, AF_INET6].contains { family in
            unsafe inet_pton(family, address.host, &room) == 1
        }
        // Sound, here and below: the session is freed with this value alone, which outlives the callbacks,
        // because they come out of its own calls; what the library is lent it copies.
        guard let made = unsafe SSL_new(context.pointer) else {
            throw UpstreamError(kind: .notConnected, detail: "tls: \(tlsComplaints())")
        }
        unsafe session = made
        unsafe SSL_set_fd(made, socket)
        unsafe SSL_set_ex_data(made, 0, Unmanaged.passUnretained(self).toOpaque())
        unsafe SSL_set_verify(made, SSL_VERIFY_PEER) { isGood, store in
            if isGood == 0 { unsafe TlsStream.note(store) }
            return isGood
        }
        if !isNumeric { unsafe tidegate_tls_ask_for(made, address.host) }
        unsafe SSL_set_connect_state(made)
    }

    deinit {
        // Sound: this value owns the session.
        unsafe SSL_free(session)
    }

    /// Goes on with the handshake.
    ///
    /// - Returns: `.bytes(0)` when it is done and the broker is trusted.
    func shake() -> StreamOutcome {
        ERR_clear_error()
        errno = 0
        let status = unsafe SSL_do_handshake(session)
        guard status == 1 else { return outcome(status) }
        guard isForHost else {
            return .failed("the broker's certificate is not for \(address.host)")
        }
        isUp = true
        return .bytes(0)
    }

    /// Sound for `bytes` that live through the call.
    @unsafe func read(into bytes: UnsafeMutableRawBufferPointer) -> StreamOutcome {
        ERR_clear_error()
        errno = 0
        return outcome(unsafe SSL_read(session, bytes.baseAddress, Int32(clamping: bytes.count)))
    }

    /// Sound for `bytes` that live through the call.
    @unsafe func write(_ bytes: UnsafeRawBufferPointer) -> StreamOutcome {
        ERR_clear_error()
        errno = 0
        return outcome(unsafe SSL_write(session, bytes.baseAddress, Int32(clamping: bytes.count)))
    }

    /// Signals to the broker that nothing more comes, as far as that can be written at once.
    func disconnect() {
        guard isUp else { return }
        isUp = false
        ERR_clear_error()
        unsafe SSL_shutdown(session)
    }

    /// To be asked right after the call that answered `status`.
    private func outcome(_ status: Int32) -> StreamOutcome {
        guard status <= 0 else { return .bytes(Int(status)) }
        let number = errno
        switch unsafe SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ: return .awaits(Int16(POLLIN))
        case SSL_ERROR_WANT_WRITE: return .awaits(Int16(POLLOUT))
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL:
            isUp = false
            return [0, ECONNRESET, EPIPE].contains(number)
                ? .closed : .failed("the connection broke: \(errorDescription(number))")
        default:
            isUp = false
            let complaints = tlsComplaints()
            return complaints.contains("unexpected eof") ? .closed : .failed(words(for: complaints))
        }
    }

    private func words(for complaints: String) -> String {
        let words =
            if let doubt {
                doubt.words(from: context.files.ca ?? "/etc/ssl/certs")
            } else if complaints.contains("alert certificate required")
                || complaints.contains("alert handshake failure")
            {
                "the broker requires a client certificate; set certificate and key"
            } else if complaints.contains("alert unknown ca")
                || complaints.contains("alert bad certificate")
                || complaints.contains("alert certificate expired")
            {
                "the broker does not accept the client certificate "
                    + (context.files.certificate ?? "")
            } else if complaints.contains("wrong version number") {
                "no TLS on the broker's port \(address.port)"
            } else {
                "the TLS connection failed"
            }
        return "\(words) (\(complaints))"
    }

    /// Whether the broker's certificate is for the host. An address may stand where a name belongs, as it
    /// does in many a certificate that was made at home.
    private var isForHost: Bool {
        guard let certificate = unsafe SSL_get0_peer_certificate(session) else { return false }
        // Sound: the session holds the certificate, and the calls read the text only.
        if isNumeric, unsafe X509_check_ip_asc(certificate, address.host, 0) == 1 {
            return true
        }
        return unsafe X509_check_host(certificate, address.host, 0, 0, nil) == 1
    }

    /// Keeps why a certificate is not trusted.
    ///
    /// Sound for the store that OpenSSL lends a callback of a session that `init` made.
    @unsafe private static func note(_ store: OpaquePointer?) {
        let index = SSL_get_ex_data_X509_STORE_CTX_idx()
        guard let session = unsafe X509_STORE_CTX_get_ex_data(store, index),
            let owner = unsafe SSL_get_ex_data(OpaquePointer(session), 0)
        else { return }
        let stream = unsafe Unmanaged<TlsStream>.fromOpaque(owner).takeUnretainedValue()
        stream.doubt = unsafe stream.doubt ?? CertificateDoubt(store)
    }
}
