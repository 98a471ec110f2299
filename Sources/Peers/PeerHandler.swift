import NIOCore
import NIOSSL
import NIOTLS

/// Hands what happens on one channel to the node, which lives on the same event loop.
final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let node: PeerNode
    private let id: Int
    private let usesTls: Bool

    init(node: PeerNode, id: Int, usesTls: Bool) {
        (self.node, self.id, self.usesTls) = (node, id, usesTls)
    }

    func channelActive(context: ChannelHandlerContext) {
        if !usesTls { node.assumeIsolated { [id] in $0.opened(id, certificate: nil) } }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            // The handler that tells of the handshake is in the pipeline, so asking it cannot fail.
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
            node.assumeIsolated { [id] in $0.opened(id, certificate: certificate) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        node.assumeIsolated { [id] in $0.received(id, bytes) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        node.assumeIsolated { [id] in $0.receivedAll(id) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        node.assumeIsolated { [id] in $0.writability(id, isWritable) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        node.assumeIsolated { [id] in $0.ended(id, nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Source: libchirp ends TLS without a close-notify; that is an end like any other.
        let isEnd = (error as? NIOSSLError) == .uncleanShutdown
        let failure = isEnd ? nil : PeerError(connection: error)
        node.assumeIsolated { [id] in $0.ended(id, failure) }
        context.close(promise: nil)
    }
}

extension PeerError {
    /// What an error of the event loop or of TLS means to whoever asked.
    init(connection error: any Error) {
        switch error {
        case let error as PeerError: self = error
        case is NIOSSLError, is BoringSSLError:
            self.init(.notTrusted, "TLS with it failed: \(PeerError.words(ofTls: error))")
        case let error as IOError where error.errnoCode == 104 || error.errnoCode == 32:
            self.init(.lost, "the other side dropped the connection")
        case is ChannelError: self.init(.lost, "the connection ended")
        default: self.init(.lost, "\(error)")
        }
    }

    /// What a person can do about an error of TLS, where that is known.
    private static func words(ofTls error: any Error) -> String {
        let text = "\(error)"
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "the other side does not speak TLS"
        }
        guard text.contains("CERTIFICATE") || text.contains("UNKNOWN_CA") else { return text }
        return text.contains("ALERT")
            ? "the other side does not accept our certificate; pair it there"
            : "its certificate is not on our list; pair it here"
    }
}
