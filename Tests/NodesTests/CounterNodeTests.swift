import Documents
import DriverKit
import Drivers
import Fakes
import Simulators
import Testing
import Vocabulary

@testable import Nodes

/// A node of a meter with a 16-bit register that is polled once a second.
@Suite struct `A node with a counter` {
    private let bench = Bench()
    private let store = SimulatedCounters()
    private let device = ScriptedDevice()

    private func channel(capture: Duration = .seconds(1)) -> DataChannel {
        bench.channel(
            poll: .seconds(1), capture: capture, delta: nil,
            plausibility: Plausibility(
                isCounter: true,
                register: CounterRegister(
                    span: DecimalNumber(mantissa: 65_536), highest: DecimalNumber(mantissa: 65_535),
                    step: DecimalNumber(mantissa: 1))))
    }

    /// What a node says of these values, from the first on.
    private func facts(_ values: [Int64], capture: Duration = .seconds(1)) async -> [Fact] {
        device.behave(.shows(values))
        let node = bench.node(device, [channel(capture: capture)], counters: store)
        await node.start()
        await bench.pass(.seconds(values.count - 1))
        await node.stop()
        return await bench.nextFacts()
    }

    private var stand: CounterStand? { store.stands["value"] }

    @Test func `reports a total that goes on where the register begins again, and no fault`() async
    {
        let facts = await facts([65_000, 65_500, 3, 9, 20, 31])
        #expect(facts.flatMap(\.values) == [65_000, 65_500, 65_556, 65_567])
        #expect(facts.allSatisfy { $0.qualities.allSatisfy { $0 == .good } })
        #expect(facts.compactMap(\.fault).isEmpty)
        #expect(facts.compactMap(\.event).map(\.kind) == [.counterWrapped])
        #expect(facts.compactMap(\.event).first?.number == 65_556)
    }

    @Test func `goes on from its total in another life`() async {
        _ = await facts([65_000, 3, 9, 20])
        #expect(stand?.turns == 1 && stand?.shown == DecimalNumber(mantissa: 20))
        #expect(await facts([25]).flatMap(\.values) == [65_561])
    }

    @Test func `counts the turn that the register made meanwhile`() async {
        _ = await facts([65_000])
        #expect(await facts([100, 100, 101]).flatMap(\.values) == [65_637])
    }

    @Test func `does not publish the first 0 of a meter after a power cut as good`() async {
        _ = await facts([40_000])
        let facts = await facts([0, 0, 0, 0, 40_001])
        let told = facts.flatMap { zip($0.values, $0.qualities).map { "\($0) \($1)" } }
        #expect(told == ["0 bad", "40001 good"])
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
    }

    @Test func `believes another meter by itself, and reports it once`() async {
        let facts = await facts(
            [40_000, 40_000] + (0...120).map { 700 + $0 }, capture: .seconds(60))
        let events = facts.compactMap(\.event)
        #expect(events.map(\.kind) == [.counterReset])
        #expect(events.first?.number == 760)
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
        #expect(facts.last?.values == [820])
        #expect(stand?.turns == 0)
    }

    @Test func `writes each turn at once and all else every ten minutes`() async {
        device.behave(.counts(from: 100))
        let node = bench.node(device, [channel(capture: .seconds(600))], counters: store)
        await node.start()
        await bench.pass(.seconds(599))
        #expect(store.saveCount == 1)
        await bench.pass(.seconds(601))
        #expect(store.saveCount == 3)
        device.behave(.shows([64_000, 64_000, 64_000, 64_010, 64_020, 64_030]))
        await bench.pass(.seconds(10))
        device.behave(.shows([3, 4, 5, 6]))
        await bench.pass(.seconds(4))
        #expect(store.saveCount == 4)
        #expect(stand?.turns == 1)
        await node.stop()
        #expect(store.saveCount == 5)
    }

    @Test func `goes on without its disk, says so once, and writes as soon as it can`() async {
        store.isFull = true
        device.behave(.counts(from: 100))
        let node = bench.node(device, [channel(capture: .seconds(600))], counters: store)
        await node.start()
        await bench.pass(.seconds(130))
        store.isFull = false
        await bench.pass(.seconds(60))
        let facts = await bench.nextFacts()
        #expect(facts.compactMap(\.fault).map(\.kind) == [.storage, .storage])
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
        #expect(store.saveCount == 1)
        withExtendedLifetime(node) {}
    }

    @Test func `keeps the turns on a disk that could not be read at first, and goes on from them`()
        async
    {
        _ = await facts([65_000, 3, 9, 20])
        store.isUnreadable = true
        device.behave(.counts(from: 100))
        let node = bench.node(device, [channel(capture: .seconds(30))], counters: store)
        await node.start()
        await bench.pass(.seconds(30))
        #expect(stand?.turns == 1)
        store.isUnreadable = false
        await bench.pass(.seconds(90))
        await node.stop()
        let facts = await bench.nextFacts()
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
        #expect((facts.last?.values.first ?? 0) > 65_536)
        #expect(stand?.turns == 1)
    }

    @Test func `heals in the morning from a value that stood all night`() async {
        let night = Array(repeating: Int64(65_535), count: 36_000)
        let facts = await facts([500] + night + [500, 501], capture: .seconds(60))
        #expect(facts.last?.values == [500])
        #expect(facts.last?.qualities == [.good])
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
    }
}

