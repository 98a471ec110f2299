import Channels
import Documents
import DriverKit
import Fakes
import Glibc
import Nodes
import Vocabulary

/// How late polls come while some of the devices never answer.
struct Lateness {
    private let count: Int
    private let hanging: Int
    private let seconds: UInt32

    init(_ arguments: ArraySlice<String>) throws {
        let numbers = arguments.compactMap { Int($0) }
        guard numbers.count == 3 else { throw BenchError("bench late NODES HANGING SECONDS") }
        (count, hanging, seconds) = (numbers[0], numbers[1], UInt32(numbers[2]))
    }

    func run() async throws {
        let clock = BenchClock()
        let inbox = FanIn<Fact>(capacity: 256)
        let devices = (0..<count).map { ScriptedDevice($0 < hanging ? .hangs : .shows([20, 21])) }
        let nodes = try devices.enumerated().map { index, device in
            ShNode(
                name: try Self.name(index), component: try Self.component(index),
                phase: Double(index) / Double(count),
                outbox: inbox.source(named: "\(index)"), clock: clock, open: device.opener())
        }
        let reader = Task {
            var facts = 0
            while let batch = await inbox.nextBatch() { facts += batch.elements.count }
            return facts
        }
        for node in nodes { await node.start() }
        sleep(2)
        for node in nodes { node.heartbeat.forgetLateness() }
        let before = nodes.reduce(0) { $0 + $1.heartbeat.reading.counts[.polls] }
        sleep(seconds)
        let others = nodes.dropFirst(hanging).map(\.heartbeat.reading)
        let hung = nodes.prefix(hanging).count { $0.heartbeat.reading.busySince != nil }
        guard hung == hanging else { throw BenchError("only \(hung) devices hang") }
        inbox.close()
        guard await reader.value > 0 else { throw BenchError("no fact came") }
        let polls = others.reduce(0) { $0 + $1.counts[.polls] } - before
        let worst = others.map(\.worstLateness).max() ?? .zero
        print(worst.wholeNanoseconds / 1_000, polls, others.reduce(0) { $0 + $1.counts[.skipped] })
        for device in devices { device.release() }
        for node in nodes { await node.stop() }
    }

    private static func name(_ index: Int) throws -> ShNodeName {
        guard let name = ShNodeName("node-\(index)") else { throw BenchError("no name") }
        return name
    }

    private static func component(_ index: Int) throws -> Component {
        guard let name = ComponentName("thing-\(index)"),
            let channel = DataChannelName("channel-\(index)"),
            let nothing = JsonParser.parse(Array("{}".utf8)).document
        else { throw BenchError("no name") }
        return Component(
            name: name, model: DriverModel(known: "scripted"),
            settings: Settings(nothing, described: []),
            channels: [
                DataChannel(
                    name: channel, node: try Self.name(index), source: "value", unit: .celsius,
                    exponent: 0, pollPeriod: .seconds(1),
                    capture: CaptureRule(period: .seconds(1), delta: nil))
            ])
    }
}
