import Peers
import Testing
import Vocabulary

@testable import CommandLine
@testable import Host

/// Measuring a link to something that is no echo.
@Suite(.timeLimit(.minutes(10))) struct `A ping` {
    private func node(_ mode: PeerSettings.Mode, echoes: Bool = false) -> PeerNode {
        PeerNode(
            settings: PeerSettings(
                mode: mode, timeout: echoes ? .seconds(60) : .seconds(1), echoes: echoes),
            clock: SystemClock(), chance: SystemChance())
    }

    /// Pings a node that never sends back, or an echo.
    private func ping(
        _ mode: PeerSettings.Mode, count: Int, inFlight: Int, echoes: Bool = false
    ) async throws -> (PeerPinger.Result, said: [String]) {
        let (requester, other) = (node(mode, echoes: echoes), node(mode, echoes: echoes))
        let address = PeerAddress(host: "127.0.0.1", port: 0)
        let port = try await other.listen(on: address)
        let lines = AsyncStream<String>.makeStream()
        let pinger = PeerPinger(
            node: requester, address: PeerAddress(host: address.host, port: port), size: 8,
            clock: SystemClock()
        ) { lines.continuation.yield($0) }
        let result = await pinger.run(count: count, inFlight: inFlight)
        lines.continuation.finish()
        var all: [String] = []
        for await line in lines.stream { all.append(line) }
        for node in [requester, other] { await node.stop() }
        return (result, all)
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `to what never sends back says so early, gives up, and says what an echo is`(
        mode: PeerSettings.Mode
    ) async throws {
        let (result, said) = try await ping(mode, count: 1_000, inFlight: 1)
        #expect(result.times == [] && result.errors.count == 3)
        #expect(said.count == 1 && said[0].contains("no answer before the timeout; is it an echo?"))
        let lines = result.failure(of: 1_000)
        #expect(lines.count == 2 && lines[0].hasPrefix("3 failed, the first after "))
        #expect(lines[1].hasPrefix("stopped after 3 of 1000; an echo sends back every message"))
    }

    @Test(arguments: PeerSettings.Mode.allCases)
    func `with many in flight gives up on all of them`(mode: PeerSettings.Mode) async throws {
        let (result, said) = try await ping(mode, count: 1_000, inFlight: 10)
        #expect(result.times == [] && (3...20).contains(result.errors.count))
        #expect(said.count == 1)
    }

    @Test func `that is answered says nothing more`() async throws {
        let (result, said) = try await ping(.asynchronous, count: 20, inFlight: 2, echoes: true)
        #expect(result.times.count == 20 && said == [] && result.failure(of: 20) == [])
    }

    @Test func `goes on after one answer, at anything that follows`() {
        var timeout = PingTimeout()
        var said: [Bool] = []
        for _ in 0..<2 { said.append(timeout.failed()) }
        #expect(said == [true, false] && !timeout.isOver)
        timeout.answered()
        for _ in 0..<10 { said.append(timeout.failed()) }
        #expect(said.count { $0 } == 1 && !timeout.isOver)
        var answered = PingTimeout()
        answered.answered()
        let isSaid = answered.failed()
        #expect(!isSaid)
    }

    @Test func `that failed otherwise is reported as that alone`() {
        var result = PeerPinger.Result()
        result.errors = [PeerError(.lost, "127.0.0.1:1: gone"), PeerError(.timedOut, "no answer")]
        #expect(result.failure(of: 9).count == 2)
        result.times = [1]
        #expect(result.failure(of: 9) == ["2 failed, the first after 0 us: 127.0.0.1:1: gone"])
        result.times = []
        result.errors = [PeerError(.lost, "127.0.0.1:1: gone")]
        #expect(result.failure(of: 9) == ["1 failed, the first after 0 us: 127.0.0.1:1: gone"])
    }
}
