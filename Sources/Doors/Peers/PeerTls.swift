import NIOCore
import NIOSSL
import Vocabulary

/// TLS 1.3 in which both sides show a certificate that the other knows.
public struct PeerTls: Sendable {
    let server: NIOSSLContext
    let client: NIOSSLContext
    /// The list as it is now. Asked at each handshake and for each question, so
    /// that a peer is paired, and its rights end, without a restart.
    let list: @Sendable () -> PeerList
    /// Whether an authority vouches for certificates, or each stands for itself.
    let hasCa: Bool
    /// Our own.
    public let fingerprint: Fingerprint
    private let validity: PeerValidity

    /// - Parameters:
    ///   - pem: Our certificate, those between it and its authority, and our key, in PEM.
    ///   - authority: The authority's certificate in PEM, where there is one.
    /// - Throws: `.setting` when one of them cannot be used.
    public init(
        pem: [UInt8], ca: [UInt8]?, list: @escaping @Sendable () -> PeerList
    ) throws(PeerError) {
        self.list = list
        hasCa = ca != nil
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(pem)
            let key = try NIOSSLPrivateKey(bytes: pem, format: .pem)
            guard let own = chain.first else {
                throw PeerError(.setting, "holds no certificate")
            }
            fingerprint = Fingerprint(certificate: try own.toDERBytes())
            validity = PeerValidity(own)
            let roots = NIOSSLTrustRoots.certificates(
                try ca.map { try NIOSSLCertificate.fromPEMBytes($0) } ?? [])
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

    /// Who a certificate says its bearer is. Its names count only when its chain was checked, whatever
    /// the list says by now.
    func bearer(of certificate: NIOSSLCertificate) -> PeerBearer? {
        // A certificate that was just decoded from DER can be encoded again.
        guard let der = try? certificate.toDERBytes() else { return nil }
        return PeerBearer(
            fingerprint: Fingerprint(certificate: der),
            names: hasCa ? certificate.dnsNames : [], validity: PeerValidity(certificate))
    }

    /// Why our own certificate may not be used now; nil when it may.
    public func problem(on clock: any GatewayClock) -> String? { validity.problem(on: clock) }

    /// The entry on the list as it is now; nil for a stranger.
    func entry(of bearer: PeerBearer) -> PeerList.Entry? {
        list().entry(bearer.fingerprint, names: bearer.names)
    }

    /// The handler of one connection.
    ///
    /// - Parameters:
    ///   - clock: Says whether a certificate is valid now. Where an authority vouches, the system's does.
    ///   - refused: Informed of a stranger, and of a peer whose certificate is not valid and why, before TLS
    ///     turns it away.
    func handler(
        isServer: Bool, clock: any GatewayClock,
        refused: @escaping @Sendable (PeerBearer, String?) -> Void
    ) throws -> NIOSSLHandler {
        if hasCa {
            return isServer
                ? NIOSSLServerHandler(context: server)
                : try NIOSSLClientHandler(context: client, serverHostname: nil)
        }
        let check: NIOSSLCustomVerificationCallback = { certificates, promise in
            guard let bearer = certificates.first.flatMap(bearer(of:)) else {
                return promise.succeed(.failed)
            }
            let problem = bearer.validity.problem(on: clock)
            let isTaken = entry(of: bearer) != nil && problem == nil
            if !isTaken { refused(bearer, entry(of: bearer) == nil ? nil : problem) }
            promise.succeed(isTaken ? .certificateVerified : .failed)
        }
        return isServer
            ? NIOSSLServerHandler(context: server, customVerificationCallback: check)
            : try NIOSSLClientHandler(
                context: client, serverHostname: nil, customVerificationCallback: check)
    }
}

/// What the certificate of one connection says.
struct PeerBearer: Hashable, Sendable {
    let fingerprint: Fingerprint
    /// The DNS names that an authority has signed.
    let names: [String]
    let validity: PeerValidity
}

extension NIOSSLCertificate {
    /// The DNS names among its alternative names.
    fileprivate var dnsNames: [String] {
        _subjectAlternativeNames().compactMap { name in
            name.nameType == .dnsName ? String(decoding: name.contents, as: UTF8.self) : nil
        }
    }
}
