import NIOCore
import NIOPosix
import NIOSSL
import Vocabulary

// What errors of sockets and of TLS mean to people.
extension PeerError {
    /// What an error of the event loop or of TLS means to the requester.
    ///
    /// - Parameter remote: Where we dialled; nil when the other side did.
    init(
        connection error: any Error, to remote: PeerAddress?, tls: PeerTls? = nil,
        clock: (any GatewayClock)? = nil
    ) {
        switch error {
        case let error as PeerError: self = error
        case is NIOSSLError, is BoringSSLError:
            let ownProblem = clock.flatMap { tls?.problem(on: $0) }.map { "; ours \($0)" } ?? ""
            let words = PeerError.words(
                ofTls: error, to: remote, hasCa: tls?.hasCa == true, ownProblem)
            self.init(.notTrusted, "TLS handshake failed: \(words)")
        case let error as IOError where error.errnoCode == 104 || error.errnoCode == 32:
            self.init(.lost, "the peer dropped the connection")
        // Source: errno(3), ENETUNREACH, ETIMEDOUT and EHOSTUNREACH; see PeerNode.keepAlive.
        case let error as IOError where [101, 110, 113].contains(error.errnoCode):
            self.init(.lost, "nothing received for some seconds")
        case is ChannelError: self.init(.lost, "the connection ended")
        default: self.init(.lost, "\(error)")
        }
    }

    /// What a person can do about an error of TLS, where that is known.
    private static func words(
        ofTls error: any Error, to remote: PeerAddress?, hasCa: Bool, _ ownProblem: String
    ) -> String {
        let text = "\(error)"
        // The reason alone; around it stand numbers and places in BoringSSL.
        let parts = text.split(separator: "OPENSSL_internal:", maxSplits: 1)
        let reason = parts.count == 2 ? parts[1].prefix { !$0.isWhitespace } : text[...]
        let advice =
            switch remote?.isLoopback {
            case nil: "pair both sides (peer pair), then ask with --tls"
            case true?: "ask without --tls"
            case false?: "over the network --tls is required"
            }
        if strayWords.contains(where: reason.contains) {
            return "the peer does not speak TLS; \(advice)"
        }
        // A hello of chirp may look like the beginning of a record, whose rest then never comes.
        if reason.contains("EOF during handshake") {
            return "the peer aborted the handshake; if it does not speak TLS, \(advice)"
        }
        guard reason.contains("CERTIFICATE") || reason.contains("UNKNOWN_CA") else {
            return String(reason)
        }
        if reason.contains("ALERT") {
            return "the peer does not accept our certificate; pair there\(ownProblem)"
        }
        return hasCa
            ? "its certificate is not from our certificate authority, or not valid now"
            : "its certificate is not on our list; pair here"
    }

    /// What BoringSSL says of first bytes that are no TLS; of which, depends on the port in chirp's hello.
    private static let strayWords = [
        "WRONG_VERSION_NUMBER", "UNEXPECTED_RECORD", "BAD_ALERT", "HTTP_REQUEST",
        "HTTPS_PROXY_REQUEST", "ENCRYPTED_LENGTH_TOO_LONG",
    ]

    /// What keeps a port from being listened on, and what to do about it.
    static func words(ofListening error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        // Source: errno(3), EACCES, EADDRINUSE and EADDRNOTAVAIL.
        return switch error.errnoCode {
        case 13: "permission denied; ports below 1024 need root"
        case 98: "port in use; ss -ltnp shows by which program"
        case 99: "not an address of this machine"
        default: error.description
        }
    }

    /// What an error of a dial means to the requester.
    init(dialling error: any Error) {
        switch error {
        case let error as PeerError: self = error
        case let error as NIOConnectionError:
            if error.dnsAError != nil, error.dnsAAAAError != nil {
                self.init(.unreachable, "no such host")
            } else if let first = error.connectionErrors.first {
                self.init(dialling: first.error)
            } else {
                self.init(.unreachable, "unreachable")
            }
        case let error as IOError where error.errnoCode == 111:
            self.init(.unreachable, "connection refused")
        case let error as IOError where error.errnoCode == 110:
            self.init(.unreachable, "connection timed out")
        case let error as IOError: self.init(.unreachable, "\(error.description)")
        case ChannelError.connectTimeout:
            self.init(.unreachable, "connection timed out")
        case is NIOSSLError: self.init(connection: error, to: nil)
        default: self.init(.unreachable, "\(error)")
        }
    }
}
