import Codecs
import Fakes
import Nodes
import Testing
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(10))) struct `A layout that changes while the gateway runs` {
    private func replacement(
        _ bench: Bench, leaving: Set<ShNodeName>, _ devices: [Bench.Device], staying: [ShNode] = [],
        interlocks: [Interlock] = [], codec: any Codec = SimulatedCodec()
    ) -> Replacement {
        let make = bench.makeNode
        let added = devices.map { device in
            NodeProfile(
                name: ShNodeName(known: device.name), kind: device.isRelay ? .relay : .sensor,
                title: "", driver: "scripted", isSimulated: true, channels: [])
        }
        let stay = staying.map { node in
            NodeProfile(
                name: node.name, kind: .relay, title: "", driver: "scripted", isSimulated: true,
                channels: node.component.channels)
        }
        return Replacement(
            profile: GatewayProfile(
                gateway: "d1.test.scada", incarnation: "1", nodes: stay + added),
            leaving: leaving, interlocks: interlocks, codecs: ["site": codec],
            words: "test"
        ) { _ in devices.map(make) }
    }

    @Test func `leaves a relay that is the same on, and drives one that differs to safety`() async {
        let (same, changed, after) = (ScriptedDevice(), ScriptedDevice(), ScriptedDevice())
        let bench = Bench(
            .init(name: "pump", device: same, isRelay: true),
            .init(name: "valve", device: changed, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("pump", "a1", 1)
        bench.order("valve", "a2", 1)
        #expect(await bench.published("answer/pump", 1) == ["a1 confirmed 1"])
        #expect(await bench.published("answer/valve", 1) == ["a2 confirmed 1"])
        let pump = bench.proactor.nodes["pump"]
        let areSafe = await bench.proactor.replace(
            replacement(
                bench, leaving: ["valve"], [.init(name: "valve", device: after, isRelay: true)],
                staying: bench.nodes.filter { $0.name == "pump" }))
        #expect(areSafe)
        #expect(bench.proactor.nodes["pump"] === pump)
        #expect(bench.proactor.nodes["valve"] !== bench.nodes[1])
        #expect(bench.proactor.live.latest("pump")?.value.reading.value == 1)
        #expect(bench.proactor.live.latest("valve")?.value.reading.value == 0)
        bench.order("valve", "a3", 1)
        #expect(await bench.published("answer/valve", 2).last == "a3 confirmed 1")
        #expect(await bench.published("events", 4).contains("reloaded"))
    }

    @Test func `goes on with a relay that has left without being safe, until it is`() async {
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
        heater.unplug()
        await bench.pass(.seconds(2))
        let proactor = bench.proactor
        let change = replacement(
            bench, leaving: ["heater"], [], staying: bench.nodes.filter { $0.name == "pump" })
        let replacing = Task { _ = await proactor.replace(change) }
        await bench.pass(until: replacing)
        #expect(proactor.order.registry.withLock { Array($0.orphaned.keys) } == ["heater"])
        #expect(
            await proactor.faults.active.keys.contains {
                $0.node == "heater" && $0.kind == .command
            })
        let off = Command(
            id: CommandID("c")!, node: "pump", order: .set(0),
            source: CommandSource(.upstream, "site"))
        let asking = Task { await proactor.carryOut(off) }
        await bench.pass(until: Task { _ = await asking.value })
        let words = await asking.value.words
        #expect(words.contains("heater may be on or off"), "the old rule counts on: \(words)")
        #expect(pump.level == 1)
        heater.plugIn()
        await bench.pass { proactor.order.registry.withLock(\.orphaned.isEmpty) }
        #expect(heater.level == 0)
        await bench.pass { await !proactor.faults.active.keys.contains { $0.node == "heater" } }
        #expect(proactor.order.interlocks.rules == [])
    }

    @Test func `counts a relay that has left and is not safe at the stop`() async {
        let heater = ScriptedDevice()
        let bench = Bench(.init(name: "heater", device: heater, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("heater", "b", 1)
        #expect(await bench.published("answer/heater", 1) == ["b confirmed 1"])
        heater.unplug()
        await bench.pass(.seconds(2))
        let proactor = bench.proactor
        let change = replacement(bench, leaving: ["heater"], [])
        await bench.pass(until: Task { _ = await proactor.replace(change) })
        let stopping = Task { await proactor.stop() }
        await bench.pass(until: Task { _ = await stopping.value })
        #expect(!(await stopping.value))
    }

    @Test func `keeps the override of a relay whose settings change`() async {
        let (device, after) = (ScriptedDevice(), ScriptedDevice())
        let bench = Bench(.init(name: "valve", device: device, isRelay: true))
        await bench.start()
        bench.broker.accept()
        _ = await bench.proactor.carryOut(
            Command(
                id: CommandID("hand")!, node: "valve",
                order: .override(value: 1, for: .seconds(600)),
                source: CommandSource(.page)))
        await bench.proactor.replace(
            replacement(
                bench, leaving: ["valve"], [.init(name: "valve", device: after, isRelay: true)]))
        #expect(bench.proactor.control(of: "valve")?.overriddenBy == CommandSource(.page))
        bench.order("valve", "a", 1)
        #expect(await bench.published("answer/valve", 1) == ["a refused"])
        #expect(after.level == 0)
    }

    @Test func `deletes what the broker holds of a channel that is gone`() async {
        let bench = Bench(
            .init(name: "tank", device: ScriptedDevice(.shows([7]))),
            .init(name: "roof", device: ScriptedDevice(.shows([3]))))
        await bench.start()
        bench.broker.accept()
        #expect(await bench.published("live/roof", 1) == ["3 good"])
        await bench.proactor.replace(
            replacement(
                bench, leaving: ["roof"], [], staying: bench.nodes.filter { $0.name == "tank" }))
        #expect(await bench.published("live/roof", 2) == ["3 good", ""])
        #expect(await bench.published("status", 2) == ["online", "online"])
        #expect(bench.proactor.live.latest("roof") == nil)
        let answer = await bench.proactor.carryOut(
            Command(
                id: CommandID("x1")!, node: "roof", order: .set(1),
                source: CommandSource(.upstream, "site")))
        #expect(answer == .refused("there is no node roof"))
    }

    @Test func `takes back what is gone at each connection, also at a broker that was away`() async
    {
        let bench = Bench(
            .init(name: "tank", device: ScriptedDevice(.shows([7]))),
            .init(name: "pump", device: ScriptedDevice(), isRelay: true))
        await bench.proactor.forget(
            FormerNames(channels: ["old": nil, "tank": "tank"], nodes: ["valve"]))
        await bench.start()
        await bench.proactor.replace(
            replacement(
                bench, leaving: ["pump"], [], staying: bench.nodes.filter { $0.name == "tank" }))
        for connection in 1...2 {
            bench.broker.accept()
            for topic in ["live/old", "live/pump", "control/valve", "control/pump"] {
                let said = await bench.published(topic, connection)
                #expect(said == Array(repeating: "", count: connection), "\(topic)")
            }
            #expect(await bench.published("live/tank", connection).last == "7 good")
            bench.broker.lose()
        }
    }

    @Test func `holds relays that stay to the interlocks of the new layout`() async {
        let (opens, closes) = (ScriptedDevice(), ScriptedDevice())
        let bench = Bench(
            .init(name: "opens", device: opens, isRelay: true),
            .init(name: "closes", device: closes, isRelay: true))
        await bench.start()
        bench.broker.accept()
        bench.order("opens", "a", 1)
        #expect(await bench.published("answer/opens", 1) == ["a confirmed 1"])
        await bench.proactor.replace(
            replacement(
                bench, leaving: [], [], staying: bench.nodes,
                interlocks: [.atMostOne(["opens", "closes"], deadTime: .zero)]))
        bench.order("closes", "b", 1)
        #expect(await bench.published("answer/closes", 1) == ["b refused"])
        #expect(opens.level == 1 && closes.level == 0)
        // Without them again, both may.
        await bench.proactor.replace(
            replacement(bench, leaving: [], [], staying: bench.nodes))
        bench.order("closes", "c", 1)
        #expect(await bench.published("answer/closes", 2).last == "c confirmed 1")
        // Both are on when the rule comes back: the second of the layout is evicted at once.
        let off = Guarded(false)
        await withCheckedContinuation { continuation in
            let once = Guarded<CheckedContinuation<Void, Never>?>(continuation)
            closes.onLevel { level in
                off.withLock { $0 = level == 0 }
                once.withLock { $0.take() }?.resume()
            }
            Task {
                await bench.proactor.replace(
                    replacement(
                        bench, leaving: [], [], staying: bench.nodes,
                        interlocks: [.atMostOne(["opens", "closes"], deadTime: .zero)]))
            }
        }
        #expect(off.withLock { $0 } && opens.level == 1)
    }

    @Test func `keeps the override of a relay to its end`() async {
        let device = ScriptedDevice()
        let bench = Bench(
            .init(name: "pump", device: device, isRelay: true),
            .init(name: "roof", device: ScriptedDevice(.shows([3]))))
        await bench.start()
        bench.broker.accept()
        let page = CommandSource(.page)
        _ = await bench.proactor.carryOut(
            Command(
                id: CommandID("hand")!, node: "pump",
                order: .override(value: 1, for: .seconds(20)), source: page))
        let until = bench.proactor.control(of: "pump")?.until
        await bench.proactor.replace(
            replacement(
                bench, leaving: ["roof"], [], staying: bench.nodes.filter { $0.name == "pump" }))
        #expect(bench.proactor.control(of: "pump")?.overriddenBy == page)
        #expect(bench.proactor.control(of: "pump")?.until == until)
        bench.order("pump", "a", 0)
        #expect(await bench.published("answer/pump", 1) == ["a refused"])
        #expect(device.level == 1)
        await bench.pass(.seconds(21), threads: 1)
        #expect(bench.proactor.control(of: "pump")?.overriddenBy == nil)
        #expect(device.level == 0)
    }

    @Test func `gives the journal what new channels mean before they speak`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([7]))))
        await bench.start()
        bench.broker.accept()
        let roof = Bench.Device(name: "roof", device: ScriptedDevice(.shows([3])))
        await bench.proactor.replace(
            replacement(bench, leaving: [], [], staying: bench.nodes + [bench.makeNode(roof)]))
        #expect(bench.journal.channels?.map(\.name) == ["tank", "roof"])
    }

    @Test func `leaves nothing of a node behind that is restarted again and again`() async {
        let bench = Bench(.init(name: "pump", device: ScriptedDevice(), isRelay: true))
        await bench.start()
        bench.broker.accept()
        let proactor = bench.proactor
        let (sources, queues, links) = (
            await proactor.inbox.sourceCount, await proactor.queueStatuses.map(\.name),
            await proactor.linkStatuses.map(\.who)
        )
        for _ in 0..<30 {
            let again = Bench.Device(name: "pump", device: ScriptedDevice(), isRelay: true)
            #expect(await proactor.replace(replacement(bench, leaving: ["pump"], [again])))
        }
        #expect(await proactor.linkStatuses.map(\.who) == links, "also right after it")
        let left = await (
            proactor.inbox.sourceCount, proactor.queueStatuses.map(\.name),
            proactor.linkStatuses.map(\.who)
        )
        // The bench holds on to the first node.
        #expect(left.0 == sources + 1)
        #expect(left.1 == queues)
        #expect(left.2 == links, "\(left.2), \(links) before")
        #expect(proactor.live.latest("pump")?.value.reading.value == 0)
    }

    @Test func `says that a layout was refused, and goes on`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([7]))))
        await bench.start()
        bench.broker.accept()
        await bench.proactor.refuseReload("2 problems")
        #expect(await bench.published("events", 4).contains("reloadRejected"))
        #expect(bench.proactor.nodes["tank"] === bench.nodes[0])
    }
}
