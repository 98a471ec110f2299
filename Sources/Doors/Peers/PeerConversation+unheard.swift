import Vocabulary

// What it means when nothing comes from the other side, or not in chirp's words: it may speak TLS where we do not.
extension PeerConversation {
    /// Why nothing that comes will ever be understood; nil when it may be.
    var misfit: PeerError? {
        guard hello == nil, isPlain, TlsRecord(held) == .clientHello else { return nil }
        return PeerError(
            .malformed, "the peer speaks TLS and this port does not; ask without --tls")
    }

    /// What the requester is answered when the connection has ended with `error`.
    ///
    /// - Returns: `error` itself once the other side has said hello.
    func cause(_ error: PeerError?) -> PeerError? {
        guard hello == nil, isDialled else { return error }
        if isPlain, TlsRecord(held) == .alert {
            return PeerError(
                .notTrusted,
                "the peer speaks TLS and this side does not; pair both (peer pair) and use --tls")
        }
        let hint = isPlain ? "; if the peer speaks TLS, use --tls" : ""
        let error = error ?? PeerError(.lost, "the peer closed the connection")
        switch error.kind {
        case .lost:
            return PeerError(.lost, "\(error.detail) before its hello\(hint)")
        case .malformed, .timedOut: return PeerError(error.kind, error.detail + hint)
        default: return error
        }
    }
}
