import Glibc
import NIOCore

/// Takes in nobody for a moment when the system has no descriptor or memory left for a connection. Without it
/// the event loop would try again at once, at full speed, for as long as a peer waits at the door.
package final class AcceptPause: ChannelInboundHandler {
    package typealias InboundIn = any Channel

    static let pause = TimeAmount.seconds(1)
    /// Descriptors that a crowd of strangers leaves the rest of the process: with none, the system's task pool
    /// ends it.
    ///
    /// Source: libdispatch, workqueue.c, `_dispatch_workq_monitor_pools` opens a file of each thread.
    package static let reserve = 8

    private let reserve: Int
    private let log: (String) -> Void
    private var isPausing = false
    /// Whether it was reported, and nobody has come in since.
    private var isReported = false

    /// - Parameters:
    ///   - reserve: Fewer than usual for those who are let in beside a crowd.
    ///   - log: Takes a line for the log.
    package init(reserve: Int = AcceptPause.reserve, log: @escaping (String) -> Void) {
        (self.reserve, self.log) = (reserve, log)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(error)
        guard let error = error as? IOError,
            [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(error.errnoCode)
        else { return }
        pause(context, because: error.errnoCode)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard leavesReserve else {
            unwrapInboundIn(data).close(promise: nil)
            return pause(context, because: EMFILE)
        }
        isReported = false
        context.fireChannelRead(data)
    }

    /// Whether as many descriptors are free as the rest of the process is left. A new one has the lowest
    /// number that is free, so that all below it are in use.
    private var leavesReserve: Bool {
        let lowest = fcntl(0, F_DUPFD_CLOEXEC, 0)
        guard lowest >= 0 else { return errno == EBADF }
        close(lowest)
        return Int(lowest) + reserve <= sysconf(Int32(_SC_OPEN_MAX))
    }

    private func pause(_ context: ChannelHandlerContext, because number: CInt) {
        guard !isPausing else { return }
        isPausing = true
        // Sound: the words are copied at once.
        if !isReported {
            unsafe log(
                "accepting no connections for a moment: \(String(cString: strerror(number)))")
        }
        isReported = true
        setReading(false, context)
        let bound = context.loopBound
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.isPausing = false
            self.setReading(true, bound.value)
        }
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // A door that is closed meanwhile takes in nobody anyway.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}
