import NIOCore
import NIOSSL

/// TLS 1.3 in which both sides show a certificate that the other knows.
public struct PeerTls: Sendable {
    let server: NIOSSLContext
    let client: NIOSSLContext
    /// The list as it is now. Asked at each handshake, so that a peer is paired without a restart.
    let list: @Sendable () -> PeerList
    /// Whether an authority vouches for certificates, or each stands for itself.
    let hasAuthority: Bool
    /// Our own.
    public let fingerprint: Fingerprint

    /// - Parameters:
    ///   - pem: Our certificate, those between it and its authority, and our key, in PEM.
    ///   - authority: The authority's certificate in PEM, where there is one.
    /// - Throws: `.setting` when one of them cannot be used.
    public init(
        pem: [UInt8], authority: [UInt8]?, list: @escaping @Sendable () -> PeerList
    ) throws(PeerError) {
        self.list = list
        hasAuthority = authority != nil
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(pem)
            let key = try NIOSSLPrivateKey(bytes: pem, format: .pem)
            guard let own = chain.first else {
                throw PeerError(.setting, "holds no certificate")
            }
            fingerprint = Fingerprint(certificate: try own.toDERBytes())
            let roots = NIOSSLTrustRoots.certificates(
                try authority.map { try NIOSSLCertificate.fromPEMBytes($0) } ?? [])
            let sources = chain.map { NIOSSLCertificateSource.certificate($0) }
            var server = TLSConfiguration.makeServerConfigurationWithMTLS(
                certificateChain: sources, privateKey: .privateKey(key), trustRoots: roots)
            server.certificateVerification = .noHostnameVerification
            server.minimumTLSVersion = .tlsv13
            self.server = try NIOSSLContext(configuration: server)
            var client = TLSConfiguration.makeClientConfiguration()
            client.certificateChain = sources
            client.privateKey = .privateKey(key)
            client.trustRoots = roots
            // Peers are known by their certificate, not by where they are.
            client.certificateVerification = .noHostnameVerification
            client.minimumTLSVersion = .tlsv13
            self.client = try NIOSSLContext(configuration: client)
        } catch let error as PeerError {
            throw error
        } catch {
            throw PeerError(
                .setting, "must hold a certificate and its key in PEM, as peer keygen makes them")
        }
    }

    /// The entry of a peer's certificate; nil for a stranger.
    func entry(of certificate: NIOSSLCertificate) -> (PeerList.Entry?, Fingerprint)? {
        // A certificate that was just decoded from DER can be encoded again.
        guard let der = try? certificate.toDERBytes() else { return nil }
        let fingerprint = Fingerprint(certificate: der)
        return (list().entry(fingerprint, names: certificate.dnsNames), fingerprint)
    }

    /// The handler of one connection.
    ///
    /// - Parameter refused: Told of a stranger before TLS turns it away.
    func handler(
        isServer: Bool, refused: @escaping @Sendable (Fingerprint) -> Void
    ) throws -> NIOSSLHandler {
        if hasAuthority {
            return isServer
                ? NIOSSLServerHandler(context: server)
                : try NIOSSLClientHandler(context: client, serverHostname: nil)
        }
        let check: NIOSSLCustomVerificationCallback = { certificates, promise in
            guard let first = certificates.first, let (entry, fingerprint) = entry(of: first)
            else { return promise.succeed(.failed) }
            if entry == nil { refused(fingerprint) }
            promise.succeed(entry == nil ? .failed : .certificateVerified)
        }
        return isServer
            ? NIOSSLServerHandler(context: server, customVerificationCallback: check)
            : try NIOSSLClientHandler(
                context: client, serverHostname: nil, customVerificationCallback: check)
    }
}

extension NIOSSLCertificate {
    /// The DNS names among its alternative names.
    fileprivate var dnsNames: [String] {
        _subjectAlternativeNames().compactMap { name in
            name.nameType == .dnsName ? String(decoding: name.contents, as: UTF8.self) : nil
        }
    }
}
