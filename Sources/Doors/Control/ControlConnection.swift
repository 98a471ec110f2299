import NIOCore
import Peers
import Vocabulary

/// One connection as the server holds it. It never leaves the server.
final class ControlConnection {
    let id: Int
    let channel: any Channel
    let requester: ControlRequester
    var lines: ControlLines
    /// Why it was not let in; nil when it was.
    var refusal: String?
    /// The request that is in work.
    var work: Task<Void, Never>?
    /// When it was opened, or last had a request or an answer.
    var lastUsed: MonotonicInstant
    var isInputClosed = false
    /// Nothing more is read; it is closed once what was written is gone.
    var isEnding = false
    var alarm = ConnectionAlarm()
    /// How many writes the system has not taken, and since when it has taken none.
    private var writes = (count: 0, since: MonotonicInstant?.none)

    init(
        id: Int, channel: any Channel, requester: ControlRequester, lines: ControlLines,
        at now: MonotonicInstant
    ) {
        (self.id, self.channel, self.requester) = (id, channel, requester)
        (self.lines, lastUsed) = (lines, now)
    }

    func write(at now: MonotonicInstant) {
        writes = (writes.count + 1, writes.since ?? now)
    }

    func written(at now: MonotonicInstant) {
        writes.count -= 1
        writes.since = writes.count == 0 ? nil : now
        lastUsed = now
    }

    var isWriting: Bool { writes.count > 0 }

    /// When it is to be closed unless something happens before; nil while its request is in work.
    func deadline(_ limits: ControlServer.Limits) -> MonotonicInstant? {
        if let since = writes.since { return since.advanced(by: limits.write) }
        return work == nil ? lastUsed.advanced(by: limits.idle) : nil
    }

    func cancelTasks() {
        alarm.cancel()
        work?.cancel()
    }
}

/// Brings what happens on one connection to the server.
final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: ControlServer
    private let id: Int

    init(server: ControlServer, id: Int) { (self.server, self.id) = (server, id) }

    func channelActive(context: ChannelHandlerContext) {
        server.assumeIsolated { [id] in $0.opened(id) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        server.assumeIsolated { [id] in $0.received(id, bytes) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent {
            server.assumeIsolated { [id] in $0.inputClosed(id) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        server.assumeIsolated { [id] in $0.ended(id) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