/// A pulse meter whose total is set, on the real driver.
@Suite struct `A node whose total is set` {
    private let bench = Bench()
    private let wiring: SimulatedWiring

    init() {
        wiring = SimulatedWiring(clock: bench.clock)
        wiring.lines.addChip("meters", lines: 1)
    }

    private func node(_ sources: [String] = ["total"]) throws -> ShNode {
        let text =
            #"{"line": "meters/0", "quantity": "volume", "pulsesPer": 0.1, "startAt": 1234567}"#
        let document = try #require(JsonParser.parse(Array(text.utf8)).document)
        let settings = Settings(
            document, described: GpioPulseCounterDriver.description.settings)
        let offered = try GpioPulseCounterDriver.channels(offeredWith: settings)
        let channels = offered.filter { sources.contains($0.source) }.compactMap { offered in
            DataChannelName(offered.source).map {
                DataChannel(
                    name: $0, node: "water", source: offered.source, unit: offered.unit,
                    exponent: offered.exponent, pollPeriod: .seconds(1),
                    capture: CaptureRule(period: .seconds(60), delta: nil),
                    plausibility: offered.plausibility, isSettable: offered.isSettable)
            }
        }
        let component = Component(
            name: "water", model: GpioPulseCounterDriver.model, settings: settings,
            channels: channels)
        return ShNode(
            name: "water", component: component, outbox: bench.inbox.source(named: "water"),
            clock: bench.clock
        ) { [wiring] component throws(DriverError) in
            try GpioPulseCounterDriver(component: component, wiring: wiring)
        }
    }

    private func command(_ order: Command.Order) -> Command {
        Command(
            id: CommandID("1")!, node: "water", order: order, source: CommandSource(.cli, "site"))
    }

    private func apply(_ order: Command.Order, to node: ShNode) async -> CommandOutcome {
        await bench.apply(command(order), to: node)
    }

    @Test func `reports it at once and puts on record who set it, from what to what`() async throws
    {
        let node = try node()
        await node.start()
        #expect(await bench.nextFacts().flatMap(\.values) == [1_234_567_000])
        let answer = await apply(.set(99_000_500), to: node)
        guard case .confirmed(let total, _) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(total == 99_000_500)
        let facts = await bench.nextFacts()
        let event = try #require(facts.compactMap(\.event).first)
        #expect(event.kind == .totalSet && event.number == 99_000_500)
        #expect(event.detail.contains("1234567.000 L") && event.detail.contains("99000.500 L"))
        #expect(event.detail.contains("cli site"))
        #expect(facts.flatMap(\.values) == [99_000_500])
        #expect(facts.compactMap(\.fault).isEmpty)
        withExtendedLifetime(node) {}
    }

    @Test func `refuses what is no total, and to be taken over`() async throws {
        let node = try node()
        await node.start()
        for order in [.set(-1), .override(value: 1, for: .seconds(1)), .release] as [Command.Order]
        {
            guard case .refused = await apply(order, to: node) else {
                Issue.record("\(order)")
                continue
            }
        }
        #expect(wiring.totals["water"]?.start == DecimalNumber(mantissa: 1_234_567))
        withExtendedLifetime(node) {}
    }

    @Test func `keeps the old total when the new one cannot be kept`() async throws {
        let node = try node()
        await node.start()
        wiring.totals.isFull = true
        guard case .failed = await apply(.set(5), to: node) else {
            Issue.record("not failed")
            return
        }
        wiring.totals.isFull = false
        await bench.pass(.seconds(60))
        let facts = await bench.nextFacts()
        #expect(Set(facts.flatMap(\.values)) == [1_234_567_000])
        #expect(facts.compactMap(\.event).isEmpty)
        withExtendedLifetime(node) {}
    }

    @Test func `takes no command when its total is no channel`() async throws {
        let node = try node(["rate"])
        #expect(!node.takesCommands)
        await node.start()
        guard case .refused = await apply(.set(5), to: node) else {
            Issue.record("not refused")
            return
        }
        withExtendedLifetime(node) {}
    }
}

@Suite struct `A node that does not come back` {
    private func at(_ seconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    @Test func `hangs, but not while it waits for its turn`() {
        let heartbeat = NodeHeartbeat(channels: 1)
        heartbeat.note { $0.busySince = at(0) }
        #expect(heartbeat.isHung(at: at(11)))
        heartbeat.waits(true, at: at(11))
        #expect(!heartbeat.isHung(at: at(1_000)))
        // From its turn on it is expected back as ever.
        heartbeat.waits(false, at: at(1_000))
        #expect(!heartbeat.isHung(at: at(1_010)))
        #expect(heartbeat.isHung(at: at(1_011)))
    }

    @Test func `hangs, but not for want of a processor alone`() {
        let heartbeat = NodeHeartbeat(channels: 1, isRunnable: { true })
        heartbeat.note { $0.busySince = at(0) }
        #expect(!heartbeat.isHung(at: at(120)))
        #expect(heartbeat.isHung(at: at(121)))
    }
}

extension Fact {
    var event: GatewayEvent? {
        guard case .event(let event) = matter else { return nil }
        return event
    }
}
