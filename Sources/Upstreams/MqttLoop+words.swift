import Threads
import CMosquitto
import Glibc
import Vocabulary

// Why things went wrong, in words that a person can act on.
extension MqttLoop {
    func words(_ reason: MqttReason, _ properties: ReceivedProperties) -> String {
        properties.reason.map { "\(reason) (the broker says: \($0.printable(limit: 300)))" } ?? "\(reason)"
    }

    /// Why no connection was begun. To be asked right after the call that answered `status`.
    func words(forConnect status: Int32) -> String {
        let number = errno
        if let words = tlsWords(number) { return words }
        switch mosq_err_t(rawValue: status) {
        case MOSQ_ERR_EAI:
            // Sound: gai_strerror answers a constant; the library leaves its number in errno.
            let words = unsafe String(cString: gai_strerror(number))
            return "the name \(settings.broker.host) is not known here (\(words))"
        case MOSQ_ERR_ERRNO: return errorWords(number)
        default: return libraryWords(status)
        }
    }

    /// Why the connection ended. To be asked right after the call that answered `status`.
    func words(for status: Int32) -> String {
        let number = errno
        if status >= 128 { return "\(MqttReason(status))" }
        if let words = tlsWords(number) { return words }
        switch mosq_err_t(rawValue: status) {
        case MOSQ_ERR_SUCCESS, MOSQ_ERR_CONN_LOST: return "the broker closed the connection"
        case MOSQ_ERR_KEEPALIVE: return "the broker has not answered for the keep-alive time"
        case MOSQ_ERR_ERRNO:
            return number == 0
                ? "the connection broke" : "the connection broke: \(errorWords(number))"
        default: return libraryWords(status)
        }
    }

    /// What to look at when a connection for TLS is closed before anything was said.
    var tlsHint: String {
        settings.broker.usesTls
            ? "; check that the broker speaks TLS on port \(settings.broker.port)" : ""
    }

    /// What OpenSSL complained of; nil when it did not.
    private func tlsWords(_ number: Int32) -> String? {
        guard settings.broker.usesTls else { return nil }
        guard !complaints.isEmpty else {
            // The broker hung up after its half of the handshake, and its reason is lost.
            guard number == EPROTO, !isLoggedIn else { return nil }
            return "the broker hung up after the TLS handshake; it may "
                + (settings.tls?.certificate.map { "not accept the client certificate \($0)" }
                    ?? "ask for a client certificate")
        }
        let text = complaints.joined(separator: "; ")
        let hint =
            if text.contains("host name verification") {
                "the broker's certificate is not for \(settings.broker.host)"
            } else if text.contains("certificate verify failed") {
                "the broker's certificate is not from the authority in "
                    + "\(settings.tls?.authority ?? "/etc/ssl/certs"), has expired, or is not for "
                    + settings.broker.host
            } else if text.contains("alert certificate required")
                || text.contains("alert handshake failure")
            {
                "the broker asks for a client certificate; name certificate and key"
            } else if text.contains("alert unknown ca") || text.contains("alert bad certificate") {
                "the broker does not accept the client certificate "
                    + (settings.tls?.certificate ?? "")
            } else if text.contains("wrong version number") {
                "the broker does not speak TLS on port \(settings.broker.port)"
            } else {
                "the TLS connection failed"
            }
        return "\(hint) (\(text))"
    }
}
