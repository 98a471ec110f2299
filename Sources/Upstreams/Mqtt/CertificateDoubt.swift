import CCrypto
import Glibc

/// Why a certificate is not trusted.
struct CertificateDoubt {
    private let code: Int
    private let holder: String
    private let start: String
    private let end: String

    /// Sound for the store that OpenSSL lends its callback.
    @unsafe init(_ store: OpaquePointer?) {
        code = Int(unsafe X509_STORE_CTX_get_error(store))
        let certificate = unsafe X509_STORE_CTX_get_current_cert(store)
        holder =
            unsafe X509_STORE_CTX_get_error_depth(store) == 0
            ? "the broker's certificate" : "the certificate of the broker's CA"
        start = unsafe Self.date(X509_get0_notBefore(certificate))
        end = unsafe Self.date(X509_get0_notAfter(certificate))
    }

    /// - Parameter authority: The file or folder of those that are trusted.
    func words(from ca: String) -> String {
        switch Int32(code) {
        case X509_V_ERR_CERT_NOT_YET_VALID:
            "\(holder) is not valid before \(start); check this machine's clock"
        case X509_V_ERR_CERT_HAS_EXPIRED: "\(holder) has expired on \(end)"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            "the broker's certificate is not from the CA in \(ca)"
        default: "\(holder) is not trusted: \(reason)"
        }
    }

    private var reason: String {
        // Sound: the call answers a constant.
        unsafe String(cString: X509_verify_cert_error_string(code))
    }

    /// Sound for a time of a living certificate; empty without one.
    @unsafe private static func date(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        guard unsafe time != nil, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return "" }
        let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        return "\(year)" + [month, day].map { $0 < 10 ? "-0\($0)" : "-\($0)" }.joined()
    }
}
