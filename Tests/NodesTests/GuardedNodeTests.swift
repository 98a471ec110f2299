import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Nodes

@Suite(.timeLimit(.minutes(10))) struct `A guarded relay's node` {
    let bench = Bench()
    let site = CommandSource(.upstream, "site")

    private func ask(
        _ node: ShNode, _ order: Command.Order, by source: CommandSource? = nil, _ id: String = "a"
    ) async -> CommandOutcome {
        let command = Command(
            id: CommandID(id)!, node: node.name, order: order, source: source ?? site)
        return await bench.apply(command, to: node)
    }

    private func isConfirmed(_ answer: CommandOutcome, _ value: Int64) -> Bool {
        if case .confirmed(let state, _) = answer { state == value } else { false }
    }

    @Test func `goes to its safe state when its controller is silent, and says so once`() async {
        let device = ScriptedDevice()
        let node = bench.node(
            device, actuates: true, safeState: .off,
            rules: GuardRules(failsafeAfter: .seconds(60)))
        await node.start()
        #expect(isConfirmed(await ask(node, .set(1)), 1))
        await bench.pass(.seconds(50))
        node.noteHeartbeat(of: site)
        await bench.pass(.seconds(59))
        #expect(device.level == 1)
        await bench.pass(.seconds(2))
        await bench.clock.sleepers(1)
        #expect(device.level == 0)
        let facts = await bench.facts { $0.fault?.kind == .failsafe }
        #expect(facts.filter { $0.fault?.kind == .failsafe }.count == 1)
        node.noteHeartbeat(of: site)
        let over = await bench.facts { $0.fault?.isOn == false }
        #expect(over.compactMap(\.fault).map(\.kind) == [.failsafe])
    }

    @Test func `reports what a command changes, and nothing of one that changes nothing`() async {
        let node = bench.node(ScriptedDevice(), actuates: true, safeState: .off)
        await node.start()
        for (count, value) in [1, 1, 1, 0, 0, 1].enumerated() {
            #expect(isConfirmed(await ask(node, .set(Int64(value)), "c\(count)"), Int64(value)))
        }
        #expect(await bench.nextFacts().flatMap(\.values) == [0, 1, 0, 1])
    }

    @Test func `is driven to its safe state on its own thread when nothing else goes on`() async {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        #expect(isConfirmed(await ask(node, .set(1)), 1))
        #expect(device.level == 1)
        await withCheckedContinuation { continuation in
            let once = Guarded<CheckedContinuation<Void, Never>?>(continuation)
            node.secure { isSafe in if isSafe { once.withLock { $0.take() }?.resume() } }
        }
        #expect(device.level == 0)
    }

    @Test func `that cannot be driven to its safe state does not call itself safe`() async {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        #expect(isConfirmed(await ask(node, .set(1)), 1))
        device.stick()
        let isSafe = Guarded(false)
        node.secure { told in isSafe.withLock { $0 = $0 || told } }
        for _ in 0..<10 {
            await bench.clock.sleepers(1)
            bench.clock.advance(by: .milliseconds(50))
        }
        #expect(!isSafe.withLock { $0 })
        // It is tried again, and reported once it is so.
        device.loosen()
        await bench.pass([node]) { isSafe.withLock { $0 } }
        #expect(device.level == 0)
    }

    @Test func `shows who holds it, and ends the hold by itself in the safe state`() async {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        let page = CommandSource(.page)
        let end = bench.clock.now.advanced(by: .seconds(10))
        #expect(isConfirmed(await ask(node, .override(value: 1, for: .seconds(10)), by: page), 1))
        #expect(node.control.current.overriddenBy == page)
        #expect(node.control.current.until == end)
        guard case .refused(let why) = await ask(node, .set(0), "b") else {
            Issue.record("not refused")
            return
        }
        #expect(why.contains("overridden by page"))
        await bench.pass(.seconds(11))
        await bench.clock.sleepers(1)
        #expect(device.level == 0)
        #expect(node.control.current == Control())
    }

    @Test func `waits for no jump of the wall clock`() async {
        let device = ScriptedDevice()
        let rules = GuardRules(
            limits: .init(minimumOnTime: .seconds(60), maximumOnTime: .seconds(3600)),
            failsafeAfter: .seconds(600))
        let node = bench.node(device, actuates: true, safeState: .off, rules: rules)
        await node.start()
        _ = await ask(node, .set(1))
        bench.clock.jump(by: .seconds(315_360_000))
        await bench.pass(.seconds(30))
        guard case .refused = await ask(node, .set(0), "b") else {
            Issue.record("a jump ended the minimum on time")
            return
        }
        #expect(device.level == 1)
    }

    @Test func `is answered once another node's contact shows it`() async {
        let (device, contact) = (ScriptedDevice(), ScriptedDevice(.shows([0])))
        let snapshot = ChannelSnapshot()
        let rules = GuardRules(
            feedback: FeedbackRule(channel: "contact", whenOn: 1...1, within: .seconds(5)))
        let node = bench.node(
            device, actuates: true, safeState: .off, rules: rules, snapshot: snapshot)
        let other = bench.node(
            contact, [bench.channel("contact")], name: "other", snapshot: snapshot)
        await other.start()
        await node.start()
        contact.behave(.shows([1]))
        let asking = Task { await ask(node, .set(1)) }
        #expect(isConfirmed(await bench.pass(node, other, until: asking), 1))
    }

    @Test func `fails and goes to its safe state when the contact shows nothing`() async {
        let device = ScriptedDevice()
        let rules = GuardRules(
            feedback: FeedbackRule(channel: "contact", whenOn: 1...1, within: .seconds(1)))
        let node = bench.node(device, actuates: true, safeState: .off, rules: rules)
        await node.start()
        let asking = Task { await ask(node, .set(1)) }
        guard case .failed = await bench.pass(node, until: asking) else {
            Issue.record("confirmed without its contact")
            return
        }
        await bench.pass(.seconds(1))
        #expect(device.level == 0)
    }

    @Test func `goes to its safe state when it could not be read for too long`() async {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        #expect(isConfirmed(await ask(node, .set(1)), 1))
        device.behave(.fails(DriverError(.timeout, "no reply")))
        await bench.pass(.seconds(10))
        #expect(device.level == 1)
        let facts = await bench.facts { $0.fault?.kind == .command }
        #expect(facts.last?.fault?.isOn == true)
        #expect(!node.heartbeat.reading.isSafe)
        device.behave(.shows([0]))
        await bench.pass(.seconds(120))
        await bench.clock.sleepers(1)
        #expect(device.level == 0)
        #expect(node.heartbeat.reading.isSafe)
    }

    @Test func `is not called safe at the last resort while its device is away`() async {
        let (stream, answer) = AsyncStream<Bool>.makeStream()
        let device = ScriptedDevice()
        var answers = stream.makeAsyncIterator()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        _ = await ask(node, .set(1))
        device.unplug()
        await bench.pass(.seconds(2))
        node.secure { answer.yield($0) }
        #expect(await answers.next() == false)
        device.plugIn()
        let opened = device.opened
        await bench.pass([node]) { device.opened != opened }
        while await answers.next() == false {}
        #expect(device.level == 0)
    }

    @Test func `is orphaned when it leaves without its device, until that is back and safe`() async
    {
        let device = ScriptedDevice()
        let node = bench.node(device, actuates: true, safeState: .off)
        await node.start()
        _ = await ask(node, .set(1))
        device.unplug()
        await bench.pass(.seconds(2))
        guard case .failed = await node.stop(orphans: true) else {
            Issue.record("called safe although nobody could tell it")
            return
        }
        device.plugIn()
        let waiting = Task { await node.untilSafe(unlessGone: false) }
        await bench.pass(node, until: waiting)
        #expect(device.level == 0)
        #expect(await node.stop() != nil)
    }

    @Test func `hands its hold and its switches to a node that takes its place`() async {
        let (device, other) = (ScriptedDevice(), ScriptedDevice())
        let rules = GuardRules(limits: .init(maximumSwitchesPerHour: 2))
        let node = bench.node(device, actuates: true, safeState: .off, rules: rules)
        await node.start()
        let page = CommandSource(.page)
        _ = await ask(node, .override(value: 1, for: .seconds(600)), by: page)
        _ = await node.stop()
        let successor = bench.node(other, actuates: true, safeState: .off, rules: rules)
        await successor.succeed(node)
        await successor.start()
        #expect(successor.control.current.overriddenBy == page)
        guard case .refused(let held) = await ask(successor, .set(1), "b") else {
            Issue.record("the hold is lost")
            return
        }
        #expect(held.contains("overridden by page"))
        guard case .refused(let limit) = await ask(successor, .set(1), by: page, "c") else {
            Issue.record("the switches are forgotten")
            return
        }
        #expect(limit.contains("maximumSwitchesPerHour 2"))
    }

    @Test func `is refused while another of its group is on, and goes after the dead time`() async {
        let (up, down) = (ScriptedDevice(), ScriptedDevice())
        let coordinator = InterlockCoordinator([.atMostOne(["up", "down"], deadTime: .seconds(2))])
        let nodes = [
            bench.node(up, name: "up", actuates: true, safeState: .off, coordinator: coordinator),
            bench.node(
                down, name: "down", actuates: true, safeState: .off, coordinator: coordinator),
        ]
        for node in nodes { await node.start() }
        await bench.pass(.seconds(3), nodes: 2)
        #expect(isConfirmed(await ask(nodes[0], .set(1)), 1))
        guard case .refused(let why) = await ask(nodes[1], .set(1), "b") else {
            Issue.record("both are on")
            return
        }
        #expect(why == "node down: at most one of up, down may be on, and up is on")
        #expect(isConfirmed(await ask(nodes[0], .set(0), "c"), 0))
        guard case .refused(let wait) = await ask(nodes[1], .set(1), "d") else {
            Issue.record("no dead time")
            return
        }
        #expect(wait == "node down: deadTime 2s after up, allowed in 2s")
        await bench.pass(.seconds(2), nodes: 2)
        #expect(isConfirmed(await ask(nodes[1], .set(1), "e"), 1))
        #expect(up.level == 0)
    }

    @Test func `goes off only after those that need it, which go by themselves`() async {
        let (heater, pump) = (ScriptedDevice(), ScriptedDevice())
        let coordinator = InterlockCoordinator([.onlyWhile("heater", needs: "pump")])
        let nodes = [
            bench.node(
                heater, name: "heater", actuates: true, safeState: .off, coordinator: coordinator),
            bench.node(
                pump, name: "pump", actuates: true, safeState: .off, coordinator: coordinator),
        ]
        for node in nodes { await node.start() }
        guard case .refused = await ask(nodes[0], .set(1)) else {
            Issue.record("heater without pump")
            return
        }
        #expect(isConfirmed(await ask(nodes[1], .set(1), "b"), 1))
        #expect(isConfirmed(await ask(nodes[0], .set(1), "c"), 1))
        #expect(isConfirmed(await ask(nodes[1], .set(0), "d"), 0))
        #expect(heater.level == 0)
        // One that does not follow keeps the other on.
        #expect(isConfirmed(await ask(nodes[1], .set(1), "e"), 1))
        #expect(isConfirmed(await ask(nodes[0], .set(1), "f"), 1))
        heater.stick()
        let asking = Task { await ask(nodes[1], .set(0), "g") }
        guard case .failed(let why) = await bench.pass(nodes[0], nodes[1], until: asking) else {
            Issue.record("the pump went off under a heater that is on")
            return
        }
        #expect(why.contains("heater"))
        #expect(pump.level == 1)
    }

    @Test func `is opened as it stands when an interlock keeps it from its safe state`() async {
        let (heater, pump) = (ScriptedDevice(), ScriptedDevice())
        heater.force(1)
        heater.unplug()
        pump.force(1)
        let coordinator = InterlockCoordinator([.onlyWhile("heater", needs: "pump")])
        let nodes = [
            bench.node(
                heater, name: "heater", actuates: true, safeState: .off, coordinator: coordinator),
            bench.node(
                pump, name: "pump", actuates: true, safeState: .off, coordinator: coordinator),
        ]
        for node in nodes { await node.start() }
        await bench.pass(.seconds(3), nodes: 2)
        #expect(pump.level == 1, "the heater may be on")
        let facts = await bench.facts { $0.fault?.kind == .interlock }
        #expect(facts.last { $0.fault?.kind == .interlock }?.node == "pump")
        heater.plugIn()
        await bench.pass(.seconds(40), nodes: 2)
        #expect(heater.level == 0)
        #expect(pump.level == 0)
        withExtendedLifetime(nodes) {}
    }
}
