import Glibc
import NIOCore
import Peers
import Vocabulary

/// How long a direct link takes to close when both ends close it at the same moment.
struct CloseTime {
    private let count: Int
    private let clock = BenchClock()

    init(_ arguments: ArraySlice<String>) throws {
        guard let count = arguments.first.flatMap({ Int($0) }), count > 0 else {
            throw BenchError("bench close LINKS")
        }
        self.count = count
    }

    func run() async throws {
        var times: [Int64] = []
        var processor: Int64 = 0
        for _ in 0..<count {
            let (one, other) = (node(), node())
            let port = try await other.listen(on: PeerAddress(host: "127.0.0.1", port: 0))
            let address = PeerAddress(host: "127.0.0.1", port: port)
            _ = try await one.request(ByteBuffer(string: "hello"), to: address)
            let (began, used) = (clock.now, Self.processorTime)
            async let first: Void = one.stop()
            async let second: Void = other.stop()
            _ = await (first, second)
            times.append(began.duration(to: clock.now).wholeNanoseconds)
            processor += Self.processorTime - used
        }
        times.sort()
        print(times[count / 2] / 1_000, times[count - 1] / 1_000, processor / Int64(count) / 1_000)
    }

    private func node() -> PeerNode {
        PeerNode(
            settings: PeerSettings(echoes: true), clock: clock,
            chance: SystemRandomNumberGenerator())
    }

    /// Of all threads of this process, in ns.
    private static var processorTime: Int64 {
        var time = timespec()
        // Sound: the call fills in `time`, which lives on this stack.
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
