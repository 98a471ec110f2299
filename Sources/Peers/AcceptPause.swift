import Glibc
import NIOCore

/// Takes in nobody for a moment when the system has no descriptor or memory left for a connection. Without it
/// the event loop would try again at once, at full speed, for as long as somebody waits at the door.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    static let pause = TimeAmount.seconds(1)

    private let tell: (String) -> Void
    private var isPausing = false
    /// Whether it was told, and nobody has come in since.
    private var isReported = false

    /// - Parameter tell: Takes a line for the log.
    init(tell: @escaping (String) -> Void) { self.tell = tell }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        guard let error = error as? IOError, !isPausing,
            [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(error.errnoCode)
        else { return }
        isPausing = true
        // Sound: the words are copied at once.
        if !isReported {
            unsafe tell(
                "nobody is let in for a moment: \(String(cString: strerror(error.errnoCode)))")
        }
        isReported = true
        setReading(false, context)
        let bound = context.loopBound
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPausing = false
            self.setReading(true, bound.value)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReported = false
        context.fireChannelRead(data)
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // A door that is closed meanwhile takes in nobody anyway.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
