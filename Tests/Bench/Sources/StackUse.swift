import Brokers
import CLinux
import Channels
import Documents
import DriverKit
import Drivers
import Glibc
import Layouts
import Nodes
import Simulators
import StandardCodecs
import Threads
import Vocabulary
import Wires

/// How much of its thread's stack each driver has touched, opened and read in a node as in the gateway.
///
/// Every component of a layout runs on simulated wires, and then on the real ones of this machine, which
/// has the kernel's files, Modbus TCP with a host's name to look up, and hardly more: what is not there
/// is looked for and reported.
struct StackUse {
    private let path: String
    private let clock = BenchClock()

    init(_ arguments: ArraySlice<String>) throws {
        guard let path = arguments.first else { throw BenchError("bench stack LAYOUT") }
        self.path = path
    }

    func run() async throws {
        let layout = try layout().simulated()
        let pretend = SimulatedWiring(clock: clock)
        try pretend.plugIn(layout.nodes.map(\.component), seed: 1)
        var uses: [(name: String, bytes: Int)] = []
        // All nodes stay to the end, so that no thread gets the used stack of one that is gone.
        var nodes: [ShNode] = []
        for node in layout.nodes {
            nodes.append(try self.node(node, pretend))
            let bytes = try await use(of: nodes[nodes.count - 1], mustWork: true)
            uses.append((node.component.model.text, bytes))
        }
        let (server, real) = try realWiring(layout, host: "localhost")
        for node in layout.nodes {
            nodes.append(try self.node(node, real))
            let bytes = try await use(of: nodes[nodes.count - 1], mustWork: false)
            let wasRead = nodes[nodes.count - 1].heartbeat.reading.isOpen ? "real" : "real, fails"
            uses.append(("\(node.component.model), \(wasRead)", bytes))
        }
        server.stop()
        uses.append(("embedded broker", try await useOfBroker()))
        for use in uses { print("\(use.bytes / 1024) \(use.name)") }
        print("\(SyncThread.defaultStackSize / 1024) default")
        for node in nodes { await node.stop() }
    }

    private func layout() throws -> HardwareLayout {
        guard let file = unsafe fopen(path, "r") else { throw BenchError("cannot open \(path)") }
        // Sound: the file is open until the end, and the buffer lives for the length of the call.
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        let (layout, problems) = LayoutReader.read(
            Array(bytes[..<count]), registry: .standard, codecs: .standard)
        guard let layout else { throw BenchError("\(path): \(problems)") }
        return layout
    }

    private func node(_ node: NodeLayout, _ wiring: any Wiring) throws -> ShNode {
        guard let driver = DriverRegistry.standard[node.component.model] else {
            throw BenchError("no driver \(node.component.model)")
        }
        return ShNode(
            name: node.name, component: node.component,
            outbox: FanIn<Fact>(capacity: 256).source(named: node.name.text), clock: clock
        ) { component throws(DriverError) in
            try driver.init(component: component, wiring: wiring)
        }
    }

    /// Opens and reads, switches what can be switched, and then looks at the stack.
    private func use(of node: ShNode, mustWork: Bool) async throws -> Int {
        await node.start()
        var chance = SystemRandomNumberGenerator()
        if mustWork, node.component.safeState != nil {
            let command = Command(
                id: CommandID(using: &chance), node: node.name, order: .set(1),
                source: CommandSource(.rule, "bench"))
            let deadline = try CommandDeadline(of: command, at: clock.timestamp)
            guard
                case .confirmed = await node.apply(command, by: deadline)
            else {
                throw BenchError("node \(node.name): did not switch")
            }
        }
        // Time for a few polls.
        sleep(3)
        let heartbeat = node.heartbeat.reading
        guard !mustWork || (heartbeat.counts[.polls] > 0 && heartbeat.counts[.failures] == 0) else {
            throw BenchError("node \(node.name): \(heartbeat)")
        }
        return await node.usedStack()
    }

    /// The real files, and the layout's buses as simulated meters behind real TCP connections.
    private func realWiring(
        _ layout: HardwareLayout, host: String
    ) throws -> (SimulatedModbusServer, RealWiring) {
        var unit = SimulatedModbusUnit()
        unit.hold(Array(repeating: 0x4000, count: 400), at: 0)
        let server = try SimulatedModbusServer(.tcp, units: [1: unit])
        guard case .tcp(_, let port, _) = server.line else { throw BenchError("no TCP port") }
        let buses = layout.buses.map {
            Bus(name: $0.name, line: .tcp(host: host, port: port), gap: .zero)
        }
        let pool = ModbusBusPool(buses, clock: clock)
        let wiring = RealWiring(
            bus: { name throws(DriverError) in try pool.bus(name) }, files: SystemFiles(),
            clock: clock, stateDirectory: "/nowhere")
        return (server, wiring)
    }

    private func useOfBroker() async throws -> Int {
        let broker = EmbeddedBroker(
            folder: "/tmp/tidegate-bench-\(getpid())", clock: clock,
            using: SystemRandomNumberGenerator())
        broker.start()
        _ = await broker.news.first { _ in true }
        let bytes = await broker.usedStack()
        await broker.stop()
        return bytes
    }
}

extension ShNode {
    fileprivate func usedStack() -> Int { usedStackOfThisThread() }
}

extension EmbeddedBroker {
    fileprivate func usedStack() -> Int { usedStackOfThisThread() }
}

/// From the top of the calling thread's stack, what the C library keeps there included, down to the
/// lowest page that was ever touched. In bytes.
private func usedStackOfThisThread() -> Int {
    var start: UnsafeMutableRawPointer?
    var size = 0
    // Sound: the call fills in what it is given, which lives on this stack.
    let answer = unsafe tidegate_stack_of_this_thread(&start, &size)
    precondition(answer == 0, "the C library does not know this thread's stack")
    let page = Int(getpagesize())
    var isResident = [UInt8](repeating: 0, count: size / page)
    // Sound: the stack is mapped while its thread runs, and there is a byte for each of its pages.
    let status = unsafe mincore(start, size, &isResident)
    precondition(status == 0, "mincore does not know this thread's stack")
    return size - (isResident.firstIndex { $0 & 1 == 1 } ?? 0) * page
}
