import DriverKit
import Fakes
import Testing
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `A gateway's relays` {
    @Test func `go to their safe states when upstream falls silent, and everyone learns of it`()
        async
    {
        let device = ScriptedDevice()
        let bench = Bench(
            .init(
                name: "pump", device: device, isRelay: true,
                rules: GuardRules(failsafeAfter: .seconds(30))))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a", 1)
        #expect(await bench.published("answer/pump", 1) == ["a confirmed 1"])
        await bench.pass(.seconds(29))
        #expect(device.level == 1)
        // Not even a refused one: what is retained was said by nobody now.
        bench.order("pump", "b", 1, isRetained: true)
        #expect(await bench.published("answer/pump", 2).last == "b refused")
        // Nor one that was said long ago and came only now, also when it is answered as at first.
        let past = bench.clock.wallTime.advanced(by: .seconds(-1))
        bench.order("pump", "late", 1, expires: past)
        bench.order("pump", "a", 1, expires: past)
        #expect(
            await bench.published("answer/pump", 4).suffix(2).sorted()
                == ["a confirmed 1", "late refused"])
        await bench.pass(.seconds(2))
        #expect(await bench.published("fault/pump", 1) == ["failsafe true"])
        #expect(device.level == 0)
        bench.order("pump", "c", 1)
        #expect(await bench.published("fault/pump", 2).last == "failsafe false")
        #expect(await bench.published("answer/pump", 5).last == "c confirmed 1")
    }

    @Test func `answer each order of a storm once, however slow the broker is`() async {
        let bench = Bench(.init(name: "pump", device: ScriptedDevice(), isRelay: true))
        await bench.start()
        bench.broker.accept()
        #expect(await bench.published("control/pump", 1) == ["free"])
        bench.broker.withholdAcknowledgements()
        for number in 0..<200 { bench.order("pump", "a\(number)", number % 2) }
        // Somebody else's question comes after all of them.
        await bench.proactor.turn()
        bench.broker.acknowledge()
        let answers = await bench.published("answer/pump", 200)
        let identities = answers.map { $0.prefix { $0 != " " } }
        #expect(Set(identities) == Set((0..<200).map { "a\($0)" }))
        #expect(answers.count == 200)
    }

    @Test func `can be taken over by hand, and upstream sees who holds them`() async {
        let device = ScriptedDevice()
        let bench = Bench(.init(name: "pump", device: device, isRelay: true))
        await bench.start()
        bench.broker.accept()
        #expect(await bench.published("control/pump", 1) == ["free"])
        let order = Command(
            id: CommandID("hand")!, node: "pump", order: .override(value: 1, for: .seconds(20)),
            source: CommandSource(.page))
        _ = await bench.proactor.carryOut(order)
        #expect(device.level == 1)
        #expect(await bench.published("control/pump", 2).last == "overridden by page")
        #expect(bench.proactor.control(of: "pump")?.overriddenBy == CommandSource(.page))
        bench.order("pump", "a", 0)
        #expect(await bench.published("answer/pump", 1) == ["a refused"])
        await bench.pass(.seconds(21))
        #expect(await bench.published("control/pump", 3).last == "free")
        #expect(device.level == 0)
    }

    /// Opens the relay, if it is not yet, and switches it on.
    private func switchOn(_ bench: Bench, _ name: ShNodeName) async {
        await bench.pass { bench.proactor.nodes[name]?.heartbeat.reading.isOpen != false }
        let command = Command(
            id: CommandID("on-\(name)")!, node: name, order: .set(1), source: CommandSource(.cli))
        let proactor = bench.proactor
        let asking = Task { await proactor.carryOut(command) }
        await bench.pass(until: Task { _ = await asking.value })
        #expect(await asking.value.words == "confirmed 1")
    }

    @Test func `that must stay on until another is off wait for its contact at a stop`() async {
        let (heater, pump, contact) = (ScriptedDevice(), ScriptedDevice(), ScriptedDevice())
        let feedback = FeedbackRule(channel: "contact", whenOn: 1...1, within: .seconds(3))
        let bench = Bench(
            .init(name: "pump", device: pump, isRelay: true),
            .init(
                name: "heater", device: heater, isRelay: true,
                rules: GuardRules(feedback: feedback)),
            .init(name: "contact", device: contact),
            interlocks: [.onlyWhile("heater", needs: "pump")])
        heater.onLevel { contact.behave(.shows([$0])) }
        await bench.proactor.start()
        await switchOn(bench, "pump")
        await switchOn(bench, "heater")
        // The contact is slow: it opens long after the time that a node has without feedback.
        heater.onLevel(nil)
        let proactor = bench.proactor
        let stopping = Task { await proactor.stop() }
        let later = bench.clock.now.advanced(by: .milliseconds(2_500))
        await bench.pass { bench.clock.now >= later }
        #expect(pump.level == 1, "the heater may be on")
        contact.behave(.shows([0]))
        await bench.pass(until: Task { _ = await stopping.value })
        #expect(await stopping.value)
        #expect(heater.level == 0 && pump.level == 0)
    }

    @Test func `are all driven at the end of a stop, although a contact never follows`() async {
        let (heater, pump, contact) = (ScriptedDevice(), ScriptedDevice(), ScriptedDevice())
        let feedback = FeedbackRule(channel: "contact", whenOn: 1...1, within: .seconds(60))
        let bench = Bench(
            .init(name: "pump", device: pump, isRelay: true),
            .init(
                name: "heater", device: heater, isRelay: true,
                rules: GuardRules(feedback: feedback)),
            .init(name: "contact", device: contact),
            interlocks: [.onlyWhile("heater", needs: "pump")])
        heater.onLevel { if $0 == 1 { contact.behave(.shows([1])) } }
        await bench.proactor.start()
        await switchOn(bench, "pump")
        await switchOn(bench, "heater")
        let before = bench.clock.now
        let proactor = bench.proactor
        let stopping = Task { await proactor.stop() }
        await bench.pass(until: Task { _ = await stopping.value })
        #expect(heater.level == 0 && pump.level == 0)
        #expect(!(await stopping.value), "the heater was never seen off")
        #expect(before.duration(to: bench.clock.now) < .seconds(8))
    }

    @Test func `that are not in their safe states after the start are named`() async {
        let (stuck, absent) = (ScriptedDevice(), ScriptedDevice())
        stuck.force(1)
        stuck.stick()
        absent.unplug()
        let bench = Bench(
            .init(name: "pump", device: ScriptedDevice(), isRelay: true),
            .init(name: "stuck", device: stuck, isRelay: true),
            .init(name: "absent", device: absent, isRelay: true))
        await bench.proactor.start()
        let proactor = bench.proactor
        let before = bench.clock.now
        let waiting = Task { await proactor.untilSafe(within: .seconds(5)) }
        await bench.pass(until: Task { _ = await waiting.value })
        #expect(await waiting.value == ["stuck", "absent"])
        #expect(before.duration(to: bench.clock.now) >= .seconds(5), "the stuck one is waited for")
    }

    @Test func `that are not there are not waited for`() async {
        let absent = ScriptedDevice()
        absent.unplug()
        let bench = Bench(.init(name: "absent", device: absent, isRelay: true))
        await bench.proactor.start()
        #expect(await bench.proactor.untilSafe(within: .seconds(5)) == ["absent"])
    }

    @Test func `stop in the order of their interlocks`() async {
        let (heater, pump) = (ScriptedDevice(), ScriptedDevice())
        let bench = Bench(
            .init(name: "pump", device: pump, isRelay: true),
            .init(name: "heater", device: heater, isRelay: true),
            interlocks: [.onlyWhile("heater", needs: "pump")])
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a", 1)
        #expect(await bench.published("answer/pump", 1) == ["a confirmed 1"])
        bench.order("heater", "b", 1)
        #expect(await bench.published("answer/heater", 1) == ["b confirmed 1"])
        #expect(bench.proactor.order.byRank == [["heater"], ["pump"]])
        let proactor = bench.proactor
        let stopping = Task { await proactor.stop() }
        await bench.pass(until: Task { _ = await stopping.value })
        #expect(await stopping.value)
        #expect(heater.level == 0 && pump.level == 0)
    }
}
