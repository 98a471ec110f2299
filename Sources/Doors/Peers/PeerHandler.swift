import NIOCore
import NIOSSL
import NIOTLS

/// Hands what happens on one channel to the node, which lives on the same event loop.
final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let node: PeerNode
    private let id: Int
    private let usesTls: Bool
    private let remote: PeerAddress?

    /// - Parameter remote: Where we dialled; nil when the other side did.
    init(node: PeerNode, id: Int, usesTls: Bool, remote: PeerAddress?) {
        (self.node, self.id, self.usesTls, self.remote) = (node, id, usesTls, remote)
    }

    func channelActive(context: ChannelHandlerContext) {
        if !usesTls { node.assumeIsolated { [id] in $0.opened(id, certificate: nil) } }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            // The handler that reports the handshake is in the pipeline, so asking it cannot fail.
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
        let failure =
            isEnd
            ? nil : PeerError(connection: error, to: remote, tls: node.tls, clock: node.clock)
        node.assumeIsolated { [id] in $0.ended(id, failure) }
        context.close(promise: nil)
    }
}
