import ArgumentParser
import Host
import Peers
import Vocabulary

struct PeerPingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping", abstract: "Measure round trips to an echo.")

    @Argument(help: "HOST[:PORT] of a peer serve, or of any chirp echo.")
    var address: String

    @Option(help: "How many messages.")
    var count = 100

    @Option(help: "Bytes in each.")
    var size = 32

    @Option(help: "How many are in flight.")
    var inFlight = 1

    @OptionGroup var speech: PeerSpeech
    @OptionGroup var options: PeerOptions

    func validate() throws {
        guard count > 0, (1...1000).contains(inFlight), (0...(1 << 20)).contains(size) else {
            throw ValidationError("--count from 1, --in-flight 1 to 1000, --size up to 1 MiB")
        }
    }

    func run() async throws {
        let address = try PeerArguments.address(address)
        let clock = SystemClock()
        let node = try PeerArguments.node(
            speech.settings(), options, speech, reaching: address)
        let pinger = PeerPinger(node: node, address: address, size: size, clock: clock) {
            Output.error("tidegate: \($0)")
        }
        let start = clock.now
        let result = await pinger.run(count: count, inFlight: inFlight)
        let seconds = Double(start.duration(to: clock.now).wholeNanoseconds) / 1e9
        await node.stop()
        let times = result.times.sorted()
        if times.isEmpty {
            Output.line("none of \(count) returned")
        } else {
            let rate = Int(Double(times.count) / seconds)
            Output.line(
                "\(times.count) of \(count) answered, \(rate)/s, half of them within "
                    + "\(times[times.count / 2] / 1_000) us")
        }
        if let error = result.errors.first {
            for line in result.failure(of: count) { Output.error("tidegate: \(line)") }
            throw ExitStatus(error).code
        }
    }
}
