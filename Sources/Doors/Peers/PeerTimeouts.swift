import NIOCore
import Vocabulary

/// Whether the loop looks for the next bytes for a moment before it sleeps. Pure.
///
/// To put a thread to sleep and to wake it costs several times what a message does. While one message
/// follows another within a moment, as when each answer brings the next question, the next is likely to be
/// there before the thread would be asleep. Nobody looks for those who are slow, and where looking is in
/// vain, as on a machine whose one processor the other side needs, it soon stops.
struct PeerTimeouts: Sendable {
    /// Bytes that come so soon after the last ones are worth looking for.
    static let quick = Duration.microseconds(200)
    /// How long to look. What happens on other sockets waits as long.
    static let most = Duration.microseconds(50)
    /// The most looks, for a clock that stands still.
    static let mostLooks = 200
    /// The most arrivals that are let pass after looking in vain.
    static let mostPassed = 64

    private var last: MonotonicInstant?
    private var end: MonotonicInstant?
    private var looks = 0
    /// Arrivals to let pass, and how many after the next time in vain.
    private var pause = 0
    private var nextPause = 0

    /// Bytes have come.
    mutating func arrived(at now: MonotonicInstant) {
        let isQuick = last.map { $0.duration(to: now) <= Self.quick } ?? false
        last = now
        guard isQuick, pause == 0 else {
            pause = max(0, pause - 1)
            end = nil
            return
        }
        (end, looks) = (now.advanced(by: Self.most), 0)
    }

    /// Whether to look once more for what has not come yet.
    mutating func mayLook(at now: MonotonicInstant) -> Bool {
        guard let end else { return false }
        guard now < end, looks < Self.mostLooks else {
            self.end = nil
            pause = nextPause
            nextPause = min(max(1, nextPause * 2), Self.mostPassed)
            return false
        }
        looks += 1
        return true
    }

    /// Looking has found something.
    mutating func found() { nextPause = 0 }
}

extension PeerNode {
    /// Bytes have come on `connection`; more may be about to.
    func linger(on connection: PeerConnection) {
        connection.timeout.arrived(at: clock.now)
        guard !isLooking else { return }
        isLooking = true
        let id = connection.id
        loop.execute { [self] in assumeIsolated { $0.look(id) } }
    }

    /// Other tasks of the loop have their turns after every few looks.
    private func look(_ id: Int) {
        guard let connection = connections[id] else {
            isLooking = false
            return
        }
        for _ in 0..<4 {
            guard connection.timeout.mayLook(at: clock.now) else {
                isLooking = false
                return
            }
            guard !connection.hasBytes else {
                connection.timeout.found()
                isLooking = false
                return
            }
        }
        loop.execute { [self] in assumeIsolated { $0.look(id) } }
    }
}

extension PeerConnection {
    /// Whether the operating system holds bytes that were not read. True when that is not known.
    ///
    /// Source: linux/sock_diag.h, SO_MEMINFO, number 55: words of 32 bits, of which the first is the memory
    /// that holds what was received. The option's value has room for two of them.
    var hasBytes: Bool {
        let option = ChannelOptions.socketOption(NIOBSDSocket.Option(rawValue: 55))
        // One that is closed has nothing to look for either.
        guard let words = try? channel.syncOptions?.getOption(option) else { return true }
        return UInt32(truncatingIfNeeded: words) != 0
    }
}
