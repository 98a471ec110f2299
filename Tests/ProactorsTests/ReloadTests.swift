import Nodes
import Simulators
import Testing
import Upstreams
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(1))) struct `A layout that changes while the gateway runs` {
    private func replacement(
        _ bench: Bench, leaving: Set<ShNodeName>, _ devices: [Bench.Device], staying: [ShNode] = []
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
            leaving: leaving, interlocks: [], codecs: ["site": SimulatedCodec()],
            words: "test"
        ) { devices.map(make) }
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

    @Test func `says that a layout was refused, and goes on`() async {
        let bench = Bench(.init(name: "tank", device: ScriptedDevice(.shows([7]))))
        await bench.start()
        bench.broker.accept()
        await bench.proactor.refuseReload("2 problems")
        #expect(await bench.published("events", 4).contains("reloadRefused"))
        #expect(bench.proactor.nodes["tank"] === bench.nodes[0])
    }
}
