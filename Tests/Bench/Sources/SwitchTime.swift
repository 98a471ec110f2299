import CLinux
import Channels
import Documents
import DriverKit
import Fakes
import Glibc
import Logging
import Nodes
import Proactors
import Threads
import Vocabulary

/// How long an order takes inside one process, from the call to the level of the line and to the answer,
/// beside how long one thread takes to wake another.
struct SwitchTime {
    private let others: Int
    private let count: Int
    private let clock = BenchClock()
    /// The first ones warm everything up and are not counted.
    private static let warming = 100

    init(_ arguments: ArraySlice<String>) throws {
        let numbers = arguments.compactMap { Int($0) }
        guard numbers.count == 2 else { throw BenchError("bench switch NODES COMMANDS") }
        (others, count) = (numbers[0], numbers[1])
    }

    func run() async throws {
        let inbox = FanIn<Fact>(capacity: 256)
        let relay = ScriptedDevice()
        let reached = Guarded(clock.now)
        let clock = clock
        relay.onLevel { _ in reached.withLock { $0 = clock.now } }
        var nodes = [try node("relay", relay, inbox, safeState: .off)]
        for number in 0..<others {
            nodes.append(
                try node(
                    "t\(number)", ScriptedDevice(.shows([20])), inbox,
                    phase: Double(number) / Double(others)))
        }
        let proactor = Proactor(
            profile: GatewayProfile(gateway: "d1.bench.scada", incarnation: "1", nodes: []),
            nodes: nodes,
            inbox: inbox, journal: SimulatedJournal(upstreams: [:]), clock: clock,
            chance: SeededGenerator(seed: 1),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        await proactor.start()
        if others > 0 { sleep(2) }
        var levels: [Int64] = []
        var answers: [Int64] = []
        for number in 0..<count + Self.warming {
            guard let id = CommandID("c\(number)") else { throw BenchError("no identity") }
            let began = clock.now
            let answer = await proactor.carryOut(
                Command(
                    id: id, node: nodes[0].name, order: .set(number % 2 == 0 ? 1 : 0),
                    source: CommandSource(.cli)))
            answers.append(began.duration(to: clock.now).wholeNanoseconds)
            levels.append(began.duration(to: reached.withLock { $0 }).wholeNanoseconds)
            guard case .confirmed = answer else { throw BenchError("\(answer)") }
        }
        print(Self.words(levels), Self.words(answers), Self.words(try wakes()))
        await proactor.stop()
    }

    /// Median and 99th percentile in tenths of µs.
    private static func words(_ times: [Int64]) -> String {
        let sorted = times.dropFirst(warming).sorted()
        return "\(sorted[sorted.count / 2] / 100) \(sorted[sorted.count * 99 / 100] / 100)"
    }

    /// From writing to an eventfd on one thread to coming out of poll(2) on another.
    private func wakes() throws -> [Int64] {
        let (ask, reply) = (eventfd(0, 0), eventfd(0, 0))
        guard ask >= 0, reply >= 0 else { throw BenchError("no eventfd") }
        let (clock, rounds) = (clock, count + Self.warming)
        let woken = Guarded(clock.now)
        try startThread(ThreadPlan(name: "woken")) {
            for _ in 0..<rounds {
                Self.await(ask)
                woken.withLock { $0 = clock.now }
                Self.wake(reply)
            }
        }
        var times: [Int64] = []
        for _ in 0..<rounds {
            let began = clock.now
            Self.wake(ask)
            Self.await(reply)
            times.append(began.duration(to: woken.withLock { $0 }).wholeNanoseconds)
        }
        close(ask)
        close(reply)
        return times
    }

    private static func wake(_ wakeup: Int32) {
        var one: UInt64 = 1
        // Sound: eight bytes of `one` are read during the call.
        _ = unsafe write(wakeup, &one, 8)
    }

    private static func await(_ wakeup: Int32) {
        var waiting = pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0)
        var rung: UInt64 = 0
        // Sound: both outlive the calls, and at most eight bytes are written to `rung`.
        _ = unsafe poll(&waiting, 1, -1)
        _ = unsafe read(wakeup, &rung, 8)
    }

    private func node(
        _ text: String, _ device: ScriptedDevice, _ inbox: FanIn<Fact>,
        safeState: SafeState? = nil, phase: Double = 0
    ) throws -> ShNode {
        guard let name = ShNodeName(text), let component = ComponentName(text),
            let channel = DataChannelName(text),
            let nothing = JsonParser.parse(Array("{}".utf8)).document
        else { throw BenchError("no name") }
        return ShNode(
            name: name,
            component: Component(
                name: component, model: DriverModel(known: "scripted"),
                settings: Settings(nothing, described: []),
                channels: [
                    DataChannel(
                        name: channel, node: name, source: "value",
                        unit: safeState == nil ? .celsius : .onOff, exponent: 0,
                        pollPeriod: .seconds(1),
                        capture: CaptureRule(period: .seconds(1), delta: nil))
                ], safeState: safeState),
            phase: phase, outbox: inbox.source(named: text), clock: clock,
            open: device.opener(actuates: safeState != nil))
    }
}
