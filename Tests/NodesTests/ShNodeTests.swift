import DriverKit
import Fakes
import Testing
import Timing
import Vocabulary

@testable import Nodes

@Suite struct `A node` {
    let bench = Bench()

    @Test func `reports the first value at once, with the time the device was asked`() async {
        let node = bench.node(ScriptedDevice(.shows([21])))
        let asked = bench.clock.timestamp
        await node.start()
        let facts = await bench.nextFacts()
        #expect(facts.map(\.values) == [[21]])
        #expect(facts.first?.at == asked)
        withExtendedLifetime(node) {}
    }

    @Test(arguments: [true, false])
    func `marks what comes from simulated hardware, and nothing else`(isSimulated: Bool) async {
        let range = Plausibility(range: 0...100)
        let node = bench.node(
            ScriptedDevice(.shows([21, 900])), [bench.channel(plausibility: range)],
            isSimulated: isSimulated)
        await node.start()
        await bench.pass(.seconds(1))
        let facts = await bench.nextFacts()
        #expect(facts.flatMap(\.qualities) == [.good, .bad])
        for fact in facts where fact.fault == nil { #expect(fact.isSimulated == isSimulated) }
        let relay = bench.node(
            ScriptedDevice(.shows([0])), name: "relay", actuates: true, safeState: .off,
            isSimulated: isSimulated)
        await relay.start()
        let command = Command(
            id: CommandID("1")!, node: "relay", order: .set(1),
            source: CommandSource(.upstream, "site"))
        #expect(await bench.apply(command, to: relay).kind == .confirmed)
        let switched = await bench.nextFacts()
        #expect(switched.flatMap(\.values).contains(1))
        for fact in switched where fact.fault == nil { #expect(fact.isSimulated == isSimulated) }
        withExtendedLifetime(node) {}
    }

    @Test func `polls its device on time and reports only what its capture rule wants`() async {
        let device = ScriptedDevice(.shows([20, 20, 20, 25, 25]))
        let node = bench.node(device, [bench.channel(capture: .seconds(10), delta: 5)])
        await node.start()
        await bench.pass(.seconds(10))
        #expect(device.asked == 11)
        let facts = await bench.nextFacts()
        #expect(facts.map(\.values) == [[20], [25]])
        withExtendedLifetime(node) {}
    }

    @Test func `reports the average of what it polled, and no implausible value in it`() async {
        let device = ScriptedDevice(.shows([20, 30, 900, 10, 20, 30]))
        let average = bench.channel(
            capture: .seconds(5), delta: nil, summary: .average,
            plausibility: Plausibility(range: 0...100))
        let node = bench.node(device, [average])
        await node.start()
        await bench.pass(.seconds(5))
        let facts = await bench.nextFacts()
        // The first value; the bad one; 30 and 10 at once after it; the rest waits for its period.
        #expect(facts.map(\.values).filter { !$0.isEmpty } == [[20], [900], [20]])
        withExtendedLifetime(node) {}
    }

    @Test func `all channels due in one poll share one time stamp`() async {
        let fast = bench.channel("fast", poll: .seconds(1), delta: nil)
        let slow = bench.channel("slow", poll: .seconds(5), capture: .seconds(5), delta: nil)
        let node = bench.node(ScriptedDevice(.shows([1])), [fast, slow])
        await node.start()
        await bench.pass(.seconds(5))
        let facts = await bench.nextFacts()
        #expect(facts.count == 2)
        #expect(facts.first?.values.count == 2)
        #expect(facts.last?.values.count == 1)
        withExtendedLifetime(node) {}
    }

    @Test func `a night of suspend costs one poll, not thirty thousand`() async {
        let device = ScriptedDevice(.shows([1]))
        let node = bench.node(device)
        await node.start()
        await bench.clock.sleepers(1)
        bench.clock.advance(by: .seconds(30_000))
        await bench.clock.sleepers(1)
        #expect(device.asked == 2)
        #expect(node.heartbeat.reading.counts[.skipped] == 29_999)
    }

    @Test func `reports a fault once when it starts and once when it ends`() async {
        let device = ScriptedDevice(.fails(DriverError(.timeout, "no reply")))
        let node = bench.node(device, [bench.channel(capture: .seconds(1_000))])
        await node.start()
        await bench.pass(.seconds(300))
        device.behave(.shows([7]))
        await bench.pass(.seconds(60))
        let facts = await bench.nextFacts()
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
        #expect(facts.compactMap(\.fault).map(\.kind) == [.timeout, .timeout])
        #expect(facts.flatMap(\.values) == [7])
        withExtendedLifetime(node) {}
    }

    @Test func `asks a silent device ever less often, and at least once a minute`() async {
        let device = ScriptedDevice(.fails(DriverError(.timeout, "no reply")))
        let node = bench.node(device)
        await node.start()
        await bench.pass(.seconds(600))
        #expect(device.asked >= 12)
        #expect(device.asked <= 22)
        withExtendedLifetime(node) {}
    }

    @Test func `opens a device again after it had vanished, without being restarted`() async {
        let device = ScriptedDevice(.shows([3]))
        let node = bench.node(device)
        await node.start()
        await bench.pass(.seconds(2))
        device.unplug()
        await bench.pass(.seconds(100))
        #expect(!node.heartbeat.reading.isOpen)
        device.plugIn()
        await bench.pass(.seconds(40))
        #expect(node.heartbeat.reading.isOpen)
        let facts = await bench.nextFacts()
        #expect(facts.compactMap(\.fault).map(\.kind) == [.notConnected, .notConnected])
        #expect(facts.flatMap(\.values) == [3, 3])
    }

    @Test func `leaves out what its driver calls no measurement`() async {
        let device = ScriptedDevice(.shows([5]))
        let node = bench.node(device, [bench.channel(poll: .seconds(10))])
        await node.start()
        await bench.clock.sleepers(1)
        let now = bench.clock.now
        device.happen([
            DriverEvent(at: now, reading: Reading(channel: "value", value: 0, quality: .bad)),
            DriverEvent(at: now, reading: Reading(channel: "value", value: 7)),
        ])
        let facts = await bench.facts { $0.values == [7] }
        #expect(facts.map(\.values) == [[5], [7]])
        withExtendedLifetime(node) {}
    }

    @Test func `never publishes an implausible value as good`() async {
        let device = ScriptedDevice(.shows([20, 500, 500, 21]))
        let channel = bench.channel(plausibility: Plausibility(range: 0...100))
        let node = bench.node(device, [channel])
        await node.start()
        await bench.pass(.seconds(5))
        let facts = await bench.nextFacts()
        #expect(facts.flatMap(\.values) == [20, 500, 21])
        #expect(facts.flatMap(\.qualities) == [.good, .bad, .good])
        #expect(facts.compactMap(\.fault).map(\.isOn) == [true, false])
        withExtendedLifetime(node) {}
    }

    @Test func `says what its device says between polls, with the device's own time`() async {
        let device = ScriptedDevice(.shows([0]))
        let node = bench.node(device, [bench.channel(poll: .seconds(60))])
        await node.start()
        _ = await bench.nextFacts()
        let happened = bench.clock.now.advanced(by: .milliseconds(-40))
        let wall = bench.clock.wallTime
        device.happen([DriverEvent(at: happened, reading: Reading(channel: "value", value: 1))])
        let facts = await bench.nextFacts()
        #expect(facts.map(\.values) == [[1]])
        #expect(facts.first?.at.monotonic == happened)
        #expect(facts.first?.at.wall == wall.advanced(by: .milliseconds(-40)))
        withExtendedLifetime(node) {}
    }
}

@Suite struct `A relay's node` {
    let bench = Bench()

    @Test func `is in its safe state once started, and again once stopped`() async {
        let device = ScriptedDevice()
        device.force(1)
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        #expect(device.level == 0)
        let on = Command(
            id: CommandID("a")!, node: "node", order: .set(1), source: CommandSource(.rule, "test"))
        guard
            case .confirmed(let state, _) = await bench.apply(on, to: node)
        else {
            Issue.record("not confirmed")
            return
        }
        #expect(state == 1)
        #expect(device.level == 1)
        await node.stop()
        #expect(device.level == 0)
    }

    @Test func `says what the device shows, not what was asked for`() async {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        device.stick()
        let on = Command(
            id: CommandID("a")!, node: "node", order: .set(1), source: CommandSource(.rule, "test"))
        guard
            case .failed(let why) = await bench.apply(on, to: node)
        else {
            Issue.record("a stuck relay was confirmed")
            return
        }
        #expect(why.contains("the device shows"))
    }

    @Test func `carries out no command whose requester was answered already that it timed out`()
        async throws
    {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        let on = Command(
            id: CommandID("a")!, node: "node", order: .set(1), source: CommandSource(.rule, "test"),
            startBy: bench.clock.now)
        let deadline = try CommandDeadline(of: on, at: bench.clock.timestamp)
        bench.clock.advance(by: .milliseconds(1))
        guard case .refused = await node.apply(on, by: deadline) else {
            Issue.record("switched after its requester had given up")
            return
        }
        #expect(device.level == 0)
    }

    @Test func `refuses commands once it is stopped`() async {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        await node.stop()
        let on = Command(
            id: CommandID("a")!, node: "node", order: .set(1), source: CommandSource(.rule, "test"))
        guard
            case .refused = await bench.apply(on, to: node)
        else {
            Issue.record("switched after its stop")
            return
        }
        #expect(device.level == 0)
    }
}

@Suite struct `Among many nodes` {
    let bench = Bench()

    @Test func `ten that hang for ever, throw, flood or vanish harm none of the others`() async {
        let hanging = (0..<4).map { _ in ScriptedDevice(.hangs) }
        let throwing = (0..<3).map { _ in
            ScriptedDevice(.fails(DriverError(.malformedReply, "noise")))
        }
        let vanished = (0..<3).map { _ in ScriptedDevice() }
        for device in vanished { device.unplug() }
        let good = (0..<30).map { _ in ScriptedDevice(.shows([1])) }
        let ill = (hanging + throwing + vanished).map { bench.node($0) }
        let well = good.map { bench.node($0, [bench.channel(capture: .seconds(1), delta: nil)]) }
        for node in ill + well {
            _ = await within(.seconds(1), on: bench.clock) { await node.start() }
        }
        await bench.pass(.seconds(60), nodes: 36)
        for device in good { #expect(device.asked == 61) }
        for node in well { #expect(node.heartbeat.reading.worstLateness == .zero) }
        for node in ill.prefix(4) { #expect(node.heartbeat.isHung(at: bench.clock.now)) }
        for device in hanging { device.release() }
    }

    @Test func `one that floods loses its own oldest facts only`() async {
        let flooding = ScriptedDevice(.shows([0]))
        let quiet = ScriptedDevice(.shows([5]))
        let nodes = [
            bench.node(flooding, name: "flooding"), bench.node(quiet, name: "quiet"),
        ]
        for node in nodes { await node.start() }
        await bench.clock.sleepers(2)
        let now = bench.clock.now
        flooding.happen(
            (1...1_000).map {
                DriverEvent(at: now, reading: Reading(channel: "value", value: Int64($0)))
            })
        await bench.pass(.seconds(2), nodes: 2)
        let batch = await bench.inbox.nextBatch()
        #expect(batch?.elements.filter { $0.node == "quiet" }.flatMap(\.values) == [5])
        #expect(batch?.elements.filter { $0.node == "flooding" }.count == 64)
        withExtendedLifetime(nodes) {}
        #expect(batch?.losses.map(\.source) == ["flooding"])
        #expect(batch?.losses.map(\.count) == [1_002 - 64])
    }
}

@Suite struct `A sync thread` {
    @Test(.timeLimit(.minutes(10)))
    func `leaves no sources behind when its nodes go`() async {
        let bench = Bench()
        let (ends, end) = AsyncStream<Void>.makeStream()
        for _ in 0..<100 {
            let node = bench.node(ScriptedDevice(), counters: Seat(end))
            await node.start()
            await node.stop()
        }
        // The threads of the last ones may still be about to end.
        var seats = ends.makeAsyncIterator()
        for _ in 0..<100 { await seats.next() }
        bench.inbox.close()
        while await bench.inbox.nextBatch() != nil {}
        #expect(bench.inbox.sourceCount == 0)
    }

    /// Goes with the node that holds it, after the node's source has gone.
    private final class Seat: CounterStore {
        private let end: AsyncStream<Void>.Continuation
        init(_ end: AsyncStream<Void>.Continuation) { self.end = end }
        deinit { end.yield() }
        func load() -> [DataChannelName: CounterStand] { [:] }
        func save(_ stands: [DataChannelName: CounterStand]) {}
    }
}
