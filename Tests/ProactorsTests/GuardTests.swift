import DriverKit
import Simulators
import Testing
import Upstreams
import Vocabulary

@testable import Proactors

@Suite(.timeLimit(.minutes(1))) struct `A gateway's relays` {
    @Test func `go to their safe states when upstream falls silent, and everyone is told`() async {
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
        await bench.pass(.seconds(2))
        #expect(await bench.published("trouble/pump", 1) == ["failsafe true"])
        #expect(device.level == 0)
        bench.order("pump", "c", 1)
        #expect(await bench.published("trouble/pump", 2).last == "failsafe false")
        #expect(await bench.published("answer/pump", 3).last == "c confirmed 1")
    }

    @Test func `answer each order of a storm once, however slow the broker is`() async {
        let bench = Bench(.init(name: "pump", device: ScriptedDevice(), isRelay: true))
        await bench.start()
        bench.broker.accept()
        #expect(await bench.published("authority/pump", 1) == ["free"])
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
        #expect(await bench.published("authority/pump", 1) == ["free"])
        let order = Command(
            id: CommandID("hand")!, node: "pump", order: .takeOver(value: 1, for: .seconds(20)),
            source: CommandSource(.page))
        _ = await bench.proactor.carryOut(order)
        #expect(device.level == 1)
        #expect(await bench.published("authority/pump", 2).last == "held by page")
        #expect(bench.proactor.authority(of: "pump")?.holder == CommandSource(.page))
        bench.order("pump", "a", 0)
        #expect(await bench.published("answer/pump", 1) == ["a refused"])
        await bench.pass(.seconds(21))
        #expect(await bench.published("authority/pump", 3).last == "free")
        #expect(device.level == 0)
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
        #expect(await bench.proactor.nodesByRank == [["heater"], ["pump"]])
        let proactor = bench.proactor
        let stopping = Task { await proactor.stop() }
        await bench.pass(until: Task { _ = await stopping.value })
        #expect(await stopping.value)
        #expect(heater.level == 0 && pump.level == 0)
    }
}
