import NIOSSL

/// The certificate that browsers are shown, and its key.
public struct WebTls: Sendable {
    private let context: NIOSSLContext

    /// - Parameters:
    ///   - certificate: The certificate and those between it and its authority, in PEM.
    ///   - key: In PEM.
    /// - Throws: When they are no such files, or do not belong together.
    public init(certificate: [UInt8], key: [UInt8]) throws(WebSecretProblem) {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(certificate)
            guard !chain.isEmpty else { throw WebSecretProblem("holds no certificate") }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            context = try NIOSSLContext(configuration: configuration)
        } catch let problem as WebSecretProblem {
            throw problem
        } catch {
            throw WebSecretProblem("must be a certificate and its key, each in PEM")
        }
    }

    var handler: NIOSSLServerHandler { NIOSSLServerHandler(context: context) }
}
